//! How long work of several calls may take as a whole, where it must not have an effect any later.

use std::time::Duration;

use tokio::time::Instant;

/// A call is not begun where it could not take its whole time before the end: what was given up may still have an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// When all of it has ended.
    pub until: Instant,
    /// How long one attempt may take at the most.
    pub each: Duration,
}

impl Limit {
    /// From then on for the whole of this time; half of it for one attempt, so that a second one may follow the first.
    #[must_use]
    pub fn lasting(whole: Duration, from: Instant) -> Self {
        Self { until: from + whole, each: whole / 2 }
    }

    /// Whether an attempt that begins now may still be under way at the end.
    #[must_use]
    pub fn is_over(&self, now: Instant) -> bool {
        now + self.each > self.until
    }
}
