//! On whose behalf a request is made: every query names its tenant by type.

use std::{convert::Infallible, net::IpAddr, sync::Arc};

use axum::extract::FromRequestParts;
use http::request::Parts;
use ledger::{KeyScope, PersonRole};
use model::tenant::TenantId;

use super::{ClientAddress, SentKey};

/// The person or program that asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    pub tenant: TenantId,
    /// What they are called in the record of who did what.
    pub name: Arc<str>,
    /// From where they ask, where that is known.
    pub from: Option<IpAddr>,
    pub standing: Standing,
}

/// As what they ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// As anyone on this machine: people need not sign in.
    Open,
    /// As one who did not sign in, at an address that all may ask.
    SignedOut,
    Service(KeyScope),
    Person(PersonRole),
}

impl Principal {
    /// The server itself, for those who watch it.
    #[must_use]
    pub fn house() -> Self {
        Self {
            tenant: TenantId::FIRST,
            name: "the server".into(),
            from: None,
            standing: Standing::Person(PersonRole::Admin),
        }
    }

    /// Anyone on this machine, while people need not sign in.
    #[must_use]
    pub fn open(from: Option<IpAddr>) -> Self {
        Self { tenant: TenantId::FIRST, name: "the demo user".into(), from, standing: Standing::Open }
    }

    /// One of whom nothing is known, at an address that all may ask.
    #[must_use]
    pub fn unknown(from: Option<IpAddr>) -> Self {
        Self { name: "a visitor".into(), standing: Standing::SignedOut, ..Self::open(from) }
    }

    /// The service that has this key.
    #[must_use]
    pub fn service(key: &SentKey, from: Option<IpAddr>) -> Self {
        let name = format!("key {}", key.name).into();
        Self { tenant: key.tenant, name, from, standing: Standing::Service(key.scope) }
    }

    /// One who signed in, or whom a proxy knows.
    #[must_use]
    pub fn person(name: &str, tenant: TenantId, role: PersonRole, from: Option<IpAddr>) -> Self {
        Self { tenant, name: name.into(), from, standing: Standing::Person(role) }
    }

    /// Whether they decide for the tenant.
    #[must_use]
    pub const fn is_admin(&self) -> bool {
        matches!(
            self.standing,
            Standing::Open | Standing::Person(PersonRole::Admin) | Standing::Service(KeyScope::Admin)
        )
    }
}

impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = Infallible;

    /// The one that was let in.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let from = parts.extensions.get::<ClientAddress>().and_then(|from| from.0);
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(|| Self::unknown(from)))
    }
}
