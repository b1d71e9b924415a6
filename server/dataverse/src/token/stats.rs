//! How often a token was at hand, and how often one had to be fetched.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::error::Error;

/// The token cache in figures, since the client was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenStats {
    /// Requests that found a token ready.
    pub hits: u64,
    /// Requests that had to wait for one.
    pub misses: u64,
    /// Tokens renewed ahead of their end, in the background.
    pub renewals: u64,
    /// Tokens fetched in all, renewals among them.
    pub fetches: u64,
    /// Fetches that failed.
    pub failures: u64,
    /// The token in hand, while there is one.
    pub in_hand: Option<InHand>,
}

/// The token that goes into requests now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InHand {
    /// How long ago it was fetched.
    pub age: Duration,
    /// When the next request renews it in the background.
    pub renews_in: Duration,
    /// How long it will still be used.
    pub expires_in: Duration,
}

impl TokenStats {
    /// From 0 to 1; 1 while nothing was asked yet.
    pub fn hit_rate(&self) -> f64 {
        match self.hits + self.misses {
            0 => 1.0,
            #[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
            all => self.hits as f64 / all as f64,
        }
    }
}

#[derive(Default)]
pub(super) struct Counters {
    hits: AtomicU64,
    misses: AtomicU64,
    renewals: AtomicU64,
    fetches: AtomicU64,
    failures: AtomicU64,
}

impl Counters {
    pub(super) fn hit(&self) {
        self.hits.fetch_add(1, Relaxed);
        metrics::counter!("dataverse_token_hits_total").increment(1);
    }

    pub(super) fn miss(&self) {
        self.misses.fetch_add(1, Relaxed);
        metrics::counter!("dataverse_token_misses_total").increment(1);
    }

    pub(super) fn renewed(&self) {
        self.renewals.fetch_add(1, Relaxed);
    }

    /// Counts a fetch and gives its number.
    pub(super) fn fetched(&self, failure: Option<&Error>, took: Duration) -> u64 {
        let outcome = if failure.is_none() { "ok" } else { "failed" };
        metrics::counter!("dataverse_token_fetches_total", "outcome" => outcome).increment(1);
        if failure.is_none_or(Error::took_its_time) {
            metrics::histogram!("dataverse_token_seconds").record(took.as_secs_f64());
        }
        if failure.is_some() {
            self.failures.fetch_add(1, Relaxed);
        }
        self.fetches.fetch_add(1, Relaxed) + 1
    }

    pub(super) fn fetches(&self) -> u64 {
        self.fetches.load(Relaxed)
    }

    pub(super) fn read(&self, in_hand: Option<InHand>) -> TokenStats {
        TokenStats {
            hits: self.hits.load(Relaxed),
            misses: self.misses.load(Relaxed),
            renewals: self.renewals.load(Relaxed),
            fetches: self.fetches.load(Relaxed),
            failures: self.failures.load(Relaxed),
            in_hand,
        }
    }
}
