//! `/settings/links`: views that are shared, and a form for another one.

use app::pages::{LinkForm, LinkLine, LinksFacts, links_page};
use axum::{
    Form,
    body::Body,
    extract::{FromRequest as _, Query, Request, State},
    response::Response,
};
use http::StatusCode;
use model::calendar::Zone;
use serde::Deserialize;
use uuid::Uuid;

use super::{Visitor, document, fault, frame};
use crate::{
    access::Principal,
    app_state::SharedState,
    problem::Problem,
    routes::share_links,
    share::{DAYS, LinkWishes},
};

/// What the forms send, and what a link to the page brings.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct SentLink {
    view: String,
    days: String,
    password: String,
    fixed: Option<String>,
    /// Which is to show nothing from now on.
    revoke: Option<Uuid>,
}

pub async fn show(
    State(state): State<SharedState>,
    principal: Principal,
    Query(sent): Query<SentLink>,
    request: Request,
) -> Response {
    let view = if sent.view.is_empty() { "/".to_owned() } else { sent.view };
    let form = LinkForm { view, days: DAYS.to_string(), ..LinkForm::default() };
    page(&state, &principal, request, StatusCode::OK, None, form).await
}

pub async fn act(
    State(state): State<SharedState>,
    principal: Principal,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let sent = Form::<SentLink>::from_request(Request::from_parts(parts.clone(), body), &()).await;
    let sent = sent.map(|form| form.0).unwrap_or_default();
    let request = Request::from_parts(parts, Body::empty());
    if let Some(id) = sent.revoke {
        share_links::revoke(&state, &principal, id).await?;
        let form = LinkForm { view: "/".to_owned(), days: DAYS.to_string(), ..LinkForm::default() };
        return Ok(page(&state, &principal, request, StatusCode::OK, None, form).await);
    }
    let wishes = LinkWishes {
        view: sent.view.clone(),
        days: sent.days.trim().parse().unwrap_or_default(),
        password: Some(sent.password),
        is_fixed: sent.fixed.is_some(),
    };
    let made = share_links::make(&state, &principal, &wishes).await?;
    let form = LinkForm { view: sent.view, days: sent.days, is_fixed: wishes.is_fixed, fault: None };
    let (status, told, form) = match made {
        Ok((_, url)) => (StatusCode::OK, Some(url), form),
        Err(fault) => (StatusCode::UNPROCESSABLE_ENTITY, None, LinkForm { fault: Some(fault), ..form }),
    };
    Ok(page(&state, &principal, request, status, told, form).await)
}

async fn page(
    state: &SharedState,
    principal: &Principal,
    request: Request,
    status: StatusCode,
    told: Option<String>,
    form: LinkForm,
) -> Response {
    let visitor = Visitor::of(request.headers());
    let zone = visitor.zone.unwrap_or_else(|| state.settings.zone.clone());
    let links = match state.ledger.share_links(principal.tenant).await {
        Ok(links) => links,
        Err(error) => return fault::unavailable(state, request, &error).await,
    };
    let secret = state.keys.secret().await.unwrap_or_default();
    let mine = links.iter().filter(|link| share_links::is_for(link, principal));
    let lines = mine.map(|link| {
        let url = share_links::url(state, &secret, link);
        line(link, url, state.now(), &zone)
    });
    let facts = LinksFacts { links: lines.collect(), told, form };
    let frame = frame(state, &request);
    document(request, status, || {}, move || links_page(&frame, &facts)).await
}

fn line(link: &ledger::ShareLink, url: String, now: model::time::Timestamp, zone: &Zone) -> LinkLine {
    LinkLine {
        id: link.id.to_string(),
        view: link.view.clone(),
        url,
        until: zone.format(link.ends_at, "%-d %b %Y %H:%M"),
        is_over: link.ends_at <= now,
        has_password: link.password.is_some(),
        made_by: link.made_by.clone(),
        visits: link.visits,
    }
}
