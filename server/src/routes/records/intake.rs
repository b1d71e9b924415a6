//! `POST`: one record or an array of them. A 2xx means that they are on disk.

use axum::{
    Extension, Json,
    body::Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use ledger::{LedgerError, Outcome, Verdict};
use model::{
    record::{self, FieldFault, Guesses, Record, Stored},
    time::Timestamp,
};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Resource, reading};
use crate::{
    access::Principal,
    app_state::SharedState,
    http::json_body::json_text,
    problem::{Problem, ProblemType},
    routes::record_json,
};

pub const MOST_ITEMS: usize = 1_000;
/// Faults of an array that are explained, over all its items; of the others the number is said.
const EXPLAINED: usize = 100;

/// One record, or why it is none.
type ReadRecord = Result<Record, Vec<FieldFault>>;

/// A body, read.
enum SentRecords {
    One(ReadRecord),
    Many(Vec<ReadRecord>),
}

pub async fn take(
    State(state): State<SharedState>,
    Extension(resource): Extension<Resource>,
    principal: Principal,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let text = json_text(&headers, body).await?;
    let now = state.now();
    match reading(text, move |text| read(resource, text, now)).await?? {
        SentRecords::One(record) => one(&state, resource, &principal, record.map_err(Problem::fields)?).await,
        SentRecords::Many(items) => many(&state, &principal, items).await,
    }
}

fn read(resource: Resource, text: &str, now: Timestamp) -> Result<SentRecords, Problem> {
    match record::body(text).map_err(|error| not_json(&error))? {
        record::Body::One(item) => Ok(SentRecords::One(record::parse(resource.kind, item, now))),
        record::Body::Many(items) if items.len() > MOST_ITEMS => {
            let detail =
                format!("The array holds {} records; send at most {MOST_ITEMS} in one request.", items.len());
            let fault = FieldFault::new("", format!("holds more than {MOST_ITEMS} records"));
            Err(Problem { detail, ..Problem::fields(vec![fault]) })
        }
        record::Body::Many(items) => {
            let (mut guesses, mut left) = (Guesses::default(), EXPLAINED);
            let each = items.iter().map(|item| {
                let draft = record::read(resource.kind, item, &mut guesses);
                draft.and_then(|draft| draft.accept(now)).map_err(|faults| explained(faults, &mut left))
            });
            Ok(SentRecords::Many(each.collect()))
        }
    }
}

/// As many of the faults as may still be explained, and the number of the others.
fn explained(mut faults: Vec<FieldFault>, left: &mut usize) -> Vec<FieldFault> {
    let more = faults.len().saturating_sub(*left);
    faults.truncate(*left);
    *left -= faults.len();
    if more > 0 {
        faults.push(FieldFault::new("", format!("has {more} more faults")));
    }
    faults
}

pub(super) fn not_json(error: &serde_json::Error) -> Problem {
    // Position and kind only: the message of serde_json repeats nothing of the body.
    Problem::new(ProblemType::NotJson, format!("The body is not JSON: {error}."))
}

async fn one(
    state: &SharedState,
    resource: Resource,
    principal: &Principal,
    record: Record,
) -> Result<Response, Problem> {
    let outcomes = written(state, principal, vec![record.clone()]).await?;
    let Some(Outcome { id, verdict }) = outcomes.into_iter().next() else {
        return Err(Problem::new(
            ProblemType::Internal,
            "The ledger did not say what became of the record; send it again.",
        ));
    };
    let answer = |status: StatusCode, word: &str, revision: i64| {
        let mut body = json!({"id": id.to_string(), "status": word});
        let warnings = record.warnings();
        if !warnings.is_empty() {
            body["warnings"] = json!(warnings);
        }
        let mut answer = (status, Json(body)).into_response();
        place(answer.headers_mut(), resource, id, revision);
        answer
    };
    match verdict {
        Verdict::Stored(revision) => Ok(answer(StatusCode::CREATED, "stored", revision)),
        Verdict::Duplicate(revision) => Ok(answer(StatusCode::OK, "duplicate", revision)),
        Verdict::Conflict { stored } => Err(conflict(&stored, &record)),
        Verdict::Withdrawn => Err(withdrawn(state, resource, principal, id, &record).await?),
    }
}

/// Waits until the records are on disk, and tells how long that took.
async fn written(
    state: &SharedState,
    principal: &Principal,
    records: Vec<Record>,
) -> Result<Vec<Outcome>, Problem> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let begun = Instant::now();
    let stored = state.ledger.store(principal.tenant, records).await;
    // What is turned away at once was no write; what failed after a while was a slow one.
    if !matches!(stored, Err(LedgerError::Busy { .. } | LedgerError::Closed)) {
        metrics::histogram!("studio_intake_write_seconds").record(begun.elapsed().as_secs_f64());
    }
    Ok(stored?)
}

