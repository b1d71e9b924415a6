//! `/campaigns`: every campaign that has a run.

use app::pages::{CampaignLine, CampaignsFacts, campaigns_page};
use axum::{
    extract::{Query, Request, State},
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use ledger::{CampaignsAsk, LedgerError};
use model::{
    calendar::{self, Compare},
    range::Range,
};

use super::{Visitor, document, fault, frame};
use crate::{
    access::{Principal, WorkPermit},
    app_state::SharedState,
};

/// Campaigns of one page.
const ROWS: usize = 50;
/// A longer text names nothing.
const SEARCH_CHARS: usize = 64;

pub async fn campaigns(
    State(state): State<SharedState>,
    permit: WorkPermit,
    principal: Principal,
    request: Request,
) -> Response {
    let visitor = Visitor::of(request.headers());
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(request.uri()).map(|pairs| pairs.0);
    let pairs = pairs.unwrap_or_default();
    let text = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, text)| text.trim());
    let letters = text("search").unwrap_or_default().chars().filter(|letter| !letter.is_control());
    let search: String = letters.take(SEARCH_CHARS).collect();
    let range = text("range").and_then(Range::of_key).filter(|range| range.days().is_some());
    let range = range.unwrap_or(Range::Days90);
    let zone = visitor.zone.clone().unwrap_or_else(|| state.settings.zone.clone());
    let cursor = text("cursor").and_then(|cursor| cursor.parse().ok());
    let ask = CampaignsAsk {
        window: calendar::window(range, &zone, state.now(), visitor.compare.unwrap_or(Compare::Previous)),
        search: (!search.is_empty()).then(|| search.clone()),
        limit: ROWS,
        cursor,
    };
    let (ledger, asked, tenant) = (state.ledger.clone(), ask.clone(), principal.tenant);
    let answer = permit.done(async move { Ok::<_, LedgerError>(ledger.campaigns(tenant, &asked).await) });
    let page = match answer.await {
        Ok(Ok(page)) => page,
        Ok(Err(error)) => return fault::unavailable(&state, request, &error).await,
        Err(problem) => return problem.into_response(),
    };
    let line = |row: ledger::CampaignRow| CampaignLine { last_run: row.last_run, part: row.part };
    let facts = CampaignsFacts {
        zone,
        range,
        search,
        rows: page.rows.into_iter().map(line).collect(),
        next: page.next.map(|next| next.to_string()),
        goes_on: ask.cursor.is_some(),
    };
    let frame = frame(&state, &request);
    document(request, StatusCode::OK, || {}, move || campaigns_page(&frame, &facts)).await
}
