//! `/api/metrics/notes`: what people wrote at days.

use axum::{
    Json,
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, StatusCode, Uri};
use jiff::civil::Date;
use model::{
    note::{DayNote, WrittenNote, is_day},
    record::FieldFault,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::parameters::Parameters;
use crate::{
    access::Principal,
    app_state::SharedState,
    http::json_body::json_text,
    problem::{Problem, ProblemType},
};

const KNOWN: &[&str] = &["from", "to"];
/// Before and after all days that a note may stand at.
const EARLIEST: &str = "2000-01-01";
const LATEST: &str = "9999-12-31";
/// What a note is made of; the last may be left out.
const MEMBERS: [&str; 3] = ["day", "text", "author"];

pub async fn list(
    State(state): State<SharedState>,
    principal: Principal,
    uri: Uri,
) -> Result<Response, Problem> {
    let mut parameters = Parameters::of(&uri, KNOWN);
    let from = parameters.read("from", day);
    let to = parameters.read("to", day);
    parameters.finish()?;
    let first = from.unwrap_or_else(|| EARLIEST.to_owned());
    let last = to.map_or_else(|| LATEST.to_owned(), |to| day_before(&to));
    let notes = state.ledger.notes(principal.tenant, &first, &last).await?;
    Ok(Json(json!({"notes": notes.iter().map(told).collect::<Value>()})).into_response())
}

pub async fn add(
    State(state): State<SharedState>,
    principal: Principal,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let text = json_text(&headers, body).await?;
    let note = understand(&text)?;
    let kept = state.ledger.add_note(principal.tenant, note).await?;
    let note = kept.map_err(|full| Problem::new(ProblemType::Validation, full.to_string()))?;
    Ok((StatusCode::CREATED, Json(told(&note))).into_response())
}

pub async fn remove(
    State(state): State<SharedState>,
    principal: Principal,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let none = || Problem::new(ProblemType::NotFound, "There is no note of this id, or no longer.");
    let Path(id) = id.map_err(|_| none())?;
    let id = Uuid::try_parse(&id).map_err(|_| none())?;
    let was_there = state.ledger.remove_note(principal.tenant, id).await?;
    if was_there { Ok(StatusCode::NO_CONTENT) } else { Err(none()) }
}

fn day(text: &str) -> Result<String, String> {
    is_day(text)
        .then(|| text.to_owned())
        .ok_or_else(|| "must be a day from the year 2000 on, as in 2026-11-21".to_owned())
}

fn day_before(day: &str) -> String {
    let before = day.parse::<Date>().and_then(Date::yesterday);
    before.map_or_else(|_| EARLIEST.to_owned(), |day| day.to_string())
}

fn understand(text: &str) -> Result<WrittenNote, Problem> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| Problem::new(ProblemType::NotJson, format!("The body is not JSON: {error}.")))?;
    let Value::Object(members) = value else {
        return Err(Problem::fields(vec![FieldFault::new("", "must be an object with day and text")]));
    };
    let mut faults = strays(&members);
    let texts = MEMBERS.map(|name| match members.get(name) {
        Some(Value::String(text)) => text.as_str(),
        None | Some(Value::Null) => "",
        Some(_) => {
            faults.push(FieldFault::new(name, "must be a text"));
            ""
        }
    });
    let [day, text, author] = texts;
    let read = WrittenNote::read(day, text, author);
    let known: Vec<String> = faults.iter().map(|fault| fault.field.clone()).collect();
    let more = read.as_ref().err().into_iter().flatten().filter(|fault| !known.contains(&fault.field));
    faults.extend(more.cloned());
    match read {
        Ok(note) if faults.is_empty() => Ok(note),
        _ => Err(Problem::fields(faults)),
    }
}

fn strays(members: &Map<String, Value>) -> Vec<FieldFault> {
    let strays = members.keys().filter(|name| !MEMBERS.contains(&name.as_str()));
    let rule = format!("is not a field here; there are {}", MEMBERS.join(", "));
    strays
        .take(MEMBERS.len())
        .map(|name| FieldFault::new(model::privacy::shown_name(name), rule.as_str()))
        .collect()
}

fn told(note: &DayNote) -> Value {
    let WrittenNote { day, text, author } = &note.written;
    json!({
        "id": note.id,
        "day": day,
        "text": text,
        "author": Some(author).filter(|author| !author.is_empty()),
        "madeAt": note.made_at.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_wrong_is_named() {
        let faults = |text: &str| -> Vec<String> {
            let faults = understand(text).map_err(|problem| problem.errors).err().unwrap_or_default();
            faults.into_iter().map(|fault| fault.field).collect()
        };
        assert_eq!(faults(r#"{"day":"2026-11-21","text":"a","author":null}"#), [""; 0]);
        assert_eq!(faults(r#"{"day":"2026-11-31","text":7,"auhtor":"x"}"#), ["auhtor", "text", "day"]);
        assert_eq!(faults("[]"), [""]);
        assert_eq!(faults("{}"), ["day", "text"]);
        assert_eq!(understand("{").unwrap_err().kind, ProblemType::NotJson);
    }

    #[test]
    fn the_last_day_does_not_count() {
        assert_eq!(
            (day_before("2026-03-01").as_str(), day_before("2000-01-01").as_str()),
            ("2026-02-28", "1999-12-31")
        );
    }
}
