//! On whose behalf a request is made. There is one tenant yet, and every query names it by type all the same.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use model::tenant::TenantId;

/// Whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asker {
    pub tenant: TenantId,
    /// What they are called in the record of who did what.
    pub name: &'static str,
}

impl<S: Sync> FromRequestParts<S> for Asker {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self { tenant: TenantId::FIRST, name: "the demo user" })
    }
}
