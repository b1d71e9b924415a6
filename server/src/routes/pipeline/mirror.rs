//! What came in from Dataverse, what was left out, and what is asked.

use ledger::{MassDeletion, MassDeletionAnswer, Reject};
use model::record::Kind;
use pipeline::{MirrorState, RelayStatus};
use serde_json::{Value, json};

use crate::inspection::Inspection;

pub(super) fn mirror(seen: &Inspection, relay: &RelayStatus) -> Value {
    let (counted, questions) = &*seen.counted;
    let mirror = &relay.mirror;
    let (state, reason) = match &mirror.state {
        MirrorState::Reading => ("reading", None),
        MirrorState::Watching => ("watching", None),
        MirrorState::Asking => ("asking", None),
        MirrorState::Paused(reason) => ("paused", Some(reason)),
    };
    json!({
        "state": state,
        "reason": reason,
        "pausedSince": mirror.paused_since.map(|at| at.to_string()),
        "rowsRead": mirror.rows_read,
        "fullReadSince": mirror.full_read_since.map(|at| at.to_string()),
        "lastPass": mirror.last_pass.map(|at| at.to_string()),
        "added": counted.balance.iter().map(|balance| balance.mirrored).sum::<i64>(),
        "changed": counted.reflected.changed,
        "withdrawn": counted.reflected.withdrawn,
        "keptOut": counted.reflected.kept_out,
        "resent": counted.reflected.resent,
        "rejected": counted.reflected.rejected,
        "rejects": seen.rejects.iter().map(reject).collect::<Vec<_>>(),
        "questions": questions.iter().map(question).collect::<Vec<_>>(),
        "policies": seen.policies.iter().map(policy).collect::<Vec<_>>(),
    })
}

fn reject(reject: &Reject) -> Value {
    json!({
        "table": reject.kind.shown_table(),
        "id": reject.dataverse_id.to_string(),
        "reason": reject.reason,
        "at": reject.at.to_string(),
    })
}

fn policy((kind, answer): &(&'static Kind, MassDeletionAnswer)) -> Value {
    json!({"table": kind.shown_table(), "answer": answer.key()})
}

fn question((kind, question): &(&'static Kind, MassDeletion)) -> Value {
    json!({
        "table": kind.shown_table(),
        "gone": question.gone,
        "unseen": question.unseen,
        "of": question.of,
        "askedAt": question.asked_at.to_string(),
        "answer": question.answer.map(MassDeletionAnswer::key),
    })
}
