//! `GET /api/metrics/campaigns`: the campaigns that have a run, page by page.

use axum::{Json, extract::State};
use http::Uri;
use ledger::{CampaignCursor, CampaignRow, CampaignsAsk};
use model::{
    calendar::{self, Compare},
    figures::{Figures, Sums},
    range::Range,
};
use serde_json::{Value, json};

use super::{
    figures,
    parameters::{self, CAMPAIGN_CHARS, Parameters},
};
use crate::{
    access::{Principal, WorkPermit},
    app_state::SharedState,
    problem::Problem,
};

const USUAL: usize = 50;
/// Parts of a stretch are told one by one up to as many.
const MOST: usize = model::breakdown::MOST_PARTS;

pub async fn campaigns(
    State(state): State<SharedState>,
    permit: WorkPermit,
    principal: Principal,
    uri: Uri,
) -> Result<Json<Value>, Problem> {
    let mut parameters = Parameters::of(&uri, &["search", "limit", "cursor", "range", "tz", "compare"]);
    let search = parameters.read("search", parameters::text_up_to(CAMPAIGN_CHARS));
    let limit = parameters.read("limit", parameters::whole_up_to(MOST));
    let cursor =
        parameters.read("cursor", |text| text.parse::<CampaignCursor>().map_err(|bad| bad.to_string()));
    let range = parameters.read("range", super::history::range);
    let zone = parameters.read("tz", parameters::zone);
    let compare = parameters.read("compare", super::history::compare);
    parameters.finish()?;
    let zone = zone.unwrap_or_else(|| state.settings.zone.clone());
    let range = range.unwrap_or(Range::Days90);
    let window = calendar::window(range, &zone, state.now(), compare.unwrap_or(Compare::Previous));
    let span = window.span;
    let ask = CampaignsAsk { window, search, limit: limit.unwrap_or(USUAL), cursor };
    let ledger = state.ledger.clone();
    let page = permit.done(async move { ledger.campaigns(principal.tenant, &ask).await }).await?;
    Ok(Json(json!({
        "range": figures::span(span),
        "campaigns": page.rows.iter().map(campaign).collect::<Value>(),
        "next": page.next.map(|next| next.to_string()),
    })))
}

fn campaign(CampaignRow { last_run, part }: &CampaignRow) -> Value {
    let one = |sums: &Sums| Figures { sums: sums.clone(), campaigns: i64::from(sums.runs > 0) };
    json!({
        "id": part.key,
        "name": part.name,
        "lastRunAt": last_run.to_string(),
        "figures": figures::figures(&one(&part.now), &one(&part.before)),
    })
}
