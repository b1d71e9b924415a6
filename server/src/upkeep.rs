//! Looks after the ledger while no request waits for it.

use std::time::Duration;

use ledger::Ledger;
use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;

/// How often it is tried whether reading and writing work. What that meets is noted, and pages say it, though no one sends
/// anything and no probe asks.
const TRIED_EVERY: Duration = Duration::from_secs(10);
/// How many records are added up at a time where rollups are made: at first, at least and at most.
const ROLLUP_STEP: i64 = 500;
const ROLLUP_STEP_LEAST: i64 = 50;
const ROLLUP_STEP_MOST: i64 = 4_000;
/// A step that takes longer is followed by a shorter one, and one that takes less than a third of it by a longer one.
const ROLLUP_STEP_TAKES: Duration = Duration::from_millis(60);
/// How often it is looked whether rollups are wanted.
const LOOKED_EVERY: Duration = Duration::from_secs(1);
const ROLLUP_PAUSE_MOST: Duration = Duration::from_millis(200);
/// How often all is counted anew.
const COUNTED_EVERY: Duration = Duration::from_mins(10);

pub async fn run(ledger: Ledger, stop: CancellationToken) {
    let mut count_at = Instant::now();
    loop {
        let works = tokio::select! {
            () = stop.cancelled() => return,
            tried = ledger.healthy() => tried.is_ok(),
        };
        if works && count_at <= Instant::now() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tend(&ledger) => count_at = Instant::now() + COUNTED_EVERY,
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = time::sleep(TRIED_EVERY) => {}
        }
    }
}

/// Makes rollups that are missing or wanted anew, beside all other writing.
pub async fn make_rollups(ledger: Ledger, stop: CancellationToken) {
    let mut pace = RollupPace::default();
    loop {
        let began = Instant::now();
        let made = tokio::select! {
            () = stop.cancelled() => return,
            made = ledger.make_rollups(pace.step()) => made,
        };
        let pause = match made {
            // As long as it was in the way of others.
            Ok(true) => pace.follow(began.elapsed()),
            Ok(false) => LOOKED_EVERY,
            Err(error) => {
                tracing::warn!(%error, "rollups could not be made; it is tried again");
                TRIED_EVERY
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = time::sleep(pause) => {}
        }
    }
}

/// How many records are added up in a step, as many as others may wait for.
pub struct RollupPace(i64);

impl Default for RollupPace {
    fn default() -> Self {
        Self(ROLLUP_STEP)
    }
}

impl RollupPace {
    pub const fn step(&self) -> i64 {
        self.0
    }

    /// Goes by how long the last step took, and says how long others go first now.
    pub fn follow(&mut self, took: Duration) -> Duration {
        if took > ROLLUP_STEP_TAKES {
            self.0 = (self.0 / 2).max(ROLLUP_STEP_LEAST);
        } else if took < ROLLUP_STEP_TAKES / 3 {
            self.0 = (self.0 * 2).min(ROLLUP_STEP_MOST);
        }
        took.min(ROLLUP_PAUSE_MOST)
    }
}

async fn tend(ledger: &Ledger) {
    match ledger.tend().await {
        Ok(0) => {}
        Ok(hours) => tracing::warn!(
            backlog.hours = hours,
            "what was kept of what waits and is refused differed from what is there; it was counted anew"
        ),
        Err(error) => tracing::warn!(%error, "the ledger could not be counted anew; it is tried again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_as_long_as_others_may_wait() {
        let mut pace = RollupPace::default();
        assert_eq!(pace.follow(Duration::from_secs(2)), ROLLUP_PAUSE_MOST);
        assert_eq!(pace.step(), 250);
        (0..9).for_each(|_| _ = pace.follow(Duration::from_millis(61)));
        assert_eq!(pace.step(), ROLLUP_STEP_LEAST);
        assert_eq!(pace.follow(Duration::from_millis(30)), Duration::from_millis(30));
        assert_eq!(pace.step(), ROLLUP_STEP_LEAST, "neither long nor short");
        (0..9).for_each(|_| _ = pace.follow(Duration::from_millis(5)));
        assert_eq!(pace.step(), ROLLUP_STEP_MOST);
    }
}
