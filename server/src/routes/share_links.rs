//! `/api/share-links` and `/api/embed-tokens`: what others are shown.

use axum::{
    Json,
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, StatusCode};
use ledger::ShareLink;
use model::record::FieldFault;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    access::{EmbeddedView, Principal, SHARED, ShareToken},
    app_state::{AppState, SharedState},
    http::json_body::json_text,
    problem::{Problem, ProblemType},
    share::{DAYS, LinkWishes, read_view},
};

const LINK_MEMBERS: [&str; 4] = ["view", "days", "password", "fixed"];
const TOKEN_MEMBERS: [&str; 2] = ["view", "minutes"];
/// How long a token is good for unless that is said, and at most.
const MINUTES: i64 = 10;
const MINUTES_MOST: i64 = 1_440;
const MINUTE: i64 = 60_000_000;

pub async fn list(State(state): State<SharedState>, principal: Principal) -> Result<Response, Problem> {
    let links = state.ledger.share_links(principal.tenant).await?;
    let secret = state.keys.secret().await.unwrap_or_default();
    let mine = links.iter().filter(|link| is_for(link, &principal));
    let told: Vec<Value> = mine.map(|link| told(&state, &secret, link)).collect();
    Ok(Json(json!({ "links": told })).into_response())
}

pub async fn add(
    State(state): State<SharedState>,
    principal: Principal,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let members = members(&headers, body, &LINK_MEMBERS).await?;
    let mut faults = Vec::new();
    let wishes = LinkWishes {
        view: text(&members, "view", &mut faults).unwrap_or_default(),
        days: number(&members, "days", DAYS, &mut faults),
        password: text(&members, "password", &mut faults),
        is_fixed: flag(&members, "fixed", &mut faults),
    };
    if !faults.is_empty() {
        return Err(Problem::fields(faults));
    }
    let (link, url) = make(&state, &principal, &wishes)
        .await?
        .map_err(|(field, sentence)| Problem::fields(vec![FieldFault::new(field, sentence)]))?;
    let made = json!({"id": link.id, "url": url, "expires": link.ends_at.to_string()});
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

/// Keeps a link, and says its address.
pub async fn make(
    state: &AppState,
    principal: &Principal,
    wishes: &LinkWishes,
) -> Result<Result<(ShareLink, String), crate::share::LinkFault>, Problem> {
    let link = match wishes.link(principal, state.now(), &state.settings.zone) {
        Ok(link) => link,
        Err(fault) => return Ok(Err(fault)),
    };
    let secret = state.keys.kept_secret().await?;
    state.ledger.add_share_link(link.clone()).await?;
    let url = url(state, &secret, &link);
    Ok(Ok((link, url)))
}

pub async fn remove(
    State(state): State<SharedState>,
    principal: Principal,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let none = || Problem::new(ProblemType::NotFound, "There is no link of this id, or no longer.");
    let Path(id) = id.map_err(|_| none())?;
    let id = Uuid::try_parse(&id).map_err(|_| none())?;
    let was_there = revoke(&state, &principal, id).await?;
    if was_there { Ok(StatusCode::NO_CONTENT) } else { Err(none()) }
}

/// Lets a link go that they may see. Says whether it was there.
pub async fn revoke(state: &AppState, principal: &Principal, id: Uuid) -> Result<bool, Problem> {
    let link = state.ledger.share_link(principal.tenant, id).await?;
    if !link.is_some_and(|link| is_for(&link, principal)) {
        return Ok(false);
    }
    Ok(state.ledger.revoke_share_link(principal.tenant, id).await?)
}

pub async fn embed(
    State(state): State<SharedState>,
    principal: Principal,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let members = members(&headers, body, &TOKEN_MEMBERS).await?;
    let mut faults = Vec::new();
    let view = text(&members, "view", &mut faults).unwrap_or_default();
    let minutes = number(&members, "minutes", MINUTES, &mut faults);
    let ask = read_view(&view);
    if faults.is_empty() && ask.is_none() {
        let how = "must be the address of the panel or of a campaign's page, as in /?range=30d";
        faults.push(FieldFault::new("view", how));
    }
    if faults.is_empty() && !(1..=MINUTES_MOST).contains(&minutes) {
        faults.push(FieldFault::new("minutes", format!("must be a whole number from 1 to {MINUTES_MOST}")));
    }
    let Some(ask) = ask.filter(|_| faults.is_empty()) else { return Err(Problem::fields(faults)) };
    let ends_at = state.now().plus(minutes * MINUTE);
    let secret = state.keys.kept_secret().await?;
    let token = ShareToken::Embedded(EmbeddedView::new(principal.tenant, ask.href(), ends_at));
    let made = json!({"token": token.text(&secret), "expires": ends_at.to_string()});
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

/// Readers see to their own, administrators to all.
pub fn is_for(link: &ShareLink, principal: &Principal) -> bool {
    principal.is_admin() || *principal.name == *link.made_by
}

/// Under which address it opens.
pub fn url(state: &AppState, secret: &str, link: &ShareLink) -> String {
    let token = ShareToken::Link { tenant: link.tenant, id: link.id };
    format!("{}{SHARED}{}", state.address, token.text(secret))
}

fn told(state: &AppState, secret: &str, link: &ShareLink) -> Value {
    json!({
        "id": link.id,
        "url": url(state, secret, link),
        "view": link.view,
        "expires": link.ends_at.to_string(),
        "madeBy": link.made_by,
        "madeAt": link.made_at.to_string(),
        "hasPassword": link.password.is_some(),
        "visits": link.visits,
        "visitedAt": link.visited_at.map(|at| at.to_string()),
    })
}

async fn members(headers: &HeaderMap, body: Body, known: &[&str]) -> Result<Map<String, Value>, Problem> {
    let text = json_text(headers, body).await?;
    let value: Value = serde_json::from_str(&text)
        .map_err(|error| Problem::new(ProblemType::NotJson, format!("The body is not JSON: {error}.")))?;
    let names = known.join(", ");
    let Value::Object(members) = value else {
        return Err(Problem::fields(vec![FieldFault::new("", format!("must be an object with {names}"))]));
    };
    let strays = members.keys().filter(|name| !known.contains(&name.as_str())).take(known.len());
    let faults: Vec<FieldFault> = strays
        .map(|name| {
            let rule = format!("is not a field here; there are {names}");
            FieldFault::new(model::privacy::shown_name(name), rule)
        })
        .collect();
    if faults.is_empty() { Ok(members) } else { Err(Problem::fields(faults)) }
}

fn text(members: &Map<String, Value>, name: &str, faults: &mut Vec<FieldFault>) -> Option<String> {
    match members.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        None | Some(Value::Null) => None,
        Some(_) => {
            faults.push(FieldFault::new(name, "must be a text"));
            None
        }
    }
}

fn number(members: &Map<String, Value>, name: &str, default: i64, faults: &mut Vec<FieldFault>) -> i64 {
    match members.get(name) {
        None | Some(Value::Null) => default,
        Some(value) => value.as_i64().unwrap_or_else(|| {
            faults.push(FieldFault::new(name, "must be a whole number"));
            default
        }),
    }
}

fn flag(members: &Map<String, Value>, name: &str, faults: &mut Vec<FieldFault>) -> bool {
    match members.get(name) {
        None | Some(Value::Null) => false,
        Some(value) => value.as_bool().unwrap_or_else(|| {
            faults.push(FieldFault::new(name, "must be true or false"));
            false
        }),
    }
}
