//! `POST /pipeline/recount`: the figures are recounted now.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use tokio::time;

use crate::{
    access::{Principal, WorkPermit},
    app_state::SharedState,
    problem::{Problem, ProblemType},
};

/// How long it is waited for; it goes on beside the page.
const PATIENCE: Duration = Duration::from_secs(8);

pub async fn begin(
    State(state): State<SharedState>,
    _permit: WorkPermit,
    principal: Principal,
) -> Result<Response, Problem> {
    let recounts = Arc::clone(&state.recounts);
    let recounting = tokio::spawn(async move { recounts.show(principal.tenant).await });
    match time::timeout(PATIENCE, recounting).await {
        Ok(Ok(Ok(()))) | Err(_) => Ok(Redirect::to("/pipeline").into_response()),
        Ok(Ok(Err(error))) => Err(error.into()),
        Ok(Err(error)) => {
            tracing::error!(%error, "a recount broke off");
            let detail = "The server met a fault of its own; report it with the request's id.";
            Err(Problem::new(ProblemType::Internal, detail))
        }
    }
}
