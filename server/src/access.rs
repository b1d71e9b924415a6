//! Who may ask: the right name on the request, and no page of a stranger's.

mod asker;
mod errand;
mod host;
mod origin;
mod turns;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

pub use asker::Asker;
pub use errand::{Errand, Errands};
pub use host::OwnNames;
pub use turns::{Bounds, NoTurn, Turn, Turns};

use crate::house::SharedHouse;

/// Turns away what is not meant for this server, and what a foreign page sent.
pub async fn guard(State(house): State<SharedHouse>, request: Request, next: Next) -> Response {
    let checked = host::check(&house.names, &request).and_then(|()| origin::check(&house.names, &request));
    match checked {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}
