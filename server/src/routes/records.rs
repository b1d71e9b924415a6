//! Records of a kind: taken in, listed, read, corrected, withdrawn. What a kind is called here stands in its description.

mod entity;
mod intake;
mod list;

use std::sync::Arc;

use axum::{
    Extension, Router,
    routing::{get, post},
};
use model::record::{Api, KINDS, Kind};
use tokio::sync::Semaphore;

use crate::{
    app_state::SharedState,
    problem::{self, Problem},
};

/// A kind, and how it is reached.
#[derive(Clone, Copy)]
pub struct Resource {
    pub kind: &'static Kind,
    pub api: &'static Api,
}

/// The addresses of all kinds that have some.
pub fn routes() -> Router<SharedState> {
    resources().map(of_one).fold(Router::new(), Router::merge)
}

pub fn resources() -> impl Iterator<Item = Resource> {
    KINDS.with_api().map(|(kind, api)| Resource { kind, api })
}

fn of_one(resource: Resource) -> Router<SharedState> {
    let path = resource.api.path;
    Router::new()
        .route(path, post(intake::take).get(list::list))
        .route(&format!("{path}/{{id}}"), get(entity::read).put(entity::correct).delete(entity::withdraw))
        .layer(Extension(resource))
}

/// Longer bodies are read beside the threads that answer, so that others do not wait for them.
const LONG: usize = 32 * 1024;
/// How many are read at a time.
static READERS: Semaphore = Semaphore::const_new(2);

/// Does with a body's text what takes the longer, the longer it is.
async fn reading<T: Send + 'static>(
    text: Arc<str>,
    read: impl FnOnce(&str) -> T + Send + 'static,
) -> Result<T, Problem> {
    if text.len() <= LONG {
        return Ok(read(&text));
    }
    let _place = READERS.acquire().await;
    let read = tokio::task::spawn_blocking(move || read(&text)).await;
    read.map_err(|_| {
        Problem::new(problem::ProblemType::Internal, "The server met a fault of its own; send it again.")
    })
}
