//! Time and chance, the two things a client takes from what it runs on: the only file that asks for either.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use uuid::Uuid;

/// Where a client takes time and chance from. A test hands in its own and knows every outcome.
pub trait Runtime: Send + Sync + 'static {
    /// For measuring stretches of time; follows tokio's clock, so that a paused runtime moves it.
    fn instant(&self) -> Instant;
    /// For reading `Retry-After` when it is a date.
    fn wall(&self) -> SystemTime;
    /// Evenly spread, from 0 up to but without 1.
    fn chance(&self) -> f64;
}

/// The machine's own clock and chance.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Runtime for System {
    fn instant(&self) -> Instant {
        Instant::now()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that asks for the time")]
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that asks for chance")]
    fn chance(&self) -> f64 {
        rand::random()
    }
}

/// A stretch of up to `longest`, evenly spread ("full jitter"), so that many callers do not come back at once.
pub(crate) fn jitter(runtime: &dyn Runtime, longest: Duration) -> Duration {
    longest.mul_f64(runtime.chance().clamp(0.0, 1.0))
}

/// A new id, made of 128 random bits.
pub(crate) fn new_id(runtime: &dyn Runtime) -> Uuid {
    let bits = (0..4).fold(0_u128, |bits, _| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is below 2^32, and positive"
        )]
        let part = (runtime.chance() * f64::from(u32::MAX)) as u32;
        (bits << 32) | u128::from(part)
    });
    uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
}
