//! `/s/{token}`: a view for those who have a link to it, or a token for embedding.

use std::{net::IpAddr, sync::Arc};

use app::{
    address::ViewQuery,
    pages::{SharedFacts, locked_page, shared_page, shared_view},
    panel::Panel,
};
use axum::{
    Form,
    body::Body,
    extract::{FromRequest as _, Path, Request, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use ledger::{LedgerError, ShareLink};
use serde::Deserialize;

use super::{Visitor, document, fault, frame};
use crate::{
    access::{ClientAddress, SHARED, SealUse, cookie, passwords},
    app_state::SharedState,
    http::headers::none_match,
    problem::Problem,
    settings::PublicUrl,
    share::SharedView,
};

/// What the form of a locked view sends.
#[derive(Default, Deserialize)]
#[serde(default)]
struct SentPassword {
    password: String,
}

pub async fn show(State(state): State<SharedState>, Path(token): Path<String>, request: Request) -> Response {
    let answer = match SharedView::find(&state, &token).await {
        Ok(Some(shared)) if is_locked(&state, &shared, request.headers()).await => {
            locked(&state, request, &token, StatusCode::OK, None).await
        }
        Ok(Some(shared)) => shown(&state, &shared, request).await,
        Ok(None) => {
            let sentence =
                "This link shows nothing: it is over, was revoked, or is not whole. Ask for another one.";
            fault::page(&state, request, StatusCode::NOT_FOUND, "Nothing is shared here", sentence).await
        }
        Err(error) => fault::unavailable(&state, request, &error).await,
    };
    hidden(answer)
}

/// The view alone, for the script of its page.
pub async fn live(
    State(state): State<SharedState>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let Some(shared) = SharedView::find(&state, &token).await? else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    if is_locked(&state, &shared, request.headers()).await {
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    let panel = panel(&state, &shared, from(&request)).await?;
    let tag = panel.entity_tag();
    let mut answer = if none_match(request.headers(), &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        shared_view(&panel).into_response()
    };
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.extend(HeaderValue::from_str(&tag).ok().map(|tag| (header::ETAG, tag)));
    Ok(hidden(answer))
}

/// A password was said.
pub async fn unlock(
    State(state): State<SharedState>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let from = from(&request);
    let (parts, body) = request.into_parts();
    let sent = Form::<SentPassword>::from_request(Request::from_parts(parts.clone(), body), &()).await;
    let password = sent.map(|form| form.0.password).unwrap_or_default();
    let request = Request::from_parts(parts, Body::empty());
    let found = match SharedView::find(&state, &token).await {
        Ok(found) => found,
        Err(error) => return fault::unavailable(&state, request, &error).await,
    };
    let Some(link) = found.and_then(|shared| shared.link) else {
        return Redirect::to(&address(&token)).into_response();
    };
    let Ok(tried) = state.failed_sign_ins.begin(from) else {
        let fault = Some("Too many passwords were wrong. Try again in a minute.");
        return locked(&state, request, &token, StatusCode::TOO_MANY_REQUESTS, fault).await;
    };
    let is_short = password.len() <= passwords::LONGEST;
    if !(is_short && state.passwords.holds(password, link.password.clone()).await) {
        let fault = Some("That is not the password.");
        return locked(&state, request, &token, StatusCode::UNAUTHORIZED, fault).await;
    }
    state.failed_sign_ins.succeeded(from, tried);
    let mut answer = Redirect::to(&address(&token)).into_response();
    if let Some(secret) = state.keys.secret().await {
        let is_secure = state.settings.public_url.as_ref().is_some_and(PublicUrl::is_secure);
        let secure = if is_secure { "; Secure" } else { "" };
        let (name, code) = (cookie_name(&link), code(&secret, &link));
        let text = format!("{name}={code}; Path={SHARED}; HttpOnly; SameSite=Lax{secure}");
        answer.headers_mut().extend(HeaderValue::from_str(&text).ok().map(|text| (header::SET_COOKIE, text)));
    }
    hidden(answer)
}

async fn shown(state: &SharedState, shared: &SharedView, request: Request) -> Response {
    let panel = match panel(state, shared, from(&request)).await {
        Ok(panel) => panel,
        Err(error) => return fault::unavailable(state, request, &error).await,
    };
    if let Some(link) = &shared.link {
        // It is shown all the same where that cannot be counted just now.
        if let Err(error) = state.ledger.note_visit(link.tenant, link.id, state.now()).await {
            tracing::warn!(%error, "a visit of a shared view was not counted");
        }
    }
    let zone = Visitor::of(request.headers()).zone.unwrap_or_else(|| state.settings.zone.clone());
    let facts = SharedFacts {
        title: panel.title(),
        scope: scope(&panel),
        as_of: panel.as_of.clone(),
        until: zone.format(shared.ends_at, "%-d %b %Y %H:%M"),
        view: shared_view(&panel),
        is_kiosk: shared.ask.is_kiosk,
    };
    let frame = frame(state, &request);
    document(request, StatusCode::OK, || {}, move || shared_page(&frame, &facts)).await
}

fn from(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<ClientAddress>().and_then(|from| from.0)
}

async fn panel(
    state: &SharedState,
    shared: &SharedView,
    from: Option<IpAddr>,
) -> Result<Arc<Panel>, LedgerError> {
    // It looks the same to all visitors, who have chosen nothing.
    let ask = ViewQuery { is_kiosk: false, ..shared.ask.clone() };
    state.snapshots.panel(&shared.principal(from), &ask, &Visitor::default()).await
}

/// "30 days · All campaigns".
fn scope(panel: &Panel) -> String {
    let days = match panel.ask.days {
        Some(_) => panel.choice.dates.clone(),
        None => panel.ask.range.label().to_owned(),
    };
    let campaign = if panel.campaign.is_empty() { "All campaigns" } else { &panel.campaign };
    format!("{days} · {campaign}")
}

async fn locked(
    state: &SharedState,
    request: Request,
    token: &str,
    status: StatusCode,
    fault: Option<&'static str>,
) -> Response {
    let (frame, action) = (frame(state, &request), address(token));
    hidden(document(request, status, || {}, move || locked_page(&frame, &action, fault)).await)
}

async fn is_locked(state: &SharedState, shared: &SharedView, headers: &HeaderMap) -> bool {
    let Some(link) = shared.link.as_ref().filter(|link| link.password.is_some()) else { return false };
    let Some(secret) = state.keys.secret().await else { return true };
    cookie(headers, &cookie_name(link)).is_none_or(|said| said != code(&secret, link))
}

/// Good for this password alone.
fn code(secret: &str, link: &ShareLink) -> String {
    let password = link.password.as_deref().unwrap_or_default();
    SealUse::LinkPassword.code(secret, &format!("{} {password}", link.id))
}

fn cookie_name(link: &ShareLink) -> String {
    format!("studio_link_{}", link.id.simple())
}

fn address(token: &str) -> String {
    let safe = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    format!("{SHARED}{}", if safe { token } else { "" })
}

/// Addresses that open something by themselves are told to none, and kept by none.
fn hidden(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    answer
}
