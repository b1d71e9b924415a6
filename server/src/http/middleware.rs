//! What happens around every request: an id, a time limit, a log line, counters, the headers of the answer.

use std::{panic::AssertUnwindSafe, time::Duration};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use futures::FutureExt as _;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use tokio::time;
use tracing::Instrument as _;

use super::headers::secure;
use crate::{
    access::KeyText,
    app_state::SharedState,
    problem::{Problem, ProblemType},
};

/// Reading a body has a limit of its own, so that the sender hears whose slowness it was.
const LONGEST: Duration = Duration::from_secs(30);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The outermost layer.
pub async fn around(State(state): State<SharedState>, request: Request, next: Next) -> Response {
    let id = state.request_ids.next();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let path = request.uri().path();
    // It is refused, and written down nowhere.
    let path = if KeyText::is_within(path) { "/…" } else { path }.to_owned();
    let started = time::Instant::now();
    let span =
        tracing::info_span!("http.request", request.id = %id, http.method = %method, http.path = %path);

    let answered = AssertUnwindSafe(time::timeout(LONGEST, next.run(request))).catch_unwind();
    let answer = match answered.instrument(span.clone()).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => {
            Problem::new(ProblemType::TimedOut, "The answer took longer than 30 s; try again later.")
                .retry_after(Duration::from_secs(5))
                .into_response()
        }
        Err(_) => Problem::new(
            ProblemType::Internal,
            "The server met a fault of its own; report it with the request's id.",
        )
        .into_response(),
    };
    let mut answer = written(answer, &id);

    let seconds = started.elapsed().as_secs_f64();
    let status = answer.status();
    metrics::counter!("studio_http_requests_total", "method" => counted(&method), "route" => route.clone(),
        "status" => status.as_u16().to_string())
    .increment(1);
    metrics::histogram!("studio_http_request_seconds", "route" => route).record(seconds);
    span.in_scope(|| log(status, seconds));

    secure(
        &mut answer,
        state.settings.public_url.as_ref().is_some_and(crate::settings::PublicUrl::is_secure),
    );
    if let Ok(id) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(REQUEST_ID, id);
    }
    answer
}

/// Under which name a method is counted. HTTP lets anybody make methods up, and each would be a series of its own for ever.
fn counted(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::TRACE => "TRACE",
        Method::CONNECT => "CONNECT",
        _ => "other",
    }
}

/// A problem becomes its document here, where the id is known; what layers in between said of it stays.
fn written(mut answer: Response, id: &str) -> Response {
    let Some(problem) = answer.extensions_mut().remove::<Problem>() else { return answer };
    let mut document = problem.answer(id);
    for (name, value) in answer.headers() {
        document.headers_mut().entry(name).or_insert_with(|| value.clone());
    }
    document
}

fn log(status: StatusCode, seconds: f64) {
    let milliseconds = (seconds * 1_000.0).round();
    if status.is_server_error() {
        tracing::error!(http.status = status.as_u16(), http.milliseconds = milliseconds, "answered");
    } else {
        tracing::debug!(http.status = status.as_u16(), http.milliseconds = milliseconds, "answered");
    }
}
