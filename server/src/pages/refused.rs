//! `/pipeline/refused/…`: what Dataverse refuses, looked at, mended, sent again or dropped; and the mirror's question.

use app::pages::{
    ASK_AGAIN, DROP, FieldView, KEEP, MEND, RESEND, RESEND_ALL, RefusedFacts, SEND_AGAIN, WITHDRAW,
    refused_page,
};
use axum::{
    Form,
    body::Body,
    extract::{FromRequest as _, Path, Request, State, rejection::FormRejection},
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use ledger::{Answer, Change, DeadLetter};
use model::record::{self, FieldFault, KINDS, Kind, Need, Record, Shape};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::{Visitor, document, fault, frame};
use crate::{
    access::{Asker, Errand},
    house::SharedHouse,
    problem::{self, Problem},
};

/// How many are sent again at one press.
const MOST_AGAIN: usize = 10_000;

/// What a form said, in its order.
type Sent = Result<Form<Vec<(String, String)>>, FormRejection>;

/// A refused record, and what the ledger holds of it.
struct Refused {
    letter: DeadLetter,
    record: Record,
}

pub async fn show(
    State(house): State<SharedHouse>,
    asker: Asker,
    Path((kind, id)): Path<(String, String)>,
    request: Request,
) -> Response {
    match found(&house, asker, &kind, &id).await {
        Ok(Some(refused)) => {
            let facts = facts(&refused, fields(&refused, &Map::new(), &[]));
            page(&house, request, StatusCode::OK, facts).await
        }
        Ok(None) => {
            let sentence =
                "This record is not refused, or no longer. The pipeline page shows those that are.";
            fault::page(&house, request, StatusCode::NOT_FOUND, "There is no such refused record", sentence)
                .await
        }
        Err(error) => fault::unavailable(&house, request, &error).await,
    }
}

/// Mends, sends again or drops one.
pub async fn act(
    State(house): State<SharedHouse>,
    asker: Asker,
    Path((kind, id)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let Some(refused) = found(&house, asker, &kind, &id).await? else {
        return Ok(Redirect::to("/pipeline").into_response());
    };
    let (parts, body) = request.into_parts();
    let sent: Sent = Form::from_request(Request::from_parts(parts.clone(), body), &()).await;
    let sent: Map<String, Json> = sent
        .map(|form| form.0)
        .unwrap_or_default()
        .into_iter()
        .map(|(name, text)| (name, text.into()))
        .collect();
    let letter = &refused.letter;
    match sent.get("do").and_then(Json::as_str) {
        Some(RESEND) => {
            house.ledger.resend(asker.tenant, letter.kind, letter.id, asker.name).await?;
        }
        Some(DROP) => {
            house.ledger.drop_letter(asker.tenant, letter.kind, letter.id, asker.name).await?;
        }
        Some(MEND) => match record::parse(letter.kind, &as_sent(letter.kind, &sent), house.now()) {
            Ok(record) => mend(&house, asker, letter, record).await?,
            Err(faults) => {
                let facts = facts(&refused, fields(&refused, &sent, &faults));
                let request = Request::from_parts(parts, Body::empty());
                return Ok(page(&house, request, StatusCode::UNPROCESSABLE_ENTITY, facts).await);
            }
        },
        _ => return Err(must_be("do", &[MEND, RESEND, DROP])),
    }
    Ok(Redirect::to("/pipeline").into_response())
}

/// Sends all of them again.
pub async fn act_on_all(
    State(house): State<SharedHouse>,
    _errand: Errand,
    asker: Asker,
    sent: Sent,
) -> Result<Response, Problem> {
    if said(&sent, "do") != RESEND_ALL {
        return Err(must_be("do", &[RESEND_ALL]));
    }
    house.ledger.resend_all(asker.tenant, MOST_AGAIN, asker.name).await?;
    Ok(Redirect::to("/pipeline").into_response())
}

/// Answers what the mirror asks, whether rows are gone on purpose; or takes back an answer that was kept.
pub async fn answer(State(house): State<SharedHouse>, asker: Asker, sent: Sent) -> Result<Response, Problem> {
    let name = said(&sent, "kind");
    let Some(kind) = KINDS.iter().find(|kind| kind.name == name) else {
        return Err(Problem::fields(vec![FieldFault::new("kind", "must be the name of a kind of records")]));
    };
    let answer = match said(&sent, "answer") {
        WITHDRAW => Answer::Withdraw,
        SEND_AGAIN => Answer::SendAgain,
        ASK_AGAIN => {
            house.ledger.ask_again(kind, asker.name).await?;
            return Ok(Redirect::to("/pipeline").into_response());
        }
        _ => return Err(must_be("answer", &[WITHDRAW, SEND_AGAIN, ASK_AGAIN])),
    };
    let keep = said(&sent, KEEP) == KEEP;
    house.ledger.answer(kind, answer, keep, asker.name).await?;
    Ok(Redirect::to("/pipeline").into_response())
}

async fn found(
    house: &SharedHouse,
    asker: Asker,
    kind: &str,
    id: &str,
) -> Result<Option<Refused>, ledger::LedgerError> {
    let kind = KINDS.iter().find(|known| known.name == kind);
    let (Some(kind), Ok(id)) = (kind, Uuid::try_parse(id)) else { return Ok(None) };
    let letter = house.ledger.dead_letter(asker.tenant, kind, id).await?;
    let held = house.ledger.read(asker.tenant, kind, id).await?;
    Ok(letter.zip(held).map(|(letter, held)| Refused { letter, record: held.stored.record }))
}

async fn mend(house: &SharedHouse, asker: Asker, letter: &DeadLetter, record: Record) -> Result<(), Problem> {
    let change = house.ledger.mend(asker.tenant, letter.kind, letter.id, record, None, asker.name).await?;
    match change {
        // What says the same as before can still be sent once more.
        Change::Unchanged(_) => {
            house.ledger.resend(asker.tenant, letter.kind, letter.id, asker.name).await?;
            Ok(())
        }
        Change::Done(_) => Ok(()),
        Change::NotFound | Change::Gone | Change::RevisionMismatch { .. } | Change::KeyDiffers => {
            let detail = "Its key cannot change, and what was withdrawn stays so; open the record anew.";
            Err(Problem::new(problem::Kind::Conflict, detail))
        }
    }
}

async fn page(house: &SharedHouse, request: Request, status: StatusCode, facts: RefusedFacts) -> Response {
    let frame = frame(house, &Visitor::of(request.headers()));
    document(request, status, || {}, move || refused_page(&frame, &facts)).await
}

fn facts(refused: &Refused, fields: Vec<FieldView>) -> RefusedFacts {
    let letter = &refused.letter;
    RefusedFacts {
        kind: letter.kind.name,
        noun: letter.kind.noun,
        id: letter.id.to_string(),
        title: (letter.kind.destination.title)(&refused.record),
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
fn fields(refused: &Refused, sent: &Map<String, Json>, faults: &[FieldFault]) -> Vec<FieldView> {
    let kind = refused.letter.kind;
    if refused.letter.deletes {
        return Vec::new();
    }
    let view = |name: &'static str, label: &'static str, says: Json, fixed: bool| {
        let says = sent.get(name).cloned().unwrap_or(says);
        let value = says.as_str().map_or_else(|| says.to_string(), str::to_owned);
        let fault = faults.iter().find(|fault| fault.field == name).map(|fault| fault.message.clone());
        FieldView { name, label, value: if says.is_null() { String::new() } else { value }, fixed, fault }
    };
    let own = kind.fields.iter().zip(&refused.record.values).enumerate();
    let own = own.filter(|(_, (field, _))| field.need != Need::Derived).map(|(at, (field, value))| {
        view(field.json, field.label, record::field_json(field, value), kind.natural_key.contains(&at))
    });
    own.collect()
}

/// The form as the JSON that a sender would have sent.
fn as_sent(kind: &Kind, sent: &Map<String, Json>) -> String {
    let mut members = Map::new();
    for field in kind.fields {
        let text = sent.get(field.json).and_then(Json::as_str).map(str::trim).unwrap_or_default();
        if field.need == Need::Derived || (text.is_empty() && field.need != Need::Required) {
            continue;
        }
        let number = text.parse::<i64>().ok().filter(|_| matches!(field.shape, Shape::Whole { .. }));
        members.insert(field.json.to_owned(), number.map_or_else(|| text.into(), Json::from));
    }
    Json::Object(members).to_string()
}

fn said<'a>(sent: &'a Sent, name: &str) -> &'a str {
    let form = sent.as_ref().map(|form| form.0.as_slice()).unwrap_or_default();
    form.iter().find(|(member, _)| member == name).map_or("", |(_, text)| text)
}

fn must_be(field: &str, words: &[&str]) -> Problem {
    Problem::fields(vec![FieldFault::new(field, format!("must be {}", words.join(" or ")))])
}
