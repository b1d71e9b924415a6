//! `GET /api/metrics/recent`: what the panel polls, for other clients.

use axum::{extract::State, response::Response};
use http::{HeaderMap, Uri};
use model::range::Range;
use serde_json::{Value as Json, json};

use super::{
    figures,
    parameters::{self, CAMPAIGN_CHARS, Parameters},
    record_json, tag,
};
use crate::{access::Principal, app_state::SharedState, problem::Problem, snapshot::KnownFacts};

pub async fn recent(
    State(state): State<SharedState>,
    principal: Principal,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut parameters = Parameters::of(&uri, &["range", "campaign", "tz"]);
    let range = parameters.read("range", super::history::range);
    let campaign = parameters.read("campaign", parameters::text_up_to(CAMPAIGN_CHARS));
    let zone = parameters.read("tz", parameters::zone);
    parameters.finish()?;

    let (range, zone) = (range.unwrap_or(Range::Live), zone.unwrap_or_else(|| state.settings.zone.clone()));
    let known = state.snapshots.gathered(&principal, range, campaign, &zone).await?;
    let gathered = &known.gathered;
    let runs: Json = gathered.newest.iter().map(record_json::stored).collect();
    let body = json!({
        "asOf": gathered.now.to_string(),
        "range": range.key(),
        "figures": figures::figures(&gathered.history.figures, &gathered.history.previous),
        "runs": runs,
        "pipeline": pipeline(&known),
    });
    Ok(tag::answer(&body, true, &headers))
}

fn pipeline(known: &KnownFacts) -> Json {
    let (delivery, now) = (&known.delivery, known.gathered.now);
    let late = known.late.then(|| format!("newer figures than those of {now} take longer than usual"));
    json!({
        "state": delivery.state.key(),
        "reason": delivery.reason,
        "attention": late.iter().chain(delivery.sentences()).collect::<Vec<_>>(),
        "pending": delivery.pending,
        "lagSeconds": delivery.lag_seconds(now),
        "unaccounted": delivery.unaccounted(),
        "unconfirmed": delivery.unconfirmed(),
    })
}
