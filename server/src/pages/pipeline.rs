//! `/pipeline`: how far the records have come, as a page.

mod known;
mod measured;
mod recounted;

use std::{collections::BTreeMap, sync::Arc};

use app::{
    pages::{
        DeadLetterList, HandlingLine, Hour, LetterLine, Others, PipelineFacts, PolicyView, QuestionView,
        RejectLine, pipeline_page,
    },
    presenter::{counted, sentence},
};
use axum::{
    extract::{Request, State},
    response::Response,
};
use futures::FutureExt as _;
use http::StatusCode;
use ledger::{Handled, Handling, HourBalance, LedgerError, MassDeletion, MassDeletionAnswer, Reject};
use model::{
    delivery::{DeliveryState, DeliveryView},
    record::Kind,
    tenant::TenantId,
    time::Timestamp,
};
use pipeline::{MirrorState, MirrorStatus};

use super::{document, fault, frame};
use crate::{
    access::Principal,
    app_state::{AppState, SharedState},
    delivery_service::{DemoControls, lay_over},
    inspection::{Inspection, inspection, shared},
    version::VERSION,
};

/// Lines of each list; what there is more is counted.
const LINES: usize = 10;

pub async fn pipeline(State(state): State<SharedState>, principal: Principal, request: Request) -> Response {
    let frame = frame(&state, &request);
    let facts =
        shared(&state.pipeline_pages, principal.tenant, facts(&state, principal.tenant).boxed()).await;
    let facts = match facts {
        Ok(facts) => {
            state.last_pipeline.keep(principal.tenant, &facts);
            facts
        }
        Err(error) => match state.last_pipeline.of(principal.tenant) {
            Some(mut facts) => {
                lay_over(&mut facts.delivery, &state.ledger, Some(&error));
                Arc::new(facts)
            }
            None => return fault::unavailable(&state, request, &error).await,
        },
    };
    document(request, StatusCode::OK, || {}, move || pipeline_page(&frame, &facts)).await
}

async fn facts(state: &AppState, tenant: TenantId) -> Result<Arc<PipelineFacts>, LedgerError> {
    let seen = inspection(state, tenant).await?;
    let Inspection { now, delivery, organisation, .. } = &*seen;
    Ok(Arc::new(PipelineFacts {
        now: *now,
        version: VERSION,
        warnings: alarms(delivery).chain(organisation.warnings(*now)).collect(),
        dataverse: known::known(organisation),
        demo: state.delivery_service.demo.as_ref().map(DemoControls::trouble),
        hours: hours(&seen.hours),
        letters: letters(state, tenant, &seen).await?,
        recount: recounted::recounted(state.recounts.shown()),
        others: organisation.relay.as_ref().map(|relay| others(&seen, &relay.mirror)),
        targets: state.targets.readings().iter().map(measured::line).collect(),
        delivery: delivery.clone(),
    }))
}

/// Those that the page's first sentence leaves out.
fn alarms(delivery: &DeliveryView) -> impl Iterator<Item = String> {
    let first = usize::from(delivery.closed.is_none() && delivery.state == DeliveryState::Ok);
    delivery.alarms.iter().skip(first).map(|alarm| sentence(alarm))
}

/// Oldest first, all kinds' together: a line for each of them would bury what happened.
fn hours(balances: &[HourBalance]) -> Vec<Hour> {
    let mut hours: BTreeMap<Timestamp, Hour> = BTreeMap::new();
    for of_kind in balances {
        let hour = hours.entry(of_kind.hour).or_insert_with(|| Hour { at: of_kind.hour, ..Hour::default() });
        let moved = of_kind.received + of_kind.mirrored + of_kind.delivered + of_kind.confirmed.abs();
        if moved + of_kind.unaccounted() > 0 {
            hour.tables.push(of_kind.kind.shown_table());
        }
        for (sum, figure) in [
            (&mut hour.received, of_kind.received),
            (&mut hour.mirrored, of_kind.mirrored),
            (&mut hour.durable, of_kind.durable),
            (&mut hour.delivered, of_kind.delivered),
            (&mut hour.confirmed, of_kind.confirmed),
            (&mut hour.pending, of_kind.pending),
            (&mut hour.dead, of_kind.dead),
            (&mut hour.unaccounted, of_kind.unaccounted()),
        ] {
            *sum += figure;
        }
    }
    hours.into_values().collect()
}

async fn letters(
    state: &AppState,
    tenant: TenantId,
    seen: &Inspection,
) -> Result<DeadLetterList, LedgerError> {
    let mut lines = Vec::new();
    for letter in seen.dead.iter().take(LINES) {
        lines.push(LetterLine {
            kind: letter.kind.name,
            id: letter.id.to_string(),
            title: title(state, tenant, letter.kind, letter.id).await?,
            reason: letter.reason.clone(),
            died_at: letter.died_at,
        });
    }
    let mut handlings = Vec::new();
    for handling in seen.handlings.iter().take(LINES) {
        let what = told(state, tenant, handling).await?;
        handlings.push(HandlingLine { at: handling.at, by: handling.by.clone(), what });
    }
    Ok(DeadLetterList { all: seen.delivery.refused, lines, handlings })
}

