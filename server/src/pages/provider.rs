//! `/sign-in/oidc` and `/sign-in/callback`: to the provider and back.

use app::pages::SignInFacts;
use axum::{
    extract::{Query, Request, State},
    response::{IntoResponse as _, Redirect, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;

use super::{fault, sign_in};
use crate::{
    access::{BegunSignIn, ClientAddress, ProviderFault, SealUse, SignedIn, cookie},
    app_state::SharedState,
    settings::PublicUrl,
};
use model::tenant::TenantId;

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ProviderPage {
    to: String,
}

/// What the provider sends a browser back with.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ProviderReturn {
    code: String,
    state: String,
    error: String,
    iss: Option<String>,
}

pub async fn begin(
    State(state): State<SharedState>,
    Query(ProviderPage { to }): Query<ProviderPage>,
    request: Request,
) -> Response {
    let Some(provider) = &state.provider else { return Redirect::to("/sign-in").into_response() };
    let to = sign_in::own_page(&to);
    // The way back leads to one of our names, where the browser has to have what is kept of this.
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !state.address.ends_with(&format!("://{host}")) {
        let query = sign_in::query(to);
        return Redirect::to(&format!("{}/sign-in/oidc{query}", state.address)).into_response();
    }
    let Some(secret) = state.keys.secret().await else {
        return told(&state, request, StatusCode::SERVICE_UNAVAILABLE, to, "The ledger is not ready yet.")
            .await;
    };
    let begun = BegunSignIn::new(to.to_owned(), state.now());
    match provider.begin(&begun).await {
        Ok(address) => {
            let mut answer = Redirect::to(&address).into_response();
            let json = serde_json::to_vec(&begun).unwrap_or_default();
            let sealed = SealUse::SignIn.seal(&secret, &URL_SAFE_NO_PAD.encode(json));
            let headers = answer.headers_mut();
            headers
                .extend(kept(&state, &begun.state, &sealed, 600).map(|cookie| (header::SET_COOKIE, cookie)));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            answer
        }
        Err(fault) => failed(&state, request, to, &fault).await,
    }
}

pub async fn finish(
    State(state): State<SharedState>,
    Query(returned): Query<ProviderReturn>,
    request: Request,
) -> Response {
    let taken = kept(&state, &returned.state, "", 0);
    let mut answer = finished(&state, returned, request).await;
    answer.headers_mut().extend(taken.map(|cookie| (header::SET_COOKIE, cookie)));
    answer
}

async fn finished(state: &SharedState, returned: ProviderReturn, request: Request) -> Response {
    let (Some(provider), Some(secret)) = (&state.provider, state.keys.secret().await) else {
        return Redirect::to("/sign-in").into_response();
    };
    let from = request.extensions().get::<ClientAddress>().and_then(|from| from.0);
    let Ok(tried) = state.failed_sign_ins.begin(from) else {
        let sentence = "Too many sign-ins failed. Try again in a minute.";
        return told(state, request, StatusCode::TOO_MANY_REQUESTS, "/", sentence).await;
    };
    let begun = cookie(request.headers(), &cookie_name(state, &returned.state))
        .and_then(|sealed| SealUse::SignIn.open(&secret, &sealed))
        .and_then(|text| serde_json::from_slice::<BegunSignIn>(&URL_SAFE_NO_PAD.decode(text).ok()?).ok())
        .filter(|begun| begun.state == returned.state && !begun.is_over(state.now()));
    let Some(begun) = begun else {
        let sentence = "This sign-in was not begun in this browser, or too long ago. Begin again.";
        return told(state, request, StatusCode::BAD_REQUEST, "/", sentence).await;
    };
    if !returned.error.is_empty() {
        let sentence = format!("The provider did not sign you in: {}.", short(&returned.error));
        return told(state, request, StatusCode::FORBIDDEN, &begun.to, &sentence).await;
    }
    if returned.iss.is_some_and(|issuer| !provider.is(&issuer)) {
        let sentence = "Another provider answered than was asked. Begin again.";
        return told(state, request, StatusCode::BAD_REQUEST, &begun.to, sentence).await;
    }
    let person = match provider.finish(&begun, &returned.code, state.now()).await {
        Ok(person) => person,
        Err(fault) => return failed(state, request, &begun.to, &fault).await,
    };
    state.failed_sign_ins.succeeded(from, tried);
    let Some(role) = person.role else {
        let sentence = format!(
            "{} is known to the provider, and has no role here. Ask an administrator for one: reader or admin.",
            person.name
        );
        return fault::page(state, request, StatusCode::FORBIDDEN, "You have no role here", &sentence).await;
    };
    let person = SignedIn { name: person.name, roles: vec![(TenantId::FIRST, role)], is_told: true };
    match sign_in::signed_in(state, request.headers(), person, &begun.to).await {
        Ok(answer) => answer,
        Err(error) => fault::unavailable(state, request, &error).await,
    }
}

async fn failed(state: &SharedState, request: Request, to: &str, fault: &ProviderFault) -> Response {
    tracing::warn!(%fault, "a sign-in did not come about");
    let (status, sentence) = match fault {
        ProviderFault::Away(_) => (
            StatusCode::BAD_GATEWAY,
            "The provider does not answer. Those who are signed in stay so; try again in a moment."
                .to_owned(),
        ),
        fault => (StatusCode::FORBIDDEN, format!("You are not signed in: {fault}. Begin again.")),
    };
    told(state, request, status, to, &sentence).await
}

async fn told(
    state: &SharedState,
    request: Request,
    status: StatusCode,
    to: &str,
    sentence: &str,
) -> Response {
    let facts = SignInFacts { to: to.to_owned(), fault: Some(sentence.to_owned()), ..SignInFacts::default() };
    sign_in::page(state, request, status, facts).await
}

/// A provider may say anything.
fn short(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(64).collect()
}

/// Each sign-in has its own, so that two pages that ask for one do not meet.
fn cookie_name(state: &SharedState, begun: &str) -> String {
    let is_secure = state.settings.public_url.as_ref().is_some_and(PublicUrl::is_secure);
    let begun: String = begun.chars().filter(char::is_ascii_hexdigit).take(8).collect();
    format!("{}studio_begun_{begun}", if is_secure { "__Host-" } else { "" })
}

fn kept(state: &SharedState, begun: &str, value: &str, seconds: u32) -> Option<HeaderValue> {
    let name = cookie_name(state, begun);
    let secure = if name.starts_with("__Host-") { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).ok()
}
