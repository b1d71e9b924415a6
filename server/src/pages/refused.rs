//! `/pipeline/refused/…`: what Dataverse refuses, looked at, mended, sent again or dropped; and the mirror's question.

use app::pages::{
    ASK_AGAIN, Control, DROP, FieldView, KEEP, MEND, RESEND, RESEND_ALL, RefusedFacts, SEND_AGAIN, WITHDRAW,
    refused_page,
};
use axum::{
    Form,
    body::Body,
    extract::{FromRequest as _, Path, Request, State, rejection::FormRejection},
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use ledger::{ChangeOutcome, DeadLetter, MassDeletionAnswer};
use model::record::{self, Draft, Field, FieldFault, FieldType, Given, KINDS, Kind, Need, Record};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::{document, fault, frame};
use crate::{
    access::{Principal, WorkPermit},
    app_state::SharedState,
    problem::{self, Problem},
};

/// How many are sent again at one press.
const MOST_AGAIN: usize = 10_000;

/// What a form said, in its order.
type FormFields = Result<Form<Vec<(String, String)>>, FormRejection>;

/// A refused record, and what the ledger holds of it.
struct RefusedRecord {
    letter: DeadLetter,
    record: Record,
}

pub async fn show(
    State(state): State<SharedState>,
    principal: Principal,
    Path((kind, id)): Path<(String, String)>,
    request: Request,
) -> Response {
    match found(&state, &principal, &kind, &id).await {
        Ok(Some(refused)) => {
            let facts = facts(&refused, fields(&refused, &Map::new(), &[]));
            page(&state, request, StatusCode::OK, facts).await
        }
        Ok(None) => {
            let sentence =
                "This record is not refused, or no longer. The pipeline page shows those that are.";
            fault::page(&state, request, StatusCode::NOT_FOUND, "There is no such refused record", sentence)
                .await
        }
        Err(error) => fault::unavailable(&state, request, &error).await,
    }
}

/// Mends, sends again or drops one.
pub async fn act(
    State(state): State<SharedState>,
    principal: Principal,
    Path((kind, id)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let Some(refused) = found(&state, &principal, &kind, &id).await? else {
        return Ok(Redirect::to("/pipeline").into_response());
    };
    let (parts, body) = request.into_parts();
    let sent: FormFields = Form::from_request(Request::from_parts(parts.clone(), body), &()).await;
    let sent: Map<String, Json> = sent
        .map(|form| form.0)
        .unwrap_or_default()
        .into_iter()
        .map(|(name, text)| (name, text.into()))
        .collect();
    let letter = &refused.letter;
    match sent.get("do").and_then(Json::as_str) {
        Some(RESEND) => {
            state.ledger.resend(principal.tenant, letter.kind, letter.id, &principal.name).await?;
        }
        Some(DROP) => {
            state.ledger.drop_letter(principal.tenant, letter.kind, letter.id, &principal.name).await?;
        }
        Some(MEND) => match as_sent(letter.kind, &sent).accept(state.now()) {
            Ok(record) => mend(&state, &principal, letter, record).await?,
            Err(faults) => {
                let facts = facts(&refused, fields(&refused, &sent, &faults));
                let request = Request::from_parts(parts, Body::empty());
                return Ok(page(&state, request, StatusCode::UNPROCESSABLE_ENTITY, facts).await);
            }
        },
        _ => return Err(must_be("do", &[MEND, RESEND, DROP])),
    }
    Ok(Redirect::to("/pipeline").into_response())
}

/// Sends all of them again.
pub async fn act_on_all(
    State(state): State<SharedState>,
    _permit: WorkPermit,
    principal: Principal,
    sent: FormFields,
) -> Result<Response, Problem> {
    if said(&sent, "do") != RESEND_ALL {
        return Err(must_be("do", &[RESEND_ALL]));
    }
    state.ledger.resend_all(principal.tenant, MOST_AGAIN, &principal.name).await?;
    Ok(Redirect::to("/pipeline").into_response())
}

/// Answers what the mirror asks, whether rows are gone on purpose; or takes back an answer that was kept.
pub async fn answer(
    State(state): State<SharedState>,
    principal: Principal,
    sent: FormFields,
) -> Result<Response, Problem> {
    let name = said(&sent, "kind");
    let Some(kind) = KINDS.of_name(name) else {
        return Err(Problem::fields(vec![FieldFault::new("kind", "must be the name of a kind of records")]));
    };
    let answer = match said(&sent, "answer") {
        WITHDRAW => MassDeletionAnswer::Withdraw,
        SEND_AGAIN => MassDeletionAnswer::SendAgain,
        ASK_AGAIN => {
            state.ledger.ask_again(kind, &principal.name).await?;
            return Ok(Redirect::to("/pipeline").into_response());
        }
        _ => return Err(must_be("answer", &[WITHDRAW, SEND_AGAIN, ASK_AGAIN])),
    };
    let keep = said(&sent, KEEP) == KEEP;
    state.ledger.answer(kind, answer, keep, &principal.name).await?;
    Ok(Redirect::to("/pipeline").into_response())
}

async fn found(
    state: &SharedState,
    principal: &Principal,
    kind: &str,
    id: &str,
) -> Result<Option<RefusedRecord>, ledger::LedgerError> {
    let (Some(kind), Ok(id)) = (KINDS.of_name(kind), Uuid::try_parse(id)) else { return Ok(None) };
    let letter = state.ledger.dead_letter(principal.tenant, kind, id).await?;
    let held = state.ledger.read(principal.tenant, kind, id).await?;
    Ok(letter.zip(held).map(|(letter, held)| RefusedRecord { letter, record: held.stored.record }))
}

async fn mend(
    state: &SharedState,
    principal: &Principal,
    letter: &DeadLetter,
    record: Record,
) -> Result<(), Problem> {
    let change = state.ledger.mend(principal.tenant, letter.id, record, None, &principal.name).await?;
    match change {
        // What says the same as before can still be sent once more.
        ChangeOutcome::Unchanged(_) => {
            state.ledger.resend(principal.tenant, letter.kind, letter.id, &principal.name).await?;
            Ok(())
        }
        ChangeOutcome::Done(_) => Ok(()),
        ChangeOutcome::NotFound
        | ChangeOutcome::Gone
        | ChangeOutcome::RevisionMismatch { .. }
        | ChangeOutcome::KeyDiffers => {
            let detail = "Its key cannot change, and what was withdrawn stays so; open the record anew.";
            Err(Problem::new(problem::ProblemType::Conflict, detail))
        }
    }
}

async fn page(state: &SharedState, request: Request, status: StatusCode, facts: RefusedFacts) -> Response {
    let frame = frame(state, &request);
    document(request, status, || {}, move || refused_page(&frame, &facts)).await
}

fn facts(refused: &RefusedRecord, fields: Vec<FieldView>) -> RefusedFacts {
    let letter = &refused.letter;
    RefusedFacts {
        kind: letter.kind.name,
        noun: letter.kind.noun,
        id: letter.id.to_string(),
        title: refused.record.title(),
        deletes: letter.deletes,
        reason: letter.reason.clone(),
        attempts: letter.attempts,
        enqueued_at: letter.enqueued_at,
        died_at: letter.died_at,
        request: letter.request.clone(),
        response: letter.response.clone(),
        broken: fields.iter().any(|field| field.fault.is_some()),
        fields,
    }
}

/// The form: what was sent, else what the record says. None where it is a withdrawal that is refused.
fn fields(refused: &RefusedRecord, sent: &Map<String, Json>, faults: &[FieldFault]) -> Vec<FieldView> {
    let kind = refused.letter.kind;
    if refused.letter.deletes {
        return Vec::new();
    }
    let key = kind.identity.key();
    let own = refused.record.fields().enumerate().filter(|(_, (field, _))| field.need != Need::Derived);
    own.map(|(at, (field, value))| {
        let says = sent.get(field.json).cloned().unwrap_or_else(|| record::field_json(field, value));
        let value = says.as_str().map_or_else(|| says.to_string(), str::to_owned);
        FieldView {
            name: field.json,
            label: field.label,
            value: if says.is_null() { String::new() } else { value },
            fixed: key.contains(&at),
            fault: faults.iter().find(|fault| fault.field == field.json).map(|fault| fault.message.clone()),
            control: control(field),
        }
    })
    .collect()
}

fn control(field: &Field) -> Control {
    match field.ty {
        FieldType::LongText { .. } | FieldType::Json { .. } => Control::Lines,
        FieldType::Choice(labels) => Control::Choice { labels, is_optional: field.may_be_empty() },
        FieldType::Flag => Control::Choice { labels: &["true", "false"], is_optional: field.may_be_empty() },
        _ => Control::Line,
    }
}

/// The form as a draft of the record.
fn as_sent<'a>(kind: &'static Kind, sent: &'a Map<String, Json>) -> Draft<'a> {
    let mut draft = Draft::new(kind);
    for (at, field) in kind.fields.iter().enumerate().filter(|(_, field)| field.need != Need::Derived) {
        let text = sent.get(field.json).and_then(Json::as_str).unwrap_or_default();
        let text = if matches!(field.ty, FieldType::LongText { .. }) { text } else { text.trim() };
        if !text.is_empty() || field.need == Need::Required {
            draft.set(at, given(field.ty, text));
        }
    }
    draft
}

/// What was typed, as the field's type would have it.
fn given(ty: FieldType, text: &str) -> Given<'_> {
    let is_number = || text.parse::<i64>().is_ok();
    match (ty, text) {
        (FieldType::Whole { .. }, _) if is_number() => Given::Number(text.into()),
        (FieldType::Flag, "true") => Given::Flag(true),
        (FieldType::Flag, "false") => Given::Flag(false),
        (FieldType::Json { .. }, _) if text.starts_with(['{', '[']) => Given::Json(text.into()),
        _ => Given::Text(text.into()),
    }
}

fn said<'a>(sent: &'a FormFields, name: &str) -> &'a str {
    let form = sent.as_ref().map(|form| form.0.as_slice()).unwrap_or_default();
    form.iter().find(|(member, _)| member == name).map_or("", |(_, text)| text)
}

fn must_be(field: &str, words: &[&str]) -> Problem {
    Problem::fields(vec![FieldFault::new(field, format!("must be {}", words.join(" or ")))])
}
