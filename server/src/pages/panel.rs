//! `/` and `/campaigns/{id}`, and the poll that keeps them alive.

use std::{sync::Arc, time::Duration};

use app::{address::ViewQuery, pages::panel_page, panel::Panel, studio::SharedStudio};
use axum::{
    extract::{Query, Request, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use leptos::prelude::provide_context;
use tokio::time::timeout;

use super::{Visitor, document, fault, frame};
use crate::{access::Principal, app_state::SharedState, http::headers::none_match, snapshot::Visit};

/// How long a page waits for what its box offers.
const CHOICES: Duration = Duration::from_secs(1);

pub async fn panel(State(state): State<SharedState>, principal: Principal, request: Request) -> Response {
    let visitor = Visitor::of(request.headers());
    let address = request.uri();
    let ask = ViewQuery::of_page(address.path(), address.query().unwrap_or_default());
    if address.path() != "/" && !ask.is_own {
        let sentence = "No campaign has this id. The campaigns page lists those that there are.";
        return fault::page(&state, request, StatusCode::NOT_FOUND, "There is no such campaign", sentence)
            .await;
    }
    let panel = match state.snapshots.panel(&principal, &ask, &visitor).await {
        Ok(panel) => panel,
        Err(error) => return fault::unavailable(&state, request, &error).await,
    };
    if let Some(elsewhere) = elsewhere(address, &panel) {
        return Redirect::to(&elsewhere).into_response();
    }
    let is_unknown = panel.search.is_some() || panel.invitation.is_some();
    let status = if ask.is_own && is_unknown { StatusCode::NOT_FOUND } else { StatusCode::OK };
    // A page without anything to choose from is better than none.
    let campaigns = timeout(CHOICES, state.snapshots.choices(&principal)).await;
    let campaigns = campaigns.ok().and_then(Result::ok).unwrap_or_default();
    let (frame, shown) = (frame(&state, &request), Arc::clone(&panel).signed(&visitor.author));
    document(
        request,
        status,
        move || provide_context((*panel).clone()),
        move || panel_page(&frame, &shown, &campaigns),
    )
    .await
}

/// The view that a form was on, as a link to it, whatever else the form says.
pub(super) fn view_of_form(path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    ViewQuery::of_page(path, query).href()
}

/// Where the form of a campaign's own page leads, once another one is written there, or none.
fn elsewhere(address: &Uri, panel: &Panel) -> Option<String> {
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(address).ok()?.0;
    let (_, written) = pairs.into_iter().find(|(name, _)| name == "campaign")?;
    let is_here = Some(&written) == panel.ask.campaign.as_ref() || written == panel.campaign;
    (panel.ask.is_own && !is_here)
        .then(|| panel.ask.with_campaign((!written.is_empty()).then_some(written)).href())
}

/// A poll that would bring what its page holds already is answered before anything is rendered.
pub async fn poll(State(state): State<SharedState>, principal: Principal, mut request: Request) -> Response {
    // To a client that takes pages, Leptos would answer as to a form: with the way back to where `Referer` says it was.
    request.headers_mut().remove(header::ACCEPT);
    let visitor = Visitor::of(request.headers());
    let mut held = None;
    if request.headers().contains_key(header::IF_NONE_MATCH) {
        let ask = ViewQuery::of_query(request.uri().query().unwrap_or_default());
        if let Ok(panel) = state.snapshots.panel(&principal, &ask, &visitor).await {
            let tag = panel.entity_tag();
            if none_match(request.headers(), &tag) {
                return unmodified(&tag);
            }
            held = Some((ask, panel));
        }
    }
    let studio: SharedStudio =
        Arc::new(Visit { snapshots: Arc::clone(&state.snapshots), principal, visitor, held });
    let context = move || provide_context(Arc::clone(&studio));
    leptos_axum::handle_server_fns_with_context(context, request).await.into_response()
}

fn unmodified(tag: &str) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
    }
    (StatusCode::NOT_MODIFIED, headers).into_response()
}
