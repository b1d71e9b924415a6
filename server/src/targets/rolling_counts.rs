//! Counts of the last stretch of time: a ring of slots, each for a sixtieth of it, of which the oldest is emptied when its turn
//! comes again. To count is one atomic addition; a lock is taken by the first that counts in a new slot.

use std::{
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

const SLOTS: u64 = 60;

/// Takes at most 4 bytes for each cell and slot (240 KiB with 1,024 cells), and nothing for slots in which nothing happened.
pub struct RollingCounts {
    cells: usize,
    slot: Duration,
    slots: [RollingSlot; SLOTS as usize],
}

#[derive(Default)]
struct RollingSlot {
    /// Which stretch since the start it counts, the first being 1; 0 until it is used.
    turn: AtomicU64,
    emptying: Mutex<()>,
    counts: OnceLock<Box<[AtomicU32]>>,
}

impl RollingCounts {
    /// `window` is how far back they reach.
    #[must_use]
    pub fn new(cells: usize, window: Duration) -> Self {
        Self { cells, slot: window / SLOTS as u32, slots: std::array::from_fn(|_| RollingSlot::default()) }
    }

    /// Counts `times` in a cell. `at` is the time since the start, as in all that follows.
    pub fn add(&self, at: Duration, cell: usize, times: u32) {
        let turn = self.turn(at);
        let slot = &self.slots[(turn % SLOTS) as usize];
        let counts = slot.counts.get_or_init(|| (0..self.cells).map(|_| AtomicU32::new(0)).collect());
        if slot.turn.load(Ordering::Acquire) < turn {
            slot.begin(turn, counts);
        }
        counts[cell].fetch_add(times, Ordering::Relaxed);
    }

    /// Each cell's count. One that is read while a slot's turn comes may miss a part of the oldest slot.
    #[must_use]
    pub fn sums(&self, at: Duration) -> Vec<u64> {
        let oldest = self.oldest(at);
        let mut sums = vec![0; self.cells];
        for slot in self.slots.iter().filter(|slot| slot.turn.load(Ordering::Acquire) >= oldest) {
            for (sum, count) in sums.iter_mut().zip(slot.counts.get().into_iter().flatten()) {
                *sum += u64::from(count.load(Ordering::Relaxed));
            }
        }
        sums
    }

    /// How far back the sums reach: to the start, or from 59 to 60 slots.
    #[must_use]
    pub fn covered(&self, at: Duration) -> Duration {
        let whole = u32::try_from(self.oldest(at) - 1).unwrap_or(u32::MAX);
        at.saturating_sub(self.slot * whole)
    }

    fn turn(&self, at: Duration) -> u64 {
        u64::try_from(at.as_nanos() / self.slot.as_nanos()).unwrap_or(u64::MAX - 1) + 1
    }

    fn oldest(&self, at: Duration) -> u64 {
        self.turn(at).saturating_sub(SLOTS - 1).max(1)
    }
}

impl RollingSlot {
    fn begin(&self, turn: u64, counts: &[AtomicU32]) {
        let _emptying = self.emptying.lock().unwrap_or_else(PoisonError::into_inner);
        if self.turn.load(Ordering::Acquire) < turn {
            counts.iter().for_each(|count| count.store(0, Ordering::Relaxed));
            self.turn.store(turn, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use proptest::{collection::vec, prelude::*};

    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn what_is_older_than_the_window_goes() {
        let counts = RollingCounts::new(2, HOUR);
        counts.add(Duration::ZERO, 0, 1);
        counts.add(Duration::from_secs(90), 1, 2);
        assert_eq!(counts.sums(Duration::from_secs(3_599)), [1, 2]);
        assert_eq!(counts.sums(HOUR), [0, 2], "the first minute is gone, the second is not");
        assert_eq!(counts.sums(Duration::from_secs(3_661)), [0, 0]);
        counts.add(HOUR, 0, 5);
        assert_eq!(counts.sums(HOUR), [5, 2], "its slot was emptied ahead");
    }

    #[test]
    fn a_quiet_year_leaves_nothing() {
        let counts = RollingCounts::new(1, HOUR);
        counts.add(Duration::from_secs(10), 0, 7);
        let later = HOUR * 24 * 365;
        assert_eq!(counts.sums(later), [0]);
        counts.add(later, 0, 1);
        assert_eq!(counts.sums(later), [1]);
    }

    #[test]
    fn coverage_begins_at_the_start() {
        let counts = RollingCounts::new(1, HOUR);
        assert_eq!(counts.covered(Duration::from_secs(75)), Duration::from_secs(75));
        assert_eq!(counts.covered(Duration::from_secs(3_599)), Duration::from_secs(3_599));
        assert_eq!(counts.covered(Duration::from_secs(7_230)), Duration::from_secs(3_570));
    }

    #[test]
    fn threads_lose_no_count() {
        let counts = Arc::new(RollingCounts::new(1, HOUR));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let counts = Arc::clone(&counts);
                // All of them come to each new slot at about the same time.
                thread::spawn(move || {
                    (0..3_540).for_each(|second| counts.add(Duration::from_secs(second), 0, 1));
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(counts.sums(Duration::from_secs(3_539)), [4 * 3_540]);
    }

    proptest! {
        /// Against a list of everything that was ever counted, at once and some time later.
        #[test]
        fn sums_are_those_of_a_list(
            steps in vec((0_u64..150, 0_usize..3, 1_u32..9, 0_u64..4_000), 1..120),
        ) {
            let (counts, mut list, mut now) = (RollingCounts::new(3, HOUR), Vec::new(), 0);
            for (wait, cell, times, later) in steps {
                now += wait;
                counts.add(Duration::from_secs(now), cell, times);
                list.push((now, cell, times));
                for at in [now, now + later] {
                    let from = (at / 60).saturating_sub(59) * 60;
                    let mut expect = [0; 3];
                    for (_, cell, times) in list.iter().filter(|(when, ..)| *when >= from) {
                        expect[*cell] += u64::from(*times);
                    }
                    prop_assert_eq!(counts.sums(Duration::from_secs(at)), expect);
                }
            }
        }
    }
}
