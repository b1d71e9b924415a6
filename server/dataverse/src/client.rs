//! The client itself: made from settings, cheap to clone, one identity shared by all its clones.

mod connect;
mod rows;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use http::Method;
use jiff::{Timestamp, fmt::rfc2822};
use serde::Deserialize;
use uuid::Uuid;

use crate::call::Call;
use crate::credential::Credential;
use crate::error::Error;
use crate::limit::Limit;
use crate::pages::Pages;
use crate::query::Query;
use crate::request_size::RequestSize;
use crate::runtime::{Runtime, System};
use crate::settings::Settings;
use crate::throttle::Throttle;
use crate::token::{TokenStats, Tokens};
use crate::transport::Transport;

pub use connect::http_client;
pub use rows::Freshness;

/// A client of one organisation. Clones share token, limits and connections.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Transport>,
    limit: Option<Limit>,
}

/// Whom the organisation takes the application for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WhoAmI {
    /// The business unit of the application's user.
    pub business_unit_id: Uuid,
    /// The application's user.
    pub user_id: Uuid,
    /// The organisation.
    pub organization_id: Uuid,
}

/// The address of a row that was written, and its id where the address holds one (an address by alternate key does not).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityId {
    /// The whole address.
    pub url: String,
    /// The id, if the address holds one.
    pub id: Option<Uuid>,
}

impl EntityId {
    /// Reads `OData-EntityId`: never a GUID blindly, since key forms come back as they were sent.
    pub(crate) fn from_url(url: &str) -> Self {
        let inside = url.rsplit_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        let id = inside
            .map(|key| key.rsplit('=').next().unwrap_or(key))
            .filter(|_| inside.is_some_and(|key| key.matches('=').count() <= 1));
        Self { url: url.to_owned(), id: id.and_then(|text| Uuid::try_parse(text).ok()) }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}

impl Client {
    /// A client with the machine's own clock and chance.
    ///
    /// # Errors
    /// [`Error::Misuse`] says which setting cannot be used. Nothing is sent yet.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        Self::with_runtime(settings, Arc::new(System))
    }

    /// A client that takes time and chance from elsewhere.
    pub fn with_runtime(settings: Settings, runtime: Arc<dyn Runtime>) -> Result<Self, Error> {
        let http = connect::http(&settings)?;
        let tokens = Tokens::new(&settings, http.clone(), Arc::clone(&runtime));
        let base = settings.base();
        let inner = Transport {
            settings,
            base,
            http,
            tokens,
            throttle: Throttle::default(),
            request_size: RequestSize::default(),
            cost: AtomicU64::default(),
            runtime,
        };
        Ok(Self { inner: Arc::new(inner), limit: None })
    }

    /// Sees to it that there is a token: proof that the identity provider takes the credentials.
    ///
    /// # Errors
    /// [`Error::Credentials`] says what is wrong with them.
    pub async fn sign_in(&self) -> Result<(), Error> {
        self.inner.tokens.get().await.map(drop)
    }

    /// Whom the organisation takes us for: the cheapest proof that address, credentials and application user are right.
    pub async fn who_am_i(&self) -> Result<WhoAmI, Error> {
        self.inner.send(self.call("who_am_i", Method::GET, "WhoAmI")).await?.json()
    }

    /// What time it is there, where the answer says so, to the second.
    pub async fn server_time(&self) -> Result<Option<Timestamp>, Error> {
        let answer = self.inner.send(self.call("who_am_i", Method::GET, "WhoAmI")).await?;
        let date = answer.header("date").and_then(|date| rfc2822::parse(date).ok());
        Ok(date.map(|date| date.timestamp()))
    }

    /// Reads what the query asks for, page by page.
    pub fn query(&self, query: Query) -> Pages {
        Pages::new(Arc::clone(&self.inner), self.limit, query)
    }

    /// From the next token request on, the application proves itself by this. The token in hand is used to its end.
    pub fn rotate_credential(&self, credential: impl Into<Credential>) {
        self.inner.tokens.rotate(credential.into());
    }

    /// How the token cache fares.
    pub fn token_stats(&self) -> TokenStats {
        self.inner.tokens.stats()
    }

    /// How long the server has asked all clients of this identity to wait, if it has.
    pub fn held_back_for(&self) -> Option<Duration> {
        self.inner.throttle.closed_for(self.inner.runtime.instant())
    }

    /// The same client for work that must have ended by then.
    #[must_use]
    pub fn within(&self, limit: Limit) -> Self {
        Self { inner: Arc::clone(&self.inner), limit: Some(limit) }
    }

    /// What was asked of the organisation so far, by all clones: each row of each attempt to write, each attempt to read.
    pub fn cost(&self) -> u64 {
        self.inner.cost.load(Relaxed)
    }

    pub(crate) fn call(&self, operation: &'static str, method: Method, path: impl Into<String>) -> Call {
        self.inner.call(self.limit, operation, method, path.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_from_addresses() {
        let id = Uuid::from_u128(7);
        let check =
            |url: String, expect: Option<Uuid>| assert_eq!(EntityId::from_url(&url).id, expect, "{url}");
        check(format!("https://o/api/data/v9.2/sets({id})"), Some(id));
        check(format!("https://o/api/data/v9.2/sets(setid={id})"), Some(id));
        check("https://o/api/data/v9.2/sets(a=2,b=2)".to_owned(), None);
        check(format!("https://o/api/data/v9.2/sets(a={id},b='x')"), None);
        check("nonsense".to_owned(), None);
    }
}
