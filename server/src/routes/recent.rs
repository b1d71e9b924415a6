//! `GET /api/metrics/recent`: what the panel polls, for other clients.

use axum::{extract::State, response::Response};
use http::{HeaderMap, Uri};
use model::{delivery::Delivery, range::Range, time::Timestamp};
use serde_json::{Value as Json, json};

use super::{
    figures,
    parameters::{self, Parameters},
    record_json, tag,
};
use crate::{access::Asker, house::SharedHouse, problem::Problem};

pub async fn recent(
    State(house): State<SharedHouse>,
    asker: Asker,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut parameters = Parameters::of(&uri, &["range", "campaign", "tz"]);
    let range = parameters.read("range", super::history::range);
    let campaign = parameters.read("campaign", parameters::filter);
    let zone = parameters.read("tz", parameters::zone);
    parameters.finish()?;

    let (range, zone) = (range.unwrap_or(Range::Live), zone.unwrap_or_else(|| house.settings.zone.clone()));
    let gathered = house.snapshots.gathered(asker.tenant, range, campaign, &zone).await?;
    let runs: Json = gathered.newest.iter().map(record_json::stored).collect();
    let body = json!({
        "asOf": gathered.now.to_string(),
        "range": range.key(),
        "figures": figures::figures(&gathered.history.figures, &gathered.history.previous),
        "runs": runs,
        "pipeline": pipeline(&gathered.delivery, gathered.now),
    });
    Ok(tag::answer(&body, true, &headers))
}

fn pipeline(delivery: &Delivery, now: Timestamp) -> Json {
    json!({
        "state": delivery.state.key(),
        "reason": delivery.reason,
        "attention": delivery.sentences().collect::<Vec<_>>(),
        "pending": delivery.pending,
        "lagSeconds": delivery.lag_seconds(now),
        "unaccounted": delivery.unaccounted(),
        "unconfirmed": delivery.unconfirmed(),
    })
}
