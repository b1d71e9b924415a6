//! `/settings/keys`: the keys of services, and the first of them made on a page.

use app::pages::{KeyForm, KeyLine, KeysFacts, keys_page};
use axum::{
    Form,
    body::Body,
    extract::{FromRequest as _, Request, State},
    response::Response,
};
use http::{HeaderValue, StatusCode, header};
use ledger::{KeyScope, KeyTable, ServiceKey};
use model::{calendar::Zone, tenant::TenantId, time::Timestamp};
use serde::Deserialize;
use tokio::time;

use super::{Visitor, document, fault, frame};
use crate::{
    access::{HOLDS_AFTER, KeyText, KeyWishes, Principal, WishFault, secret},
    app_state::SharedState,
    problem::Problem,
    random,
};

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
struct SentKeyForm {
    name: String,
    scope: String,
    expires: String,
    rate: String,
    /// Which is to be good for nothing from now on.
    revoke: Option<String>,
}

/// What was done, to be told.
#[derive(Default)]
struct Done {
    /// Name and text of a new key.
    made: Option<(String, String)>,
    else_done: Option<String>,
    form: KeyForm,
}

pub async fn show(State(state): State<SharedState>, principal: Principal, request: Request) -> Response {
    page(&state, principal.tenant, request, StatusCode::OK, Done::default()).await
}

pub async fn add(
    State(state): State<SharedState>,
    principal: Principal,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let sent = Form::<SentKeyForm>::from_request(Request::from_parts(parts.clone(), body), &()).await;
    let sent = sent.map(|form| form.0).unwrap_or_default();
    let (request, tenant) = (Request::from_parts(parts, Body::empty()), principal.tenant);
    if let Some(name) = sent.revoke {
        let was_there = state.ledger.revoke_key(tenant, name.clone()).await?;
        time::sleep(HOLDS_AFTER).await;
        let told = if was_there { "is revoked: it is good for nothing now" } else { "was revoked before" };
        let done = Done { else_done: Some(format!("{name} {told}.")), ..Done::default() };
        return Ok(page(&state, tenant, request, StatusCode::OK, done).await);
    }
    let wishes = KeyWishes {
        name: &sent.name,
        scope: KeyScope::of_word(&sent.scope).unwrap_or(KeyScope::Write),
        expires: &sent.expires,
        rate: &sent.rate,
    };
    let made = match wishes.key(tenant, state.now(), &state.settings.zone) {
        Ok(key) => made(&state, key).await?,
        Err(fault) => Err(fault),
    };
    let (status, done) = match made {
        Ok(made) => (StatusCode::OK, Done { made: Some(made), ..Done::default() }),
        Err(WishFault { field, sentence }) => {
            let SentKeyForm { name, scope, expires, rate, .. } = sent;
            let form = KeyForm { name, scope, expires, rate, fault: Some((field, sentence)) };
            (StatusCode::UNPROCESSABLE_ENTITY, Done { form, ..Done::default() })
        }
    };
    Ok(page(&state, tenant, request, status, done).await)
}

/// Name and text of the key that is there now.
async fn made(state: &SharedState, key: ServiceKey) -> Result<Result<(String, String), WishFault>, Problem> {
    let secret = state.ledger.keep_secret(secret(random::secret_bytes())).await?;
    let (name, text) = (key.name.clone(), KeyText::of(random::secret_bytes()));
    if !state.ledger.add_key(ServiceKey { code: text.code(&secret), ..key }).await? {
        let sentence = "is that of another key; take another one, or revoke that first".to_owned();
        return Ok(Err(WishFault { field: "name", sentence }));
    }
    time::sleep(HOLDS_AFTER).await;
    Ok(Ok((name, text.tell().to_owned())))
}

async fn page(
    state: &SharedState,
    tenant: TenantId,
    request: Request,
    status: StatusCode,
    done: Done,
) -> Response {
    let visitor = Visitor::of(request.headers());
    let zone = visitor.zone.clone().unwrap_or_else(|| state.settings.zone.clone());
    let table = match state.ledger.key_table().await {
        Ok(table) => table,
        Err(error) => return fault::unavailable(state, request, &error).await,
    };
    let Done { made, else_done, form } = done;
    let has_sign_in = state.has_sign_in().await;
    let lines = lines(&table, tenant, state.now(), &zone);
    let facts =
        KeysFacts { is_needed: table.is_closed, has_sign_in, keys: lines, told: made, done: else_done, form };
    let frame = frame(state, &request);
    let mut answer = document(request, status, || {}, move || keys_page(&frame, &facts)).await;
    // A key's text stays in no cache.
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn lines(table: &KeyTable, tenant: TenantId, now: Timestamp, zone: &Zone) -> Vec<KeyLine> {
    let at = |moment: Timestamp| zone.format(moment, "%-d %b %Y %H:%M");
    let line = |key: &ServiceKey| KeyLine {
        name: key.name.clone(),
        scope: key.scope.word(),
        expires: key.expires_at.map_or_else(|| "never".to_owned(), at),
        is_expired: key.expires_at.is_some_and(|end| end <= now),
        rate: key.rate_per_minute.map_or_else(|| "no limit".to_owned(), |rate| rate.to_string()),
        used: key.used_at.map_or_else(|| "never".to_owned(), at),
    };
    table.keys.iter().filter(|key| key.tenant == tenant).map(line).collect()
}
