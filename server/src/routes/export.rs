//! `GET /api/metrics/export.csv`: what is on screen as a file, or the runs behind it.

mod runs;

use axum::{body::Body, extract::State, response::Response};
use http::Uri;
use model::{
    calendar::{BucketSize, Compare, Window, Zone},
    history::{History, RunFilter},
    time::Timestamp,
};
use serde_json::Value as Json;

use super::{
    csv_file::{self, FileName},
    figures::{self, BUCKET_MEMBERS},
    history::{beside, no_such_stretch, stretch},
    parameters::Parameters,
};
use crate::{
    access::{Principal, WorkPermit},
    app_state::SharedState,
    problem::Problem,
};

const KNOWN: &[&str] = &["range", "from", "to", "campaign", "phase", "tz", "compare", "rows"];

/// What a line of the file is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ExportRows {
    #[default]
    Buckets,
    Runs,
}

pub async fn export(
    State(state): State<SharedState>,
    permit: WorkPermit,
    principal: Principal,
    uri: Uri,
) -> Result<Response, Problem> {
    let (zone, now) = (state.settings.zone.clone(), state.now());
    let (window, filter, rows) = beside(move || understand(&uri, &zone, now)).await?;
    match rows {
        ExportRows::Runs => runs::export(&state, permit, principal.tenant, &window, filter).await,
        ExportRows::Buckets => {
            let (ledger, asked) = (state.ledger.clone(), filter.clone());
            let history =
                permit.done(async move { ledger.history(principal.tenant, &window, &asked).await }).await?;
            beside(move || Ok(buckets(&history, &filter))).await
        }
    }
}

fn understand(uri: &Uri, zone: &Zone, now: Timestamp) -> Result<(Window, RunFilter, ExportRows), Problem> {
    let mut parameters = Parameters::of(uri, KNOWN);
    let (window, filter) = stretch(&mut parameters, zone, now);
    let rows = parameters.read("rows", rows).unwrap_or_default();
    parameters.finish()?;
    Ok((window.ok_or_else(no_such_stretch)?, filter, rows))
}

fn rows(text: &str) -> Result<ExportRows, String> {
    match text {
        "buckets" => Ok(ExportRows::Buckets),
        "runs" => Ok(ExportRows::Runs),
        _ => Err("must be buckets or runs".to_owned()),
    }
}

/// One line a bucket, with the one that it is compared with.
fn buckets(history: &History, filter: &RunFilter) -> Response {
    let (now, before) = figures::buckets(history);
    let mut lines = Vec::new();
    let compared = if history.window.compare == Compare::Nothing { &[][..] } else { &BUCKET_MEMBERS[..] };
    let previous = compared.iter().map(|name| previous_name(name));
    csv_file::push(&mut lines, BUCKET_MEMBERS.iter().map(|name| (*name).to_owned()).chain(previous));
    // The stretch before may have more of them, as where the clock was set on.
    let (now, before) =
        (now.as_array().map_or(&[][..], Vec::as_slice), before.as_array().map_or(&[][..], Vec::as_slice));
    let before = if compared.is_empty() { &[][..] } else { before };
    for at in 0..now.len().max(before.len()) {
        let (now, before) = (now.get(at).unwrap_or(&Json::Null), before.get(at).unwrap_or(&Json::Null));
        csv_file::push(
            &mut lines,
            csv_file::cells(now, &BUCKET_MEMBERS).chain(csv_file::cells(before, compared)),
        );
    }
    let window = &history.window;
    let zone = Zone::of_name(&window.zone).unwrap_or_else(Zone::utc);
    let unit = match window.size {
        BucketSize::Hour => "hours",
        BucketSize::Day => "days",
    };
    csv_file::answer(&FileName { lines: unit, span: window.span, zone: &zone, filter }, Body::from(lines))
}

/// `previousCost` of `cost`.
fn previous_name(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().fold("previous".to_owned(), |name, first| format!("{name}{first}{}", letters.as_str()))
}
