//! What stands in for a page that is not there or cannot be shown: a page for people, a problem for programs.

use app::pages::fault_page;
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, StatusCode, header};
use ledger::LedgerError;

use super::{document, frame};
use crate::{
    app_state::SharedState,
    problem::{Problem, ProblemType},
};

/// No route has this address.
pub async fn not_found(State(state): State<SharedState>, request: Request) -> Response {
    if !wants_page(&request) {
        return Problem::new(ProblemType::NotFound, "There is nothing at this address.").into_response();
    }
    let sentence = "Nothing is at this address. All figures are on the panel.";
    page(&state, request, StatusCode::NOT_FOUND, "There is no such page", sentence).await
}

/// The ledger does not answer now.
pub async fn unavailable(state: &SharedState, request: Request, error: &LedgerError) -> Response {
    tracing::warn!(error = %error, "a page cannot be shown");
    let sentence = format!("Just now {error}. What was recorded is safe; reload in a moment.");
    let mut answer = page(
        state,
        request,
        StatusCode::SERVICE_UNAVAILABLE,
        "The figures are not there right now",
        &sentence,
    )
    .await;
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(error.retry_after().as_secs().max(1)));
    answer
}

/// A page of one sentence.
pub(super) async fn page(
    state: &SharedState,
    request: Request,
    status: StatusCode,
    title: &'static str,
    sentence: &str,
) -> Response {
    let frame = frame(state, &request);
    let sentence = sentence.to_owned();
    document(request, status, || {}, move || fault_page(&frame, title, &sentence)).await
}

fn wants_page(request: &Request) -> bool {
    let accept =
        request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    !request.uri().path().starts_with("/api/") && accept.contains("text/html")
}