/// Where the record is, and which state of it.
fn place(headers: &mut HeaderMap, resource: Resource, id: Uuid, revision: i64) {
    if let Ok(location) = HeaderValue::from_str(&format!("{}/{id}", resource.api.path)) {
        headers.insert(header::LOCATION, location);
    }
    headers.insert(header::ETAG, entity_tag(revision));
}

pub(super) fn entity_tag(revision: i64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{revision}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

fn conflict(stored: &Stored, sent: &Record) -> Problem {
    let detail =
        "A record with this key says something else; correct it with PUT under its id, or send another key.";
    Problem::new(ProblemType::Conflict, detail)
        .with("stored", record_json::stored(stored))
        .with("sent", Value::Object(record::shown(sent)))
}

async fn withdrawn(
    state: &SharedState,
    resource: Resource,
    principal: &Principal,
    id: Uuid,
    sent: &Record,
) -> Result<Problem, Problem> {
    let held = state.ledger.read(principal.tenant, resource.kind, id).await?;
    let problem = Problem::new(
        ProblemType::Withdrawn,
        "This record was withdrawn and stays so; send it under another key.",
    )
    .with("sent", Value::Object(record::shown(sent)));
    Ok(match held {
        Some(held) => problem.with("stored", record_json::stored(&held.stored)),
        None => problem,
    })
}

#[derive(Serialize)]
struct IntakeResponse {
    stored: usize,
    duplicate: usize,
    conflict: usize,
    refused: usize,
    items: Vec<ItemOutcome>,
}

/// What became of one item of an array.
#[derive(Serialize)]
struct ItemOutcome {
    index: usize,
    id: Option<Uuid>,
    status: &'static str,
    errors: Vec<FieldFault>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<FieldFault>,
}

async fn many(
    state: &SharedState,
    principal: &Principal,
    items: Vec<ReadRecord>,
) -> Result<Response, Problem> {
    let mut good = Vec::with_capacity(items.len());
    // Of each item its warnings, or why it is refused.
    let read: Vec<Result<Vec<FieldFault>, Vec<FieldFault>>> = items
        .into_iter()
        .map(|item| {
            let record = item?;
            let warnings = record.warnings();
            good.push(record);
            Ok(warnings)
        })
        .collect();
    let outcomes = written(state, principal, good).await?;
    let mut outcomes = outcomes.into_iter();
    let items: Vec<ItemOutcome> = read
        .into_iter()
        .enumerate()
        .map(|(index, read)| match read {
            Err(errors) => ItemOutcome { index, id: None, status: "refused", errors, warnings: Vec::new() },
            Ok(warnings) => became(index, outcomes.next(), warnings),
        })
        .collect();
    let count = |status| items.iter().filter(|item| item.status == status).count();
    let answer = IntakeResponse {
        stored: count("stored"),
        duplicate: count("duplicate"),
        conflict: count("conflict"),
        refused: count("refused"),
        items,
    };
    Ok(Json(answer).into_response())
}

fn became(index: usize, outcome: Option<Outcome>, warnings: Vec<FieldFault>) -> ItemOutcome {
    let Some(Outcome { id, verdict }) = outcome else {
        let fault = FieldFault::new("", "met a fault of the ledger's; send it again");
        return ItemOutcome { index, id: None, status: "refused", errors: vec![fault], warnings };
    };
    let (status, why) = match verdict {
        Verdict::Stored(_) => ("stored", None),
        Verdict::Duplicate(_) => ("duplicate", None),
        Verdict::Conflict { .. } => ("conflict", Some("has a key whose record says something else")),
        Verdict::Withdrawn => ("conflict", Some("was withdrawn and stays so")),
    };
    let errors = why.map(|why| FieldFault::new("", why)).into_iter().collect();
    ItemOutcome { index, id: Some(id), status, errors, warnings }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::records::resources;

    const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

    #[test]
    fn faulty_arrays_get_short_answers() {
        let strays: Vec<String> = (0..100).map(|n| format!("\"{n:03}\":1")).collect();
        let body = format!("[{}]", vec![format!("{{{}}}", strays.join(",")); MOST_ITEMS].join(","));
        let Ok(SentRecords::Many(items)) = read(resources().next().unwrap(), &body, NOW) else {
            panic!("not an array")
        };
        let faults: Vec<FieldFault> = items.into_iter().flat_map(Result::unwrap_err).collect();
        assert!(faults.len() <= MOST_ITEMS + EXPLAINED, "{}", faults.len());
        assert!(serde_json::to_string(&faults).unwrap().len() < 64_000);
        assert_eq!(faults.last().unwrap().message, "has 26 more faults");
    }
}
