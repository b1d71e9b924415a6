//! `GET /api/metrics/recount`: the five figures out of the rollups, out of the records, and as Dataverse adds them up.

use std::sync::Arc;

use app::pages::RecountVerdict;
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::Uri;
use model::{
    calendar::{Bucket, Compare, Window, Zone},
    figures::{Figures, Tile},
    time::Timestamp,
};
use serde_json::{Value as Json, json};

use super::{figures, history, parameters::Parameters};
use crate::{
    access::{Principal, WorkPermit},
    app_state::SharedState,
    problem::Problem,
    recounts::RecountReport,
};

const KNOWN: &[&str] = &["range", "from", "to", "tz"];

pub async fn recount(
    State(state): State<SharedState>,
    permit: WorkPermit,
    principal: Principal,
    uri: Uri,
) -> Result<Response, Problem> {
    let (zone, now) = (state.settings.zone.clone(), state.now());
    let window = history::beside(move || understand(&uri, &zone, now)).await?;
    let recounts = Arc::clone(&state.recounts);
    let report = permit.done(async move { recounts.answer(principal.tenant, window).await }).await?;
    Ok(axum::Json(body(&report)).into_response())
}

fn understand(uri: &Uri, zone: &Zone, now: Timestamp) -> Result<Window, Problem> {
    let mut parameters = Parameters::of(uri, KNOWN);
    let zone = history::chosen_zone(&mut parameters, zone);
    let window = history::window(&mut parameters, &zone, now, Compare::Previous);
    parameters.finish()?;
    window.ok_or_else(history::no_such_stretch)
}

fn body(report: &RecountReport) -> Json {
    let recount = &report.recounted.recount;
    let window = &recount.window;
    let mut range = figures::span(window.span);
    range.insert("timeZone".to_owned(), Json::from(window.zone.as_str()));
    range.insert("bucket".to_owned(), Json::from(window.size.key()));
    let millis = |took: std::time::Duration| Json::from(took.as_micros() as f64 / 1_000.0);
    json!({
        "range": range,
        "equal": equal(report.verdict()),
        "figures": Tile::ALL.map(|tile| figure(report, tile)),
        "tookMs": {
            "rollups": recount.rollups.as_ref().map(|_| millis(report.recounted.rollups_took)),
            "rows": millis(report.recounted.rows_took),
            "dataverse": report.remote.as_ref().ok().map(|remote| millis(remote.took)),
        },
        "note": report.note(),
    })
}

/// Null where there is nothing to hold the records against.
const fn equal(verdict: RecountVerdict) -> Option<bool> {
    match verdict {
        RecountVerdict::Equal | RecountVerdict::NotThereYet => Some(true),
        RecountVerdict::Different => Some(false),
        RecountVerdict::Nothing => None,
    }
}

fn figure(report: &RecountReport, tile: Tile) -> Json {
    let recount = &report.recounted.recount;
    let told = |figures: Option<&Figures>| figures.map_or(Json::Null, |figures| figures::told(tile, figures));
    let differs: Vec<Json> = report.buckets(tile).iter().map(bucket).collect();
    json!({
        "figure": tile.key(),
        "rollups": told(recount.rollups.as_ref()),
        "rows": told(Some(&recount.rows)),
        "dataverse": told(report.remote.as_ref().ok().map(|remote| &remote.figures).filter(|_| tile != Tile::Latency)),
        "differs": differs,
    })
}

fn bucket(bucket: &Bucket) -> Json {
    Json::Object(figures::span(bucket.span))
}
