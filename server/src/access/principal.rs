//! On whose behalf a request is made. There is one tenant yet, and every query names it by type all the same.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;
use model::tenant::TenantId;

/// The person or program that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Principal {
    pub tenant: TenantId,
    /// What they are called in the record of who did what.
    pub name: &'static str,
    /// From where they ask, where that is known.
    pub from: Option<IpAddr>,
}

impl Principal {
    /// The server itself, for those who watch it.
    pub const HOUSE: Self = Self { tenant: TenantId::FIRST, name: "the server", from: None };
}

impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let from = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|from| from.0.ip());
        Ok(Self { tenant: TenantId::FIRST, name: "the demo user", from })
    }
}
