//! `/healthz`, `/readyz`, `/metrics`: for programs that watch the process.

use std::time::Duration;

use app::presenter::count;
use axum::{Json, extract::State, response::IntoResponse};
use futures::FutureExt as _;
use http::{HeaderMap, header};
use ledger::{Ledger, LedgerError, RollupProgress, RollupState};
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
    let healthy = shared(&state.readiness, TenantId::FIRST, is_ready(&state.ledger).boxed());
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

/// Whether records can be taken, and figures told without counting all records each time.
async fn is_ready(ledger: &Ledger) -> Result<(), LedgerError> {
    ledger.healthy().await?;
    unmade(&ledger.rollups().await?).map_or(Ok(()), |sentence| Err(LedgerError::Unavailable(sentence)))
}

/// What is said while rollups are made for the first time, or in another way than before.
fn unmade(states: &[RollupState]) -> Option<String> {
    let unmade: Vec<&RollupState> = states.iter().filter(|state| state.read.is_none()).collect();
    let sum = |of: fn(RollupProgress) -> i64| -> i64 {
        unmade.iter().filter_map(|state| state.making).map(of).sum()
    };
    let (folded, all) = (count(sum(|progress| progress.folded)), count(sum(|progress| progress.of)));
    (!unmade.is_empty()).then(|| {
        format!(
            "rollups are being made: {folded} of {all} records; until then figures are counted from the records, which takes \
             longer, and records are taken as ever"
        )
    })
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

#[cfg(test)]
mod tests {
    use model::record::KINDS;

    use super::*;

    #[test]
    fn unmade_rollups_are_said_with_progress() {
        let making = |folded| Some(RollupProgress { folded, of: 500_000 });
        let state = |read, making| {
            let kind = KINDS.iter().next().unwrap();
            RollupState { kind, read, making, wished: false }
        };
        let said = unmade(&[state(None, making(120_000)), state(None, making(0)), state(Some(1), None)]);
        let said = said.unwrap();
        assert!(said.starts_with("rollups are being made: 120,000 of 1,000,000 records;"), "{said}");
        // What is there is read meanwhile.
        assert_eq!(unmade(&[state(Some(1), making(7)), state(Some(1), None)]), None);
    }
}
