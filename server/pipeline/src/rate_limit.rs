//! How much to send at once: additive up, multiplicative down, and never more requests than the allowance. Plain
//! arithmetic on times that the caller brings.

use std::time::Duration;

use model::time::{SECOND, Timestamp};

use crate::Settings;

/// The stretch over which Dataverse counts requests.
const WINDOW_SECONDS: f64 = 300.0;
/// A request that takes longer than this was too large.
const SLOW: Duration = Duration::from_secs(5);
/// How many requests in a row must go well before one more is let on the way.
const WELL_BEFORE_MORE: u32 = 4;

#[derive(Clone, Debug)]
pub(crate) struct RateLimit {
    batch: usize,
    batch_min: usize,
    batch_max: usize,
    lanes: usize,
    lanes_max: usize,
    well: u32,
    /// Requests that may be sent now, and how many more each second brings.
    allowance: f64,
    allowance_max: f64,
    refill: f64,
    refilled_at: Timestamp,
}

impl RateLimit {
    pub(crate) fn new(settings: &Settings, now: Timestamp) -> Self {
        let requests = f64::from(settings.requests_max);
        // A full bucket and what trickles in after it must fit into one window together.
        let allowance_max = requests / 3.0;
        Self {
            batch: settings.batch.clamp(settings.batch_min, settings.batch_max),
            batch_min: settings.batch_min.max(1),
            batch_max: settings.batch_max,
            lanes: 2.min(settings.lanes_max).max(1),
            lanes_max: settings.lanes_max.max(1),
            well: 0,
            allowance: allowance_max,
            allowance_max,
            refill: (requests - allowance_max) / WINDOW_SECONDS,
            refilled_at: now,
        }
    }

    pub(crate) const fn batch(&self) -> usize {
        self.batch
    }

    /// The most that a request may ever hold.
    pub(crate) const fn batch_max(&self) -> usize {
        self.batch_max
    }

    pub(crate) const fn lanes(&self) -> usize {
        self.lanes
    }

    /// How long to wait until another request is allowed, if at all.
    pub(crate) fn wait(&mut self, now: Timestamp) -> Option<Duration> {
        let elapsed = seconds(now.since(self.refilled_at).max(0));
        self.refilled_at = now;
        self.allowance = (self.allowance + elapsed * self.refill).min(self.allowance_max);
        (self.allowance < 1.0).then(|| Duration::from_secs_f64((1.0 - self.allowance) / self.refill))
    }

    /// Takes one request out of the allowance.
    pub(crate) fn spend(&mut self, now: Timestamp) {
        let _ = self.wait(now);
        self.allowance -= 1.0;
    }

    /// A request of `records` went well.
    pub(crate) fn succeeded(&mut self, records: usize, took: Duration) {
        if took > SLOW {
            self.batch = (self.batch / 2).max(self.batch_min);
            self.well = 0;
            return;
        }
        // Only a full request shows that a larger one may go.
        if records >= self.batch {
            self.batch = (self.batch + 50).min(self.batch_max);
        }
        self.well += 1;
        if self.well >= WELL_BEFORE_MORE {
            self.well = 0;
            self.lanes = (self.lanes + 1).min(self.lanes_max);
        }
    }

    /// The whole lane failed: throttled, or no answer in time.
    pub(crate) fn failed(&mut self) {
        self.batch = (self.batch / 2).max(self.batch_min);
        self.lanes = (self.lanes / 2).max(1);
        self.well = 0;
    }
}

/// Microseconds as seconds. What is lost at the far end are fractions of a microsecond after centuries.
fn seconds(micros: i64) -> f64 {
    let whole = i32::try_from(micros / SECOND).unwrap_or(i32::MAX);
    let rest = i32::try_from(micros % SECOND).unwrap_or(0);
    f64::from(whole) + f64::from(rest) / 1_000_000.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

    fn settings() -> Settings {
        Settings::new(Duration::from_secs(30), Duration::from_secs(600))
    }

    #[test]
    fn rate_grows_slowly_and_halves() {
        let mut rate_limit = RateLimit::new(&settings(), START);
        for _ in 0..20 {
            rate_limit.succeeded(rate_limit.batch(), Duration::from_millis(50));
        }
        assert_eq!((rate_limit.batch(), rate_limit.lanes()), (500, 4));
        rate_limit.failed();
        assert_eq!((rate_limit.batch(), rate_limit.lanes()), (250, 2));
        rate_limit.succeeded(1, Duration::from_millis(50));
        assert_eq!(rate_limit.batch(), 250, "a small request shows nothing about a larger one");
        rate_limit.succeeded(250, Duration::from_secs(6));
        assert_eq!(rate_limit.batch(), 125, "slow is too large");
    }

    proptest! {
        #[test]
        fn no_window_exceeds_the_allowance(gaps in prop::collection::vec(0_i64..200_000, 1..4_000)) {
            let settings = Settings { requests_max: 300, ..settings() };
            let mut rate_limit = RateLimit::new(&settings, START);
            let mut now = START;
            let mut sent = std::collections::VecDeque::new();
            for gap in gaps {
                now = now.plus(gap);
                if rate_limit.wait(now).is_none() {
                    rate_limit.spend(now);
                    sent.push_back(now);
                }
                while sent.front().is_some_and(|first| now.since(*first) >= 300 * SECOND) {
                    sent.pop_front();
                }
                prop_assert!(sent.len() <= 301, "{} requests in five minutes", sent.len());
            }
        }
    }
}
