//! One identity's token: cached, renewed ahead of its end by one task, fetched once however many wait for it.

mod endpoint;
mod stats;

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use http::HeaderValue;
use tokio::time::Instant;

use crate::credential::Credential;
use crate::error::{Error, Refusal};
use crate::runtime::Runtime;
use crate::settings::Settings;

pub use stats::{InHand, TokenStats};

/// No token is used for longer than this, whatever its issuer promised.
const LONGEST_USE: Duration = Duration::from_secs(55 * 60);
/// A background renewal that failed is tried again after this.
const RENEWAL_PAUSE: Duration = Duration::from_secs(10);

/// A token as it goes into a request, and which one it is, so that a refused one is dropped only once.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) header: HeaderValue,
    number: u64,
    fetched_at: Instant,
    renew_at: Instant,
    expires_at: Instant,
}

/// The cache. Shared by all clones of a client.
pub(crate) struct Tokens {
    endpoint: endpoint::Endpoint,
    runtime: Arc<dyn Runtime>,
    current: RwLock<Option<Token>>,
    /// Held by the task that fetches; the number of fetches tried so far, and how the last one ended if it failed.
    fetching: tokio::sync::Mutex<Fetches>,
    renewal: Mutex<Renewal>,
    stats: stats::Counters,
}

#[derive(Default)]
struct Fetches {
    number: u64,
    failure: Option<Error>,
    /// The issuer asked to be left alone.
    not_before: Option<Instant>,
}

#[derive(Default)]
struct Renewal {
    running: bool,
    not_before: Option<Instant>,
}

impl Tokens {
    pub(crate) fn new(settings: &Settings, http: reqwest::Client, runtime: Arc<dyn Runtime>) -> Arc<Self> {
        Arc::new(Self {
            endpoint: endpoint::Endpoint::new(settings, http, Arc::clone(&runtime)),
            runtime,
            current: RwLock::new(None),
            fetching: tokio::sync::Mutex::default(),
            renewal: Mutex::default(),
            stats: stats::Counters::default(),
        })
    }

    /// The token to send now. Only who finds none at all waits.
    pub(crate) async fn get(self: &Arc<Self>) -> Result<Token, Error> {
        let now = self.runtime.instant();
        if let Some(token) = self.usable(now) {
            self.stats.hit();
            if now >= token.renew_at {
                self.renew_behind(now);
            }
            return Ok(token);
        }
        self.stats.miss();
        self.fetch_once().await
    }

    /// The server did not take this one: the next caller fetches another, unless one was fetched since.
    pub(crate) fn drop_refused(&self, refused: &Token) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|token| token.number == refused.number) {
            *current = None;
        }
    }

    /// From now on the application proves itself by this; the token in hand is used to its end.
    pub(crate) fn rotate(&self, credential: Credential) {
        self.endpoint.rotate(credential);
    }

    pub(crate) fn stats(&self) -> TokenStats {
        let now = self.runtime.instant();
        self.stats.read(self.usable(now).map(|token| stats::InHand {
            age: now.saturating_duration_since(token.fetched_at),
            renews_in: token.renew_at.saturating_duration_since(now),
            expires_in: token.expires_at.saturating_duration_since(now),
        }))
    }

    fn usable(&self, now: Instant) -> Option<Token> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().filter(|token| now < token.expires_at).cloned()
    }

    /// Fetches, or waits for the task that is fetching and shares how that ended, good or bad.
    async fn fetch_once(&self) -> Result<Token, Error> {
        let waited_from = self.stats.fetches();
        let mut fetches = self.fetching.lock().await;
        if let Some(token) = self.usable(self.runtime.instant()) {
            return Ok(token);
        }
        if let Some(failure) = fetches.failure.clone().filter(|_| fetches.number > waited_from) {
            return Err(failure);
        }
        if let Some(left) = fetches.pause(self.runtime.instant()) {
            return Err(held_back(left));
        }
        self.fetch(&mut fetches).await
    }

    async fn fetch(&self, fetches: &mut Fetches) -> Result<Token, Error> {
        let asked_at = self.runtime.instant();
        let outcome = self.endpoint.fetch().await;
        let took = self.runtime.instant().duration_since(asked_at);
        fetches.number = self.stats.fetched(outcome.as_ref().err(), took);
        match outcome {
            Ok(issued) => {
                let now = self.runtime.instant();
                let token = Token::new(issued, fetches.number, now);
                fetches.failure = None;
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
                Ok(token)
            }
            Err(error) => {
                if let Some(asked) = error.retry_after() {
                    tracing::warn!(?asked, "the identity provider asks to be left alone");
                    fetches.not_before = Some(self.runtime.instant() + asked);
                }
                fetches.failure = Some(error.clone());
                Err(error)
            }
        }
    }

    /// One task renews while all calls go on with the old token.
    fn renew_behind(self: &Arc<Self>, now: Instant) {
        {
            let mut renewal = self.renewal.lock().unwrap_or_else(PoisonError::into_inner);
            if renewal.running || renewal.not_before.is_some_and(|at| now < at) {
                return;
            }
            renewal.running = true;
        }
        let tokens = Arc::clone(self);
        tokio::spawn(async move {
            let outcome = {
                let mut fetches = tokens.fetching.lock().await;
                match fetches.pause(tokens.runtime.instant()) {
                    Some(left) => Err(held_back(left)),
                    None => tokens.fetch(&mut fetches).await,
                }
            };
            let mut renewal = tokens.renewal.lock().unwrap_or_else(PoisonError::into_inner);
            renewal.running = false;
            renewal.not_before = match outcome {
                Ok(_) => {
                    tokens.stats.renewed();
                    None
                }
                Err(error) => {
                    tracing::warn!(%error, "token not renewed; going on with the old one");
                    Some(
                        tokens.runtime.instant() + RENEWAL_PAUSE.max(error.retry_after().unwrap_or_default()),
                    )
                }
            };
        });
    }
}

impl Fetches {
    /// How much is left of the pause that the issuer asked for.
    fn pause(&self, now: Instant) -> Option<Duration> {
        self.not_before?.checked_duration_since(now).filter(|left| !left.is_zero())
    }
}

fn held_back(left: Duration) -> Error {
    let message = "held back: the identity provider asked to be left alone".to_owned();
    Error::Throttled { retry_after: left, refusal: Refusal { status: 429, message, ..Refusal::default() } }
}

impl Token {
    /// Used until shortly before its end, and renewed some way ahead of that.
    fn new(issued: endpoint::Issued, number: u64, now: Instant) -> Self {
        let margin = (issued.lifetime / 10).min(Duration::from_secs(60));
        let use_for = issued.lifetime.saturating_sub(margin).min(LONGEST_USE);
        let ahead = (use_for / 5).min(Duration::from_secs(300));
        Self {
            header: issued.header,
            number,
            fetched_at: now,
            renew_at: now + use_for.saturating_sub(ahead),
            expires_at: now + use_for,
        }
    }
}

#[cfg(test)]
mod tests;
