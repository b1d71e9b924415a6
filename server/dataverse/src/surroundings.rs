//! Time and chance, the two things a client takes from its surroundings: the only file that asks for either.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// Where a client takes time and chance from. A test hands in its own and knows every outcome.
pub trait Surroundings: Send + Sync + 'static {
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

impl Surroundings for System {
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
pub(crate) fn jitter(surroundings: &dyn Surroundings, longest: Duration) -> Duration {
    longest.mul_f64(surroundings.chance().clamp(0.0, 1.0))
}