/// What people call a record.
async fn title(
    state: &AppState,
    tenant: TenantId,
    kind: &'static Kind,
    id: uuid::Uuid,
) -> Result<String, LedgerError> {
    let held = state.ledger.read(tenant, kind, id).await?;
    Ok(held.map_or_else(|| id.to_string(), |held| held.stored.record.title()))
}

async fn told(state: &AppState, tenant: TenantId, handling: &Handling) -> Result<String, LedgerError> {
    let record = match handling.id {
        Some(id) => title(state, tenant, handling.kind, id).await?,
        None => handling.kind.noun.to_owned(),
    };
    Ok(match handling.what {
        Handled::Mended => format!("mended {record}"),
        Handled::Resent => format!("sent {record} again"),
        Handled::Dropped => format!("dropped {record}: {}", handling.reason),
        Handled::Answered => format!("answered: {}", handling.reason),
    })
}

fn others(seen: &Inspection, mirror: &MirrorStatus) -> Others {
    let (counted, questions) = &*seen.counted;
    Others {
        state: state(mirror),
        added: counted.balance.iter().map(|balance| balance.mirrored).sum(),
        changed: counted.reflected.changed,
        withdrawn: counted.reflected.withdrawn,
        kept_out: counted.reflected.kept_out,
        resent: counted.reflected.resent,
        rejected: counted.reflected.rejected,
        rejects: seen.rejects.iter().take(LINES).map(reject).collect(),
        questions: questions.iter().map(question).collect(),
        policies: seen.policies.iter().map(policy).collect(),
    }
}

fn state(mirror: &MirrorStatus) -> String {
    match &mirror.state {
        MirrorState::Reading => {
            let rows = counted(i64::try_from(mirror.rows_read).unwrap_or(i64::MAX), "row", "rows");
            format!("Reading everything that is there: {rows} so far.")
        }
        MirrorState::Watching => {
            let last = mirror.last_pass.map_or_else(|| "not yet".to_owned(), known::moment);
            format!("What others write there comes in by itself; looked at last: {last}.")
        }
        MirrorState::Asking => "Stopped until the question above is answered.".to_owned(),
        MirrorState::Paused(reason) => format!("Paused: {reason}"),
    }
}

fn reject(reject: &Reject) -> RejectLine {
    RejectLine {
        table: reject.kind.shown_table(),
        id: reject.dataverse_id.to_string(),
        reason: reject.reason.clone(),
        content: reject.content.clone(),
        at: reject.at,
    }
}

fn policy((kind, answer): &(&'static Kind, MassDeletionAnswer)) -> PolicyView {
    PolicyView {
        kind: kind.name,
        said: match answer {
            MassDeletionAnswer::Withdraw => "What is deleted there is withdrawn here without asking.",
            MassDeletionAnswer::SendAgain => "What is deleted there is sent again without asking.",
        },
    }
}

fn question((kind, question): &(&'static Kind, MassDeletion)) -> QuestionView {
    QuestionView {
        kind: kind.name,
        table: kind.shown_table(),
        gone: question.gone,
        unseen: question.unseen,
        of: question.of,
        answered: question.answer.map(|answer| match answer {
            MassDeletionAnswer::Withdraw => "They are being withdrawn here too.",
            MassDeletionAnswer::SendAgain => "They are being sent again.",
        }),
    }
}

#[cfg(test)]
mod tests {
    use model::record::campaign_run::CAMPAIGN_RUN;

    use super::*;

    #[test]
    fn hours_are_one_line_over_kinds() {
        static OTHER: Kind = Kind { name: "other", table: "others", delivery: None, ..CAMPAIGN_RUN };
        let balance = |kind, hour, received| HourBalance {
            kind,
            hour: Timestamp::from_micros(hour),
            received,
            mirrored: 0,
            durable: received,
            archived: 0,
            pending: 0,
            dead: 0,
            delivered: 0,
            confirmed: 0,
        };
        let all = [
            balance(&CAMPAIGN_RUN, 1, 3),
            balance(&CAMPAIGN_RUN, 2, 0),
            balance(&OTHER, 1, 4),
            balance(&OTHER, 2, 5),
        ];
        let told: Vec<_> = hours(&all).into_iter().map(|hour| (hour.received, hour.tables)).collect();
        assert_eq!(told, [(7, vec!["apex_campaignmetrics", "others"]), (5, vec!["others"])]);
    }
}
