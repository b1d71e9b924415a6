//! Who may ask: the right name on the request, and no page of a stranger's.

mod allowance;
mod host;
mod origin;
mod principal;
mod turns;
mod work_permit;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use http::Method;

pub use allowance::MinuteAllowance;
pub use host::OwnNames;
pub use principal::Principal;
pub use turns::{Bounds, NoTurn, Turn, Turns};
pub use work_permit::{WorkPermit, WorkPermits};

use crate::app_state::SharedState;

/// What these answer under a strange name says no more than whether the server is alive and ready.
fn is_probe(request: &Request) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
        && matches!(request.uri().path(), "/healthz" | "/readyz")
}

/// Turns away what is not meant for this server, and what a foreign page sent.
pub async fn guard(State(state): State<SharedState>, request: Request, next: Next) -> Response {
    // Orchestrators probe under addresses of their own.
    let named = if is_probe(&request) { Ok(()) } else { host::check(&state.names, &request) };
    let checked = named.and_then(|()| origin::check(&state.names, &request));
    match checked {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}
