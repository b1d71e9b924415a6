//! One record under its id: read, corrected, withdrawn. Its entity tag is its revision.

use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, StatusCode, header};
use ledger::{ChangeOutcome, HeldRecord};
use model::{
    identity,
    record::{self, FieldFault, Stored},
    time::Timestamp,
};
use serde_json::json;
use uuid::Uuid;

use super::{
    Resource,
    intake::{entity_tag, not_json},
    reading,
};
use crate::{
    access::Principal,
    app_state::SharedState,
    http::{headers::none_match, json_body::json_text},
    problem::{Problem, ProblemType},
    routes::record_json,
};

pub async fn read(
    State(state): State<SharedState>,
    Extension(resource): Extension<Resource>,
    principal: Principal,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let held = live_record(&state, resource, &principal, &id).await?;
    let tag = entity_tag(held.stored.revision);
    let known = tag.to_str().is_ok_and(|tag| none_match(&headers, tag));
    let mut answer = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Json(record_json::stored(&held.stored)).into_response()
    };
    answer.headers_mut().insert(header::ETAG, tag);
    Ok(answer)
}

pub async fn correct(
    State(state): State<SharedState>,
    Extension(resource): Extension<Resource>,
    principal: Principal,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let text = json_text(&headers, body).await?;
    let held = known(&state, resource, &principal, &id).await?;
    let now = state.now();
    let read = move |text: &str| {
        serde_json::from_str::<&serde_json::value::RawValue>(text).map_err(|error| not_json(&error))?;
        record::parse(resource.kind, text, now).map_err(Problem::fields)
    };
    let record = reading(text, read).await??;
    let expected = expected_revision(&headers, held.stored.revision)?;
    let change = state.ledger.correct(principal.tenant, held.stored.id, record, expected).await?;
    became(resource, change, "corrected")
}

pub async fn withdraw(
    State(state): State<SharedState>,
    Extension(resource): Extension<Resource>,
    principal: Principal,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let held = live_record(&state, resource, &principal, &id).await?;
    let expected = expected_revision(&headers, held.stored.revision)?;
    let change = state.ledger.withdraw(principal.tenant, resource.kind, held.stored.id, expected).await?;
    became(resource, change, "withdrawn")
}

/// The record of this id, or of this one that its sender gave to it, withdrawn or not.
async fn known(
    state: &SharedState,
    resource: Resource,
    principal: &Principal,
    id: &str,
) -> Result<HeldRecord, Problem> {
    let id = Uuid::try_parse(id).map_err(|_| not_found(resource))?;
    let called = (resource.kind.identity.given().is_some())
        .then(|| identity::given_id(principal.tenant, resource.kind.name, id));
    for id in called.into_iter().chain([id]) {
        if let Some(held) = state.ledger.read(principal.tenant, resource.kind, id).await? {
            return Ok(held);
        }
    }
    Err(not_found(resource))
}

async fn live_record(
    state: &SharedState,
    resource: Resource,
    principal: &Principal,
    id: &str,
) -> Result<HeldRecord, Problem> {
    let held = known(state, resource, principal, id).await?;
    match held.withdrawn_at {
        Some(at) => Err(gone(resource, Some(at))),
        None => Ok(held),
    }
}

fn became(resource: Resource, change: ChangeOutcome, word: &str) -> Result<Response, Problem> {
    match change {
        ChangeOutcome::Done(stored) => Ok(changed(&stored, word)),
        ChangeOutcome::Unchanged(stored) => Ok(changed(&stored, "unchanged")),
        ChangeOutcome::NotFound => Err(not_found(resource)),
        ChangeOutcome::Gone if word == "corrected" => Err(Problem::new(
            ProblemType::Withdrawn,
            "This record was withdrawn and stays so; send it under another key.",
        )),
        ChangeOutcome::Gone => Err(gone(resource, None)),
        ChangeOutcome::RevisionMismatch { current } => Err(mismatch(current)),
        ChangeOutcome::KeyDiffers => {
            let kind = resource.kind;
            let keys = kind.key_names().chain(kind.identity.given());
            let message = "must be as in the record that is corrected; another key is another record, send it with POST";
            Err(Problem::fields(keys.map(|key| FieldFault::new(key, message)).collect()))
        }
    }
}

fn changed(stored: &Stored, word: &str) -> Response {
    let mut answer = Json(json!({"id": stored.id.to_string(), "status": word})).into_response();
    answer.headers_mut().insert(header::ETAG, entity_tag(stored.revision));
    answer
}

/// What `If-Match` demands: the revision that stands, or none. A weak tag matches nothing.
fn expected_revision(headers: &HeaderMap, current: i64) -> Result<Option<i64>, Problem> {
    let sent: Vec<&str> =
        headers.get_all(header::IF_MATCH).iter().filter_map(|value| value.to_str().ok()).collect();
    if sent.is_empty() && !headers.contains_key(header::IF_MATCH)
        || sent.iter().any(|value| value.trim() == "*")
    {
        return Ok(None);
    }
    let wanted = format!("\"{current}\"");
    let matches = sent.iter().flat_map(|value| value.split(',')).any(|tag| tag.trim() == wanted);
    if matches { Ok(Some(current)) } else { Err(mismatch(current)) }
}

fn mismatch(current: i64) -> Problem {
    let detail = format!(
        "If-Match names another state of this record; \"{current}\" stands now. Read it and decide anew."
    );
    Problem::new(ProblemType::RevisionMismatch, detail).with_header(header::ETAG, entity_tag(current))
}

fn not_found(resource: Resource) -> Problem {
    Problem::new(ProblemType::NotFound, format!("There is no {} of this id.", resource.kind.noun))
}

fn gone(resource: Resource, at: Option<Timestamp>) -> Problem {
    let when = at.map_or_else(String::new, |at| format!(" at {at}"));
    Problem::new(ProblemType::Gone, format!("This {} was withdrawn{when}.", resource.kind.noun))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sent: &[&str], expect: Result<Option<i64>, ProblemType>) {
        let mut headers = HeaderMap::new();
        for value in sent {
            headers.append(header::IF_MATCH, value.parse().unwrap());
        }
        assert_eq!(expected_revision(&headers, 3).map_err(|problem| problem.kind), expect, "{sent:?}");
    }

    #[test]
    fn if_match_names_the_revision_that_stands() {
        check(&[], Ok(None));
        check(&["*"], Ok(None));
        check(&["\"3\""], Ok(Some(3)));
        check(&["\"1\", \"3\""], Ok(Some(3)));
        check(&["\"1\"", "\"3\""], Ok(Some(3)));
        check(&["\"2\""], Err(ProblemType::RevisionMismatch));
        check(&["W/\"3\""], Err(ProblemType::RevisionMismatch));
        check(&["3"], Err(ProblemType::RevisionMismatch));
        check(&[""], Err(ProblemType::RevisionMismatch));
    }
}
