//! Time and chance: the only file that asks the machine for either.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngCore as _, SeedableRng as _};
use uuid::Uuid;

/// The organisation's clock, which an administrator may move, and its chance, which a test may seed.
pub(crate) struct Surroundings {
    offset_ms: AtomicI64,
    chance: Mutex<StdRng>,
}

impl Surroundings {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        let chance = seed.map_or_else(StdRng::from_os_rng, StdRng::seed_from_u64);
        Self { offset_ms: AtomicI64::new(0), chance: Mutex::new(chance) }
    }

    /// Milliseconds since 1970, by the organisation's clock.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks for the time")]
    pub(crate) fn now_ms(&self) -> i64 {
        Timestamp::now().as_millisecond() + self.offset_ms.load(Relaxed)
    }

    /// Whole seconds since 1970: what standard tables keep of a time.
    pub(crate) fn now_s(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    /// Moves the organisation's clock on (or back) by `by_ms` milliseconds.
    pub(crate) fn move_clock(&self, by_ms: i64) {
        self.offset_ms.fetch_add(by_ms, Relaxed);
    }

    /// For measuring how long something took; [`Self::move_clock`] does not move it.
    #[expect(clippy::disallowed_methods, reason = "the one place that starts a stopwatch")]
    pub(crate) fn stopwatch() -> Instant {
        Instant::now()
    }

    pub(crate) fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.chance.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        bytes
    }

    pub(crate) fn id(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid()
    }
}
