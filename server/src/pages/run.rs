//! `/runs/{id}`: one campaign run.

use app::{
    pages::{DataverseRow, RevisionLine, RunFacts, StepLine, run_page},
    panel::Tone,
    presenter::counted,
};
use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    response::Response,
};
use http::StatusCode;
use ledger::{PastRevision, RecordStatus};
use model::record::{
    self, Kind,
    campaign_run::{CAMPAIGN_RUN, Run},
};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::{Visitor, document, fault, frame};
use crate::{access::Principal, app_state::SharedState, settings::Mode};

pub async fn run(
    State(state): State<SharedState>,
    principal: Principal,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let visitor = Visitor::of(request.headers());
    // An address that is no text is none of a run's either.
    let found = match id.ok().and_then(|Path(id)| Uuid::try_parse(&id).ok()) {
        Some(id) => state.ledger.record_status(principal.tenant, &CAMPAIGN_RUN, id).await,
        None => Ok(None),
    };
    let facts = match found {
        Ok(found) => found.and_then(|status| facts(&state, &visitor, &status)),
        Err(error) => return fault::unavailable(&state, request, &error).await,
    };
    let Some(facts) = facts else {
        let sentence = "No run has this id. The campaigns page leads to those that there are.";
        return fault::page(&state, request, StatusCode::NOT_FOUND, "There is no such run", sentence).await;
    };
    let frame = frame(&state, &request);
    document(request, StatusCode::OK, || {}, move || run_page(&frame, &facts)).await
}

fn facts(state: &SharedState, visitor: &Visitor, status: &RecordStatus) -> Option<RunFacts> {
    let stored = &status.held.stored;
    let run = Run::of(&stored.record)?;
    Some(RunFacts {
        zone: visitor.zone.clone().unwrap_or_else(|| state.settings.zone.clone()),
        id: stored.id.to_string(),
        campaign_id: run.campaign_id().to_owned(),
        campaign: run.campaign_name().unwrap_or(run.campaign_id()).to_owned(),
        title: format!("Run {}, phase {}", run.run_id(), run.phase()),
        is_withdrawn: status.held.withdrawn_at.is_some(),
        fields: fields(&CAMPAIGN_RUN, &record::to_json(&stored.record)),
        steps: steps(status),
        row: row(state, status),
        before: before(status),
    })
}

fn fields(kind: &Kind, members: &Map<String, Json>) -> Vec<(&'static str, String)> {
    kind.fields.iter().map(|field| (field.label, text(members.get(field.json)))).collect()
}

/// As a person reads it; what is not known is a dash.
fn text(value: Option<&Json>) -> String {
    match value {
        None | Some(Json::Null) => "–".to_owned(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn steps(status: &RecordStatus) -> Vec<StepLine> {
    let stored = &status.held.stored;
    let done = |what, at| StepLine { what, at: Some(at), words: String::new(), tone: Tone::Good };
    let open = |what, words: String, tone| StepLine { what, at: None, words, tone };
    let mut steps = vec![done("Received, and on disk", stored.received_at)];
    steps.push(match (stored.exported_at, &status.refused, &status.waiting) {
        (Some(at), ..) => done("In Dataverse", at),
        (None, Some((_, true)), _) => {
            open("In Dataverse", "It was given up, and is not sent".to_owned(), Tone::Late)
        }
        (None, Some((reason, false)), _) => {
            open("In Dataverse", format!("Dataverse refuses it: {}", reason.trim_end_matches('.')), Tone::Bad)
        }
        (None, None, Some(waiting)) if waiting.attempts > 0 => open(
            "In Dataverse",
            format!("It waits to be sent, after {}", counted(waiting.attempts, "attempt", "attempts")),
            Tone::Late,
        ),
        (None, None, _) => open("In Dataverse", "It waits to be sent".to_owned(), Tone::Neutral),
    });
    steps.push(match status.confirmed_at {
        Some(at) => done("Read back", at),
        None => open("Read back", "It was not read back yet".to_owned(), Tone::Neutral),
    });
    steps
}

fn row(state: &SharedState, status: &RecordStatus) -> Option<DataverseRow> {
    let destination = CAMPAIGN_RUN.delivery?;
    status.held.stored.exported_at?;
    let id = status.id_there.to_string();
    // An emulator has no pages of its own.
    let href = match &state.settings.way {
        Mode::Connected(organisation) => Some(format!(
            "{}/main.aspx?etn={}&id={id}&pagetype=entityrecord",
            organisation.address.trim_end_matches('/'),
            destination.logical_name
        )),
        Mode::Embedded | Mode::Resting => None,
    };
    Some(DataverseRow { table: destination.logical_name, id, href })
}

/// Each with what the one after it says otherwise.
fn before(status: &RecordStatus) -> Vec<RevisionLine> {
    let members =
        |past: &PastRevision| serde_json::from_str::<Map<String, Json>>(&past.fields).unwrap_or_default();
    let mut after = record::to_json(&status.held.stored.record);
    let mut lines = Vec::new();
    for past in status.before.iter().rev() {
        let was = members(past);
        let changes = CAMPAIGN_RUN.fields.iter().filter(|field| was.get(field.json) != after.get(field.json));
        lines.push(RevisionLine {
            number: past.revision,
            replaced_at: past.replaced_at,
            by: match past.replaced_by.as_str() {
                "withdrawal" => "withdrawn",
                "mirror" => "written in Dataverse",
                _ => "corrected",
            }
            .to_owned(),
            changes: changes
                .map(|field| (field.label.to_owned(), text(was.get(field.json)), text(after.get(field.json))))
                .collect(),
        });
        after = was;
    }
    lines
}
