//! `/healthz`, `/readyz`, `/metrics`: for programs that watch the process.

use std::time::Duration;

use axum::{Json, extract::State, response::IntoResponse};
use futures::FutureExt as _;
use http::{HeaderMap, header};
use model::tenant::TenantId;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::gauges;
use crate::{
    app_state::{AppState, SharedState},
    inspection::shared,
    problem::{Problem, ProblemType},
};

/// Probes give up soon.
const PATIENCE: Duration = Duration::from_secs(5);

/// The process answers.
pub async fn alive() -> Json<Value> {
    Json(json!({"status": "alive"}))
}

/// The ledger keeps what it is given, so records can be taken. What the last records met counts, and not only what a probe
/// meets. Why it does not is for those who know the server by its name.
pub async fn ready(State(state): State<SharedState>, headers: HeaderMap) -> Result<Json<Value>, Problem> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_ours = host.is_some_and(|host| state.names.has(host));
    looked(&state).await.map_err(|problem| {
        if is_ours { problem } else { Problem { detail: "The ledger is not ready.".to_owned(), ..problem } }
    })
}

async fn looked(state: &AppState) -> Result<Json<Value>, Problem> {
    let healthy = shared(&state.readiness, TenantId::FIRST, state.ledger.healthy().boxed());
    match timeout(PATIENCE, healthy).await {
        Ok(Ok(())) => Ok(Json(json!({"status": "ready"}))),
        Ok(Err(error)) => {
            Err(Problem::new(ProblemType::Unavailable, error.to_string()).retry_after(error.retry_after()))
        }
        Err(_) => {
            let known = state.ledger.health().borrow().stop().map(ToString::to_string);
            let silent =
                || format!("The ledger has not answered within {} s; ask again.", PATIENCE.as_secs());
            let detail = known.unwrap_or_else(silent);
            Err(Problem::new(ProblemType::Unavailable, detail).retry_after(PATIENCE))
        }
    }
}

/// Everything that is counted, as Prometheus reads it.
pub async fn metrics(State(state): State<SharedState>) -> impl IntoResponse {
    if let Some(bytes) = state.ledger.log_size() {
        // More than four gigabytes are told as four.
        metrics::gauge!("studio_ledger_log_bytes").set(u32::try_from(bytes).unwrap_or(u32::MAX));
    }
    let (waiting, oldest) = state.ledger.queue();
    metrics::gauge!("studio_ledger_queue_bytes").set(waiting as f64);
    metrics::gauge!("studio_ledger_queue_age_seconds").set(oldest.as_secs_f64());
    gauges::take(&state).await;
    state.metrics.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], state.metrics.render())
}
