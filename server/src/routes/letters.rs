//! `/api/pipeline/dead-letters/{kind}/{id}`: one record that Dataverse refuses: read, sent again, dropped. It is mended by
//! correcting the record itself.

use axum::{
    Json,
    extract::{Path, State},
};
use ledger::DeadLetter;
use model::record::{KINDS, Kind};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    access::Principal,
    app_state::SharedState,
    problem::{self, Problem},
};

pub const PATH: &str = "/api/pipeline/dead-letters/{kind}/{id}";

type LetterPath = Path<(String, String)>;

pub async fn read(
    State(state): State<SharedState>,
    principal: Principal,
    Path(named): LetterPath,
) -> Result<Json<Value>, Problem> {
    let (kind, id) = known(&named)?;
    let letter = state.ledger.dead_letter(principal.tenant, kind, id).await?.ok_or_else(not_found)?;
    let mut shown = shown(&letter);
    shown["request"] = letter.request.into();
    shown["response"] = letter.response.into();
    Ok(Json(shown))
}

pub async fn again(
    State(state): State<SharedState>,
    principal: Principal,
    Path(named): LetterPath,
) -> Result<Json<Value>, Problem> {
    let (kind, id) = known(&named)?;
    let sent = state.ledger.resend(principal.tenant, kind, id, &principal.name).await?;
    done(sent, id, "pending")
}

pub async fn drop(
    State(state): State<SharedState>,
    principal: Principal,
    Path(named): LetterPath,
) -> Result<Json<Value>, Problem> {
    let (kind, id) = known(&named)?;
    let dropped = state.ledger.drop_letter(principal.tenant, kind, id, &principal.name).await?;
    done(dropped, id, "dropped")
}

/// As `/api/pipeline` lists it.
pub fn shown(letter: &DeadLetter) -> Value {
    json!({
        "table": letter.kind.shown_table(),
        "kind": letter.kind.name,
        "id": letter.id.to_string(),
        "reason": letter.reason,
        "attempts": letter.attempts,
        "enqueuedAt": letter.enqueued_at.to_string(),
        "diedAt": letter.died_at.to_string(),
    })
}

fn known((kind, id): &(String, String)) -> Result<(&'static Kind, Uuid), Problem> {
    KINDS.of_name(kind).zip(Uuid::try_parse(id).ok()).ok_or_else(not_found)
}

fn done(was_there: bool, id: Uuid, status: &str) -> Result<Json<Value>, Problem> {
    if !was_there {
        return Err(not_found());
    }
    Ok(Json(json!({"id": id.to_string(), "status": status})))
}

fn not_found() -> Problem {
    Problem::new(problem::ProblemType::NotFound, "No record of this kind and id is refused, or no longer.")
}
