//! Who may ask: the right name on the request, and no page of a stranger's.

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

pub use host::OwnNames;
pub use principal::Principal;
pub use turns::{Bounds, NoTurn, Turn, Turns};
pub use work_permit::{WorkPermit, WorkPermits};

use crate::app_state::SharedState;

/// Turns away what is not meant for this server, and what a foreign page sent.
pub async fn guard(State(state): State<SharedState>, request: Request, next: Next) -> Response {
    let checked = host::check(&state.names, &request).and_then(|()| origin::check(&state.names, &request));
    match checked {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}
