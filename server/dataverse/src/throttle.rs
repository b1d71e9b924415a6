//! Restraint, shared by all who use one identity: the pause that the server asked for, and a budget for tries again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::runtime::{Runtime, jitter};

/// The first wait before a second try, doubled for each further one.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// Each call puts this much into the budget; a try again takes 1 out. So a server that fails everything sees a tenth
/// more requests, not five times as many.
const DEPOSIT: f64 = 0.1;
const FULL: f64 = 20.0;

/// Until when calls are held back, and how many tries again are left.
pub(crate) struct Throttle {
    closed_until: Mutex<Option<Instant>>,
    budget: Mutex<f64>,
}

impl Default for Throttle {
    fn default() -> Self {
        Self { closed_until: Mutex::new(None), budget: Mutex::new(FULL) }
    }
}

impl Throttle {
    /// The server asked for a pause: no call is sent before it is over. A pause is only ever lengthened.
    pub(crate) fn close_until(&self, until: Instant) {
        let mut closed = self.closed_until.lock().unwrap_or_else(PoisonError::into_inner);
        *closed = Some(closed.map_or(until, |earlier| earlier.max(until)));
    }

    /// How long all calls are still held back.
    pub(crate) fn closed_for(&self, now: Instant) -> Option<Duration> {
        let closed = self.closed_until.lock().unwrap_or_else(PoisonError::into_inner);
        closed.and_then(|until| until.checked_duration_since(now)).filter(|left| !left.is_zero())
    }

    pub(crate) fn deposit(&self) {
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        *budget = (*budget + DEPOSIT).min(FULL);
    }

    /// Whether a try again is within the budget, which pays for it.
    pub(crate) fn withdraw(&self) -> bool {
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        let enough = *budget >= 1.0;
        if enough {
            *budget -= 1.0;
        }
        enough
    }
}

/// How long to wait before try number `next` (2 for the second).
pub(crate) fn backoff(runtime: &dyn Runtime, next: u32) -> Duration {
    let doublings = next.saturating_sub(2).min(16);
    jitter(runtime, (FIRST_WAIT * 2_u32.pow(doublings)).min(LONGEST_WAIT))
}

/// As [`backoff`], after the server asked for a pause, which may have been none at all.
pub(crate) fn after_a_pause(runtime: &dyn Runtime, next: u32, asked: Duration) -> Duration {
    asked.max(backoff(runtime, next)).max(FIRST_WAIT / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_only_ever_lengthened() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        assert_eq!(throttle.closed_for(now), None);
        throttle.close_until(now + Duration::from_secs(9));
        throttle.close_until(now + Duration::from_secs(3));
        assert_eq!(throttle.closed_for(now), Some(Duration::from_secs(9)));
        assert_eq!(throttle.closed_for(now + Duration::from_secs(9)), None);
    }

    #[test]
    fn the_budget_runs_out_and_fills_again() {
        let throttle = Throttle::default();
        assert_eq!((0..100).filter(|_| throttle.withdraw()).count(), 20);
        (0..11).for_each(|_| throttle.deposit());
        assert!(throttle.withdraw());
        assert!(!throttle.withdraw());
    }
}
