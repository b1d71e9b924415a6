//! `GET /api/session`: who asks, as what, and whose records they see.

use axum::Json;
use model::tenant::TenantId;
use serde::Serialize;

use crate::access::{Principal, Standing};

#[derive(Serialize)]
pub struct SessionAnswer {
    name: String,
    role: &'static str,
    tenant: String,
}

/// What a tenant is called.
fn tenant(id: TenantId) -> String {
    if id == TenantId::FIRST { "main".to_owned() } else { id.to_string() }
}

pub async fn session(principal: Principal) -> Json<SessionAnswer> {
    let role = match principal.standing {
        Standing::Person(role) => role.word(),
        Standing::Service(scope) => scope.word(),
        Standing::Open => ledger::PersonRole::Admin.word(),
        // None comes here: it is asked of all who they are.
        Standing::SignedOut => "",
    };
    Json(SessionAnswer { name: principal.name.to_string(), role, tenant: tenant(principal.tenant) })
}
