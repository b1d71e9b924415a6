//! `GET /problems/{slug}`: what a problem's `type` means, for people who follow it.

use axum::{Json, extract::Path};
use serde_json::{Value, json};

use crate::problem::{Problem, ProblemType};

pub async fn explain(Path(slug): Path<String>) -> Result<Json<Value>, Problem> {
    let kind = ProblemType::ALL.into_iter().find(|kind| kind.parts().0 == slug);
    let (_, status, title) =
        kind.ok_or_else(|| Problem::new(ProblemType::NotFound, "No problem has this type."))?.parts();
    Ok(Json(json!({"type": format!("/problems/{slug}"), "title": title, "status": status.as_u16()})))
}
