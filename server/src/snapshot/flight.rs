//! One computation for all who wait for the same thing, kept until it is stale; a bounded number of them.

use std::{
    collections::HashMap,
    future::Future,
    hash::Hash,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use tokio::time::Instant;

/// Nothing is older than this, whether the ledger moved or not: the windows move on by themselves.
const OLDEST: Duration = Duration::from_secs(10);
/// Under steady writes a view is computed again after four times what it cost, within these bounds, so that it never
/// takes more than a fifth of a core.
const PAUSE_LEAST: Duration = Duration::from_millis(50);
const PAUSE_MOST: Duration = Duration::from_secs(1);

/// How far the ledger had moved when a computation began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved(pub u64);

/// A computed value, and when and from what it was computed.
pub struct Kept<V> {
    pub value: Arc<V>,
    moved: Moved,
    done: Instant,
    cost: Duration,
}

impl<V> Kept<V> {
    pub fn is_fresh(&self, moved: Moved) -> bool {
        let age = self.done.elapsed();
        let pause = (self.cost * 4).clamp(PAUSE_LEAST, PAUSE_MOST);
        age < pause || (moved == self.moved && age < OLDEST)
    }
}

struct Slot<V> {
    latest: ArcSwapOption<Kept<V>>,
    flight: tokio::sync::Mutex<()>,
    used: AtomicU64,
}

/// The values by key.
pub struct Flights<K, V> {
    most: usize,
    uses: AtomicU64,
    slots: Mutex<HashMap<K, Arc<Slot<V>>>>,
}

impl<K: Clone + Eq + Hash, V> Flights<K, V> {
    pub fn new(most: usize) -> Self {
        Self { most, uses: AtomicU64::new(0), slots: Mutex::new(HashMap::new()) }
    }

    /// The kept value while it is fresh; else what `compute` brings, once for all who ask meanwhile.
    ///
    /// # Errors
    /// Those of `compute`, which are not kept.
    pub async fn get<E>(
        &self,
        key: K,
        fresh: impl Fn(&Kept<V>) -> bool,
        compute: impl Future<Output = Result<(Moved, V), E>>,
    ) -> Result<Arc<V>, E> {
        let slot = self.slot(key);
        let kept = || slot.latest.load_full().filter(|kept| fresh(kept)).map(|kept| Arc::clone(&kept.value));
        if let Some(value) = kept() {
            return Ok(value);
        }
        let _turn = slot.flight.lock().await;
        if let Some(value) = kept() {
            return Ok(value);
        }
        let began = Instant::now();
        let (moved, value) = compute.await?;
        let value = Arc::new(value);
        let done = Instant::now();
        slot.latest.store(Some(Arc::new(Kept {
            value: Arc::clone(&value),
            moved,
            done,
            cost: done - began,
        })));
        Ok(value)
    }

    fn slot(&self, key: K) -> Arc<Slot<V>> {
        let used = self.uses.fetch_add(1, Ordering::Relaxed);
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if !slots.contains_key(&key) && slots.len() >= self.most {
            let idle = slots
                .iter()
                .min_by_key(|(_, slot)| slot.used.load(Ordering::Relaxed))
                .map(|(key, _)| key.clone());
            idle.map(|idle| slots.remove(&idle));
        }
        let slot = slots.entry(key).or_insert_with(|| {
            Arc::new(Slot {
                latest: ArcSwapOption::empty(),
                flight: tokio::sync::Mutex::new(()),
                used: AtomicU64::new(used),
            })
        });
        slot.used.store(used, Ordering::Relaxed);
        Arc::clone(slot)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::future::join_all;

    use super::*;

    struct Counted {
        flights: Flights<&'static str, u64>,
        computed: AtomicU64,
    }

    impl Counted {
        fn new(most: usize) -> Self {
            Self { flights: Flights::new(most), computed: AtomicU64::new(0) }
        }

        async fn ask(&self, key: &'static str, moved: u64) -> u64 {
            let compute = async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok::<_, Infallible>((Moved(moved), self.computed.fetch_add(1, Ordering::SeqCst)))
            };
            *self.flights.get(key, |kept| kept.is_fresh(Moved(moved)), compute).await.unwrap()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_thousand_viewers_cost_one_computation() {
        let counted = Counted::new(8);
        let answers = join_all((0..1_000).map(|_| counted.ask("a", 1))).await;
        assert!(answers.iter().all(|answer| *answer == 0), "{answers:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_is_seen_after_a_short_pause() {
        let counted = Counted::new(8);
        assert_eq!(counted.ask("a", 1).await, 0);
        assert_eq!(counted.ask("a", 2).await, 0, "still within the pause");
        tokio::time::advance(Duration::from_millis(81)).await;
        assert_eq!(counted.ask("a", 2).await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_kept_for_longer_than_ten_seconds() {
        let counted = Counted::new(8);
        assert_eq!(counted.ask("a", 1).await, 0);
        tokio::time::advance(Duration::from_secs(9)).await;
        assert_eq!(counted.ask("a", 1).await, 0);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(counted.ask("a", 1).await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_asked_for_longest_goes_first() {
        let counted = Counted::new(2);
        for key in ["a", "b", "a", "c", "a"] {
            counted.ask(key, 1).await;
        }
        assert_eq!(counted.computed.load(Ordering::SeqCst), 3, "a stayed");
        counted.ask("b", 1).await;
        assert_eq!(counted.computed.load(Ordering::SeqCst), 4, "b had gone");
    }
}
