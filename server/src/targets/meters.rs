//! What was measured of each target: a rolling window for each, fed as things happen and read when they are asked for.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    log_buckets::{BUCKETS, bucket_of, percentile},
    rolling_counts::RollingCounts,
    table::{PerformanceTarget, TARGETS, TargetLimit},
};

/// Of a share: what is counted for it, and what against it.
const GOOD: usize = 0;
const BAD: usize = 1;

/// Takes 2 MiB at most: eight histograms of 240 KiB, each slot of them only once something happened in it.
pub struct TargetMeters {
    started: Instant,
    counts: [RollingCounts; TARGETS.len()],
}

/// How one target stands.
#[derive(Clone, Copy, Debug)]
pub struct TargetReading {
    pub target: &'static PerformanceTarget,
    /// Microseconds, or hundredths of a percent; none of no samples.
    pub measured: Option<u64>,
    pub samples: u64,
    /// How far back was looked: over the window, or to the start.
    pub over: Duration,
    /// None where there are too few samples to say.
    pub held: Option<bool>,
}

impl TargetMeters {
    /// Begins now, by a clock that goes on whatever happens to the calendar's.
    #[must_use]
    pub fn start() -> Self {
        let counts = TARGETS.each_ref().map(|target| {
            let cells = match target.limit {
                TargetLimit::Time { .. } => BUCKETS,
                TargetLimit::Share { .. } => 2,
            };
            RollingCounts::new(cells, target.window)
        });
        Self { started: Instant::now(), counts }
    }

    /// The time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Every target, in the table's order.
    #[must_use]
    pub fn readings(&self) -> Vec<TargetReading> {
        let at = self.elapsed();
        TARGETS.iter().zip(&self.counts).map(|(target, counts)| read(target, counts, at)).collect()
    }

    pub(super) fn took(&self, targets: TargetSet, seconds: f64) {
        let (at, bucket) = (self.elapsed(), bucket_of(micros(seconds)));
        for (number, counts) in self.counts.iter().enumerate() {
            if targets.has(number) {
                counts.add(at, bucket, 1);
            }
        }
    }

    pub(super) fn happened(&self, number: usize, is_good: bool, times: u64) {
        let times = u32::try_from(times).unwrap_or(u32::MAX);
        self.counts[number].add(self.elapsed(), if is_good { GOOD } else { BAD }, times);
    }
}

fn read(target: &'static PerformanceTarget, counts: &RollingCounts, at: Duration) -> TargetReading {
    let sums = counts.sums(at);
    let samples: u64 = sums.iter().sum();
    let (measured, held) = match target.limit {
        TargetLimit::Time { percent, below } => {
            let measured = percentile(&sums, percent);
            (measured, measured.map(|micros| Duration::from_micros(micros) < below))
        }
        TargetLimit::Share { above_bp, least } => {
            // Rounded down: what is not all is never told as all.
            let measured = (sums[GOOD] * 10_000).checked_div(samples);
            (measured, measured.filter(|_| samples >= least).map(|share| share > above_bp))
        }
    };
    TargetReading { target, measured, samples, over: counts.covered(at), held }
}

/// Targets by their numbers in the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TargetSet(u16);

impl TargetSet {
    pub(super) fn of(takes: impl Fn(&PerformanceTarget) -> bool) -> Self {
        let bits =
            TARGETS.iter().enumerate().filter(|(_, target)| takes(target)).map(|(number, _)| 1 << number);
        Self(bits.sum())
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    const fn has(self, number: usize) -> bool {
        self.0 >> number & 1 == 1
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is no time counts as none")]
fn micros(seconds: f64) -> u64 {
    (seconds * 1_000_000.0).round() as u64
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn number(name: &str) -> usize {
        TARGETS.iter().position(|target| target.name == name).unwrap()
    }

    fn reading(meters: &TargetMeters, name: &str) -> TargetReading {
        meters.readings()[number(name)]
    }

    fn took(meters: &TargetMeters, name: &str, seconds: f64) {
        meters.took(TargetSet::of(|target| target.name == name), seconds);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_said_of_nothing() {
        for reading in TargetMeters::start().readings() {
            assert_eq!((reading.measured, reading.samples, reading.held), (None, 0, None), "{reading:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_slow_in_twenty_is_borne() {
        let meters = TargetMeters::start();
        (0..19).for_each(|_| took(&meters, "event_write", 0.01));
        took(&meters, "event_write", 3.0);
        let held = reading(&meters, "event_write");
        assert_eq!((held.held, held.samples), (Some(true), 20));
        assert!((9_840..=10_160).contains(&held.measured.unwrap()), "{held:?}");
        took(&meters, "event_write", 3.0);
        assert_eq!(reading(&meters, "event_write").held, Some(false));
        assert_eq!(reading(&meters, "counter_read").samples, 0, "each has its own");
    }

    #[tokio::test(start_paused = true)]
    async fn a_miss_is_over_after_its_window() {
        let meters = TargetMeters::start();
        took(&meters, "refresh", 1.0);
        took(&meters, "panel_lcp", 9.0);
        advance(Duration::from_secs(3_000)).await;
        took(&meters, "refresh", 0.001);
        let missed = reading(&meters, "refresh");
        assert_eq!((missed.held, missed.over), (Some(false), Duration::from_secs(3_000)));
        advance(Duration::from_secs(700)).await;
        assert_eq!(reading(&meters, "refresh").held, Some(true));
        assert_eq!(reading(&meters, "panel_lcp").held, Some(false), "that one's window is a day");
        advance(Duration::from_secs(86_400)).await;
        assert_eq!(reading(&meters, "panel_lcp").samples, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn shares_are_judged_from_enough() {
        let (meters, cache) = (TargetMeters::start(), number("token_cache"));
        meters.happened(cache, false, 1);
        meters.happened(cache, true, 3);
        let few = reading(&meters, "token_cache");
        assert_eq!((few.measured, few.samples, few.held), (Some(7_500), 4, None));
        meters.happened(cache, true, 96);
        assert_eq!(reading(&meters, "token_cache").held, Some(true));
        meters.happened(cache, false, 4);
        assert_eq!(reading(&meters, "token_cache").held, Some(true));
        meters.happened(cache, false, 1);
        assert_eq!(reading(&meters, "token_cache").held, Some(false), "99 of 105");
    }

    #[test]
    fn what_is_no_time_counts_as_none() {
        assert_eq!([f64::NAN, -1.0, 0.0, 0.000_001].map(micros), [0, 0, 0, 1]);
        assert_eq!(micros(f64::INFINITY), u64::MAX);
    }
}
