//! `/healthz`, `/readyz`, `/metrics`: for whoever watches the process.

use axum::{Json, extract::State, response::IntoResponse};
use http::header;
use serde_json::{Value, json};

use crate::{
    house::SharedHouse,
    problem::{Kind, Problem},
};

/// The process answers.
pub async fn alive() -> Json<Value> {
    Json(json!({"status": "alive"}))
}

/// The ledger answers, so records can be taken.
pub async fn ready(State(house): State<SharedHouse>) -> Result<Json<Value>, Problem> {
    match house.ledger.healthy().await {
        Ok(()) => Ok(Json(json!({"status": "ready"}))),
        Err(error) => {
            Err(Problem::new(Kind::Unavailable, error.to_string()).retry_after(error.retry_after()))
        }
    }
}

/// Everything that is counted, as Prometheus reads it.
pub async fn metrics(State(house): State<SharedHouse>) -> impl IntoResponse {
    if let Some(bytes) = house.ledger.log_size() {
        // More than four gigabytes are told as four.
        metrics::gauge!("studio_ledger_log_bytes").set(u32::try_from(bytes).unwrap_or(u32::MAX));
    }
    house.metrics.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], house.metrics.render())
}
