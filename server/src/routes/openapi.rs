//! `GET /api/openapi.json`.

use axum::Json;
use serde_json::{Value, json};

pub async fn openapi() -> Json<Value> {
    Json(json!({"openapi": "3.1.0"}))
}
