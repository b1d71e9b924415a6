//! What the relay's loop keeps in mind: how fast to go, what is under way, when to look again, and whether the clock was
//! set meanwhile.

use std::{sync::Arc, time::Duration};

use model::time::{SECOND, Timestamp};
use tokio::{task::JoinSet, time::Instant};

use crate::{delivery::Attempt, rate_limit::RateLimit, targets::SentTargets};

/// The relay never sleeps for longer: clocks may be set meanwhile, and machines fall asleep.
const SLEEP_MAX: Duration = Duration::from_secs(60);
/// For this time an arrival proves that the lane is free.
const PROOF: Duration = Duration::from_secs(600);
/// With each fourth fault.
const LOOKS_WIDE: u32 = 4;
/// Clocks that part by more in one round were set, or stood still.
const STRAY: i64 = 10 * SECOND;

/// What the loop keeps in mind.
pub(super) struct RelayState {
    pub(super) rate_limit: RateLimit,
    pub(super) targets: Arc<SentTargets>,
    pub(super) deliveries: JoinSet<Attempt>,
    /// Nothing starts before this.
    pub(super) not_before: Instant,
    /// Lane faults in a row.
    pub(super) faults: u32,
    /// Whether the last one was that all failed for reasons that one record may have as well.
    pub(super) blames_all: bool,
    /// When something that was postponed comes due.
    pub(super) due: Option<Instant>,
    /// When something arrived last, and nothing held up everything since.
    pub(super) arrived_at: Option<Instant>,
    watch: ClockWatch,
}

/// Holds the time of day against the time that passes.
struct ClockWatch {
    seen: (Instant, Timestamp),
    strayed: bool,
}

/// Why no further delivery was started.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum IdleReason {
    NothingDue,
    AllUnderWay,
    Until(Instant),
}

impl RelayState {
    pub(super) fn new(rate_limit: RateLimit, targets: SentTargets, now: Timestamp) -> Self {
        Self {
            rate_limit,
            targets: Arc::new(targets),
            deliveries: JoinSet::new(),
            not_before: Instant::now(),
            faults: 0,
            blames_all: false,
            due: None,
            arrived_at: None,
            watch: ClockWatch { seen: (Instant::now(), now), strayed: false },
        }
    }

    /// Leases are reckoned by the time of day. Where that jumped, what is under way would be lent once more: it is waited
    /// for first.
    pub(super) fn waits_for_the_clock(&mut self, now: Timestamp) -> bool {
        let waits = self.watch.strays(now) && !self.deliveries.is_empty();
        self.watch.strayed = waits;
        waits
    }

    /// Whether something arrived a short time ago, and nothing has held up everything since.
    pub(super) fn is_proven(&self) -> bool {
        self.arrived_at.is_some_and(|at| at.elapsed() < PROOF)
    }

    /// After a fault one delivery tries whether the lane is free again.
    pub(super) fn lanes(&self) -> usize {
        if self.faults > 0 { 1 } else { self.rate_limit.lanes() }
    }

    /// How many records may go in the next delivery. `left`: for how many the rest of the day's budget is enough; what those
    /// under way cost is not known yet.
    pub(super) fn most(&self, left: Option<usize>) -> usize {
        let batch = self.batch();
        match left {
            Some(left) if left < batch * (self.deliveries.len() + 1) => {
                if self.deliveries.is_empty() {
                    left
                } else {
                    0
                }
            }
            _ => batch,
        }
    }

    /// Where everything that is tried fails for no reason of the lane's own, it may be that just the oldest are bad: now and
    /// then as many as can be are tried, so that others are among them.
    fn batch(&self) -> usize {
        let looks_wide = self.blames_all && self.faults > 0 && self.faults.is_multiple_of(LOOKS_WIDE);
        if looks_wide { self.rate_limit.batch_max() } else { self.rate_limit.batch() }
    }

    pub(super) fn wake(&self, idle: IdleReason, round: Duration) -> Instant {
        let round = Instant::now() + round;
        match idle {
            IdleReason::Until(moment) => moment.min(Instant::now() + SLEEP_MAX),
            IdleReason::NothingDue => self.due.map_or(round, |due| due.min(round)),
            IdleReason::AllUnderWay => round,
        }
    }
}

impl ClockWatch {
    /// Whether the time of day went another way than the time that passed, since this was last set right.
    fn strays(&mut self, now: Timestamp) -> bool {
        let (moment, at) = self.seen;
        let passed = i64::try_from(moment.elapsed().as_micros()).unwrap_or(i64::MAX);
        self.strayed |= now.since(at.plus(passed)).abs() > STRAY;
        self.seen = (Instant::now(), now);
        self.strayed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

    #[tokio::test(start_paused = true)]
    async fn only_set_clocks_stray() {
        let mut watch = ClockWatch { seen: (Instant::now(), NOON), strayed: false };
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert!(!watch.strays(NOON.plus(3_595 * SECOND)), "a few seconds are no matter");
        assert!(watch.strays(NOON), "an hour back");
        assert!(watch.strays(NOON), "until it is waited for");
        watch.strayed = false;
        assert!(!watch.strays(NOON));
        assert!(watch.strays(NOON.plus(60 * SECOND)), "asleep");
    }
}
