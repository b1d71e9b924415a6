//! `/sign-in` and `/sign-out`, and what those see who are not let in.

use app::pages::{SignInFacts, sign_in_page};
use axum::{
    Form,
    body::Body,
    extract::{FromRequest as _, Query, Request, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use ledger::LedgerError;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::{document, fault, frame};
use crate::{
    access::{AccessRefusal, ClientAddress, SignedIn, passwords},
    app_state::{AppState, SharedState},
    problem::{Problem, ProblemType},
};

const PATH: &str = "/sign-in";

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct WantedPage {
    to: String,
}

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
struct SentSignIn {
    name: String,
    password: String,
    to: String,
}

/// What stands in for an answer.
pub async fn refuse(state: &SharedState, request: Request, refusal: AccessRefusal) -> Response {
    let path = request.uri().path();
    let is_page = !path.starts_with("/api/") && path != "/metrics";
    match refusal {
        AccessRefusal::Problem(problem) => problem.into_response(),
        AccessRefusal::SignIn if is_page => {
            let is_seen = matches!(*request.method(), Method::GET | Method::HEAD);
            let to = request.uri().path_and_query().map_or("/", |address| address.as_str());
            to_sign_in(if is_seen { to } else { "/" })
        }
        AccessRefusal::SignIn => {
            let detail =
                "This needs a sign-in, or a key: send one as Authorization: Bearer, or as x-api-key.";
            let challenge = HeaderValue::from_static("Bearer");
            Problem::new(ProblemType::KeyMissing, detail)
                .with_header(header::WWW_AUTHENTICATE, challenge)
                .into_response()
        }
        AccessRefusal::NotAllowed(sentence) if is_page => {
            fault::page(state, request, StatusCode::FORBIDDEN, "This is for others", &sentence).await
        }
        AccessRefusal::NotAllowed(sentence) => {
            Problem::new(ProblemType::NotAllowed, sentence).into_response()
        }
        AccessRefusal::Unavailable(error) if is_page => fault::unavailable(state, request, &error).await,
        AccessRefusal::Unavailable(error) => Problem::from(error).into_response(),
    }
}

fn to_sign_in(to: &str) -> Response {
    Redirect::to(&format!("{PATH}{}", query(to))).into_response()
}

/// "?to=…", where it is not the panel.
pub(super) fn query(to: &str) -> String {
    match own_page(to) {
        "/" => String::new(),
        to => format!("?to={}", utf8_percent_encode(to, NON_ALPHANUMERIC)),
    }
}

/// A page of ours and no other: two slashes lead to another host, and browsers take a backslash for one.
pub(super) fn own_page(to: &str) -> &str {
    let is_own = to.starts_with('/')
        && !to.starts_with("//")
        && !to.bytes().any(|byte| byte == b'\\' || byte.is_ascii_control())
        && !to.starts_with(PATH);
    if is_own { to } else { "/" }
}

pub async fn show(
    State(state): State<SharedState>,
    Query(WantedPage { to }): Query<WantedPage>,
    request: Request,
) -> Response {
    page(&state, request, StatusCode::OK, SignInFacts { to, ..SignInFacts::default() }).await
}

pub async fn sign_in(State(state): State<SharedState>, request: Request) -> Response {
    let from = request.extensions().get::<ClientAddress>().and_then(|from| from.0);
    let (parts, body) = request.into_parts();
    let sent = Form::<SentSignIn>::from_request(Request::from_parts(parts.clone(), body), &()).await;
    let SentSignIn { name, password, to } = sent.map(|form| form.0).unwrap_or_default();
    let request = Request::from_parts(parts, Body::empty());
    let facts = |fault: &str| SignInFacts {
        to: to.clone(),
        name: name.clone(),
        fault: Some(fault.to_owned()),
        ..SignInFacts::default()
    };
    let begun = match state.failed_sign_ins.begin(from) {
        Ok(begun) => begun,
        Err(wait) => {
            let seconds = wait.as_secs() + 1;
            let told = facts(&format!("Too many sign-ins failed. Try again in {seconds} s."));
            let mut answer = page(&state, request, StatusCode::TOO_MANY_REQUESTS, told).await;
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            return answer;
        }
    };
    let account = match state.ledger.account(name.trim()).await {
        Ok(account) => account,
        Err(error) => return fault::unavailable(&state, request, &error).await,
    };
    let is_short = password.len() <= passwords::LONGEST;
    if !(is_short && state.passwords.holds(password, account.password).await) {
        let told = facts("Name and password do not belong together.");
        return page(&state, request, StatusCode::UNAUTHORIZED, told).await;
    }
    state.failed_sign_ins.succeeded(from, begun);
    let person = SignedIn { name: name.trim().to_owned(), roles: account.roles, is_told: false };
    match signed_in(&state, request.headers(), person, &to).await {
        Ok(answer) => answer,
        Err(error) => fault::unavailable(&state, request, &error).await,
    }
}

/// A new session in the place of the one before, and the page that was asked for.
pub(super) async fn signed_in(
    state: &AppState,
    headers: &HeaderMap,
    person: SignedIn,
    to: &str,
) -> Result<Response, LedgerError> {
    let secret = state.keys.secret().await;
    let secret = secret.ok_or_else(|| LedgerError::Unavailable("the ledger has no secret yet".to_owned()))?;
    let before = state.sessions.token(headers);
    let cookie = state.sessions.open(&secret, person, before.as_deref(), state.now()).await?;
    let mut answer = Redirect::to(own_page(to)).into_response();
    if let Some(cookie) = cookie {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(answer)
}

pub async fn sign_out(State(state): State<SharedState>, headers: HeaderMap) -> Result<Response, Problem> {
    if let (Some(secret), Some(token)) = (state.keys.secret().await, state.sessions.token(&headers)) {
        state.sessions.end(&secret, &token).await?;
    }
    let mut answer = Redirect::to(PATH).into_response();
    if let Some(cookie) = state.sessions.ended_cookie() {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(answer)
}

/// The page, with ways in as they are set up.
pub(super) async fn page(
    state: &SharedState,
    request: Request,
    status: StatusCode,
    facts: SignInFacts,
) -> Response {
    let to = own_page(&facts.to).to_owned();
    let facts = SignInFacts {
        provider: state.provider.as_ref().map(|_| format!("/sign-in/oidc{}", query(&to))),
        to,
        has_passwords: state.keys.is_peopled().await,
        has_proxy: state.settings.sign_in.user_header.is_some(),
        ..facts
    };
    let frame = frame(state, &request);
    let mut answer = document(request, status, || {}, move || sign_in_page(&frame, &facts)).await;
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_pages_are_led_to() {
        for to in ["/", "/pipeline?a=b", "/campaigns/%2F%2Fevil", "/x//y"] {
            assert_eq!(own_page(to), to);
        }
        for to in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\nb",
            "x",
            "/\t/e",
            "/sign-in?to=/",
        ] {
            assert_eq!(own_page(to), "/", "{to:?}");
        }
    }
}
