//! On whose behalf a request is made. There is one tenant yet, and every query names it by type all the same.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;
use model::tenant::TenantId;

use super::SentKey;

/// The person or program that asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    pub tenant: TenantId,
    /// What they are called in the record of who did what.
    pub name: Arc<str>,
    /// From where they ask, where that is known.
    pub from: Option<IpAddr>,
}

impl Principal {
    /// The server itself, for those who watch it.
    #[must_use]
    pub fn house() -> Self {
        Self { tenant: TenantId::FIRST, name: "the server".into(), from: None }
    }

    /// A person, who has not signed in: there is no sign-in yet.
    #[must_use]
    pub fn person(from: Option<IpAddr>) -> Self {
        Self { tenant: TenantId::FIRST, name: "the demo user".into(), from }
    }

    /// The service that has this key.
    #[must_use]
    pub fn service(key: &SentKey, from: Option<IpAddr>) -> Self {
        Self { tenant: key.tenant, name: format!("key {}", key.name).into(), from }
    }
}

impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = Infallible;

    /// The one that was let in.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let from = || parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|from| from.0.ip());
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(|| Self::person(from())))
    }
}
