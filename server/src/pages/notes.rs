//! `POST /notes`: a note is written at a day, or removed, and the view is shown again.

use app::address::part_of_path;
use axum::{
    Form,
    body::Body,
    extract::{FromRequest as _, Request, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::{StatusCode, header};
use model::{note::WrittenNote, record::FieldFault};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    fault,
    panel::view_of_form,
    visitor::{AUTHOR, kept},
};
use crate::{
    access::{Principal, Standing},
    app_state::{AppState, SharedState},
    problem::Problem,
};

/// What the form says: a note, or which one is to be removed.
#[derive(Default, Deserialize)]
#[serde(default)]
struct SentNote {
    day: String,
    text: String,
    author: String,
    remove: Option<String>,
    path: String,
}

/// Why a note was not kept.
enum NotKept {
    Wrong(String),
    Problem(Problem),
}

pub async fn act(
    State(state): State<SharedState>,
    principal: Principal,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let sent = Form::<SentNote>::from_request(Request::from_parts(parts.clone(), body), &()).await;
    let form = sent.map(|form| form.0).unwrap_or_default();
    let mut answer = Redirect::to(&view_of_form(&form.path)).into_response();
    if let Some(id) = &form.remove {
        // One that is gone already is what was wanted.
        if let Ok(id) = Uuid::try_parse(id) {
            state.ledger.remove_note(principal.tenant, id).await?;
        }
        return Ok(answer);
    }
    match add(&state, principal, &form).await {
        Ok(author) => {
            if let Some(cookie) = kept(&state, AUTHOR, &part_of_path(&author)) {
                answer.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            Ok(answer)
        }
        Err(NotKept::Wrong(why)) => {
            let request = Request::from_parts(parts, Body::empty());
            let sentence = format!("{why} Go back and mend that; nothing else was changed.");
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(fault::page(&state, request, status, "The note was not kept", &sentence).await)
        }
        Err(NotKept::Problem(problem)) => Err(problem),
    }
}

/// Says who wrote it.
async fn add(state: &AppState, principal: Principal, form: &SentNote) -> Result<String, NotKept> {
    // One who is signed in writes under no other name.
    let author = match principal.standing {
        Standing::Person(_) => &*principal.name,
        _ => &form.author,
    };
    let note = WrittenNote::read(&form.day, &form.text, author)
        .map_err(|faults| NotKept::Wrong(sentences(&faults)))?;
    let kept = state.ledger.add_note(principal.tenant, note).await;
    match kept.map_err(|error| NotKept::Problem(error.into()))? {
        Ok(note) => Ok(note.written.author),
        Err(full) => Err(NotKept::Wrong(app::presenter::sentence(&full.to_string()))),
    }
}

/// As people read it, by the names of the boxes.
fn sentences(faults: &[FieldFault]) -> String {
    let told = faults.iter().map(|fault| {
        let name = match fault.field.as_str() {
            "day" => "The day",
            "author" => "Your name",
            _ => "What happened",
        };
        format!("{name} {}.", fault.message)
    });
    told.collect::<Vec<_>>().join(" ")
}
