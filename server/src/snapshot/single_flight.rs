//! One computation for all who wait for the same thing, kept until it is stale. What is kept has a limit in bytes, and what
//! was not asked for in a while goes. While a newer value cannot be had in time, the last good one is served for an hour,
//! and it is said why there is none newer.

use std::{
    collections::HashMap,
    future::Future,
    hash::Hash,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared, WeakShared},
};
use tokio::time::{self, Instant};

/// Nothing is older than this, whether the ledger moved or not: the windows move on by themselves.
const OLDEST: Duration = Duration::from_secs(10);
/// Every computation is followed by a pause of four times what it cost, within these bounds, so that under steady writes a
/// view that costs up to a quarter of a second takes no more than a fifth of a core. Pauses of up to `PAUSE_AHEAD` may be taken later: what is written after a
/// calm is shown at once.
const PAUSE_LEAST: Duration = Duration::from_millis(50);
const PAUSE_MOST: Duration = Duration::from_secs(1);
const PAUSE_AHEAD: Duration = PAUSE_MOST;
/// How long a newer value is waited for where there is an older one.
const PATIENCE: Duration = Duration::from_secs(2);
/// An older value than this is served no more, however often it is asked for.
const SERVED: Duration = Duration::from_secs(3600);
/// What was not asked for within this is let go.
const IDLE: Duration = Duration::from_secs(60);
/// What a key and its place take beside the value.
const PLACE_BYTES: usize = 1_024;

/// How far the ledger had moved when a computation began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LedgerVersion(pub u64);

/// What a computation brings.
pub struct Brought<V> {
    pub value: V,
    pub moved: LedgerVersion,
    /// Whether others may ask for it again.
    pub keep: bool,
}

/// A computed value, and when and from what it was computed.
pub struct CachedValue<V> {
    pub value: Arc<V>,
    moved: LedgerVersion,
    done: Instant,
    /// Until when this computation and those before it are paid for by pauses.
    paid: Instant,
}

/// A value, and why there is none newer where it is older than it should be.
#[derive(Debug)]
pub struct Served<V, E> {
    pub value: Arc<V>,
    pub late: Option<Late<E>>,
}

/// Why there is no newer value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Late<E> {
    /// It is still being computed, and the one before it did not fail.
    Slow,
    Failed(E),
}

impl<V> CachedValue<V> {
    pub fn is_fresh(&self, moved: LedgerVersion) -> bool {
        let now = Instant::now();
        self.paid > now + PAUSE_AHEAD || (moved <= self.moved && now - self.done < OLDEST)
    }
}

type Flight<V, E> = Shared<BoxFuture<'static, Result<Arc<V>, E>>>;

/// A computation under way.
enum UnderWay<V, E> {
    None,
    /// It goes on by itself, since there is something to serve meanwhile; and whether it has ended.
    Alone(Flight<V, E>, Arc<AtomicBool>),
    /// It ends when the last one who waits for it leaves; and whether it has ended.
    Awaited(WeakShared<BoxFuture<'static, Result<Arc<V>, E>>>, Arc<AtomicBool>),
}

struct Slot<V, E> {
    latest: ArcSwapOption<CachedValue<V>>,
    /// Why the last computation brought nothing, if so.
    failed: ArcSwapOption<E>,
    under_way: Mutex<UnderWay<V, E>>,
    /// In milliseconds since all began.
    used: AtomicU64,
    bytes: AtomicUsize,
}

/// Tells that a computation has ended, however that came about.
struct Landing(Arc<AtomicBool>);

impl Drop for Landing {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// How much is kept of what.
pub struct CacheBounds<V, E> {
    pub bytes: usize,
    /// How many bytes a value takes.
    pub weigh: fn(&V) -> usize,
    /// What is said of a computation that broke off.
    pub broken: fn() -> E,
}

/// The values by key.
pub struct Flights<K, V, E>(Arc<FlightState<K, V, E>>);

struct FlightState<K, V, E> {
    bounds: CacheBounds<V, E>,
    began: Instant,
    slots: Mutex<HashMap<K, Arc<Slot<V, E>>>>,
}

impl<K, V, E> Flights<K, V, E>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    pub fn new(bounds: CacheBounds<V, E>) -> Self {
        Self(Arc::new(FlightState { bounds, began: Instant::now(), slots: Mutex::new(HashMap::new()) }))
    }

    /// The kept value while it is fresh; else what `compute` brings, once for all who ask meanwhile, and once more for those
    /// of them who know of what came after it began. `compute` is told
    /// whether there is an older value, which is served when the newer one fails or takes long, unless it is too old.
    ///
    /// # Errors
    /// Those of `compute`, which are not kept.
    pub async fn get<F>(
        &self,
        key: K,
        fresh: impl Fn(&CachedValue<V>) -> bool,
        compute: impl Fn(bool) -> F,
    ) -> Result<Served<V, E>, E>
    where
        F: Future<Output = Result<Brought<V>, E>> + Send + 'static,
    {
        let slot = self.0.slot(&key);
        let kept = slot.latest.load_full();
        if let Some(kept) = kept.as_ref().filter(|kept| fresh(kept)) {
            return Ok(Served { value: Arc::clone(&kept.value), late: None });
        }
        let newer = self.newer(key, &slot, fresh, compute);
        let Some(kept) = kept.filter(|kept| kept.done.elapsed() < SERVED) else {
            return Ok(Served { value: newer.await?, late: None });
        };
        let late = match time::timeout(PATIENCE, newer).await {
            Ok(Ok(value)) => return Ok(Served { value, late: None }),
            Ok(Err(error)) => Late::Failed(error),
            Err(_) => slot.failed.load_full().map_or(Late::Slow, |error| Late::Failed(E::clone(&error))),
        };
        // A computation may have ended meanwhile, and the next one is what takes long.
        let kept = slot.latest.load_full().unwrap_or(kept);
        let late = (kept.done.elapsed() >= OLDEST).then_some(late);
        Ok(Served { value: Arc::clone(&kept.value), late })
    }

    /// What was computed last, however old it is.
    pub fn latest(&self, key: &K) -> Option<Arc<V>> {
        let kept = locked(&self.0.slots).get(key)?.latest.load_full()?;
        Some(Arc::clone(&kept.value))
    }

    /// Lets go what was not asked for in a while.
    pub fn sweep(&self) {
        let inner = &self.0;
        let oldest = inner.now().saturating_sub(milliseconds(IDLE));
        locked(&inner.slots).retain(|_, slot| slot.used.load(Ordering::Relaxed) >= oldest);
    }

    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        locked(&self.0.slots).values().map(|slot| weight(slot)).sum()
    }

    /// What the computation brings that is under way, or one that begins. The one under way may have begun before what the
    /// asker knows to be written; then the next one is waited for, as long as one waits where there is an older value.
    async fn newer<F>(
        &self,
        key: K,
        slot: &Arc<Slot<V, E>>,
        fresh: impl Fn(&CachedValue<V>) -> bool,
        compute: impl Fn(bool) -> F,
    ) -> Result<Arc<V>, E>
    where
        F: Future<Output = Result<Brought<V>, E>> + Send + 'static,
    {
        let value = self.flight(key.clone(), slot, &fresh, &compute).await?;
        if slot.latest.load().as_ref().is_some_and(|kept| fresh(kept)) {
            return Ok(value);
        }
        match time::timeout(PATIENCE, self.flight(key, slot, &fresh, &compute)).await {
            Ok(Ok(newer)) => Ok(newer),
            Ok(Err(_)) | Err(_) => Ok(value),
        }
    }

    /// The computation that is under way, or one that begins.
    fn flight<F>(
        &self,
        key: K,
        slot: &Arc<Slot<V, E>>,
        fresh: impl Fn(&CachedValue<V>) -> bool,
        compute: impl Fn(bool) -> F,
    ) -> Flight<V, E>
    where
        F: Future<Output = Result<Brought<V>, E>> + Send + 'static,
    {
        let mut under_way = locked(&slot.under_way);
        match &*under_way {
            UnderWay::Alone(flight, landed) if !landed.load(Ordering::Acquire) => return flight.clone(),
            UnderWay::Awaited(flight, landed) if !landed.load(Ordering::Acquire) => {
                if let Some(flight) = flight.upgrade() {
                    return flight;
                }
            }
            UnderWay::Alone(..) | UnderWay::Awaited(..) | UnderWay::None => {}
        }
        let kept = slot.latest.load_full();
        if let Some(kept) = kept.as_ref().filter(|kept| fresh(kept)) {
            // It landed in between.
            let value = Arc::clone(&kept.value);
            return async { Ok(value) }.boxed().shared();
        }
        let work = compute(kept.is_some());
        let paid = kept.as_ref().map_or_else(Instant::now, |kept| kept.paid);
        let landed = Arc::new(AtomicBool::new(false));
        let (inner, landing, slot) = (Arc::clone(&self.0), Landing(Arc::clone(&landed)), Arc::clone(slot));
        let work = async move {
            let _landing = landing;
            let began = Instant::now();
            let brought = work.await;
            slot.failed.store(brought.as_ref().err().cloned().map(Arc::new));
            let Brought { value, moved, keep } = brought?;
            let (value, done) = (Arc::new(value), Instant::now());
            let cost = done - began;
            let paid = began.max(paid) + cost + (cost * 4).clamp(PAUSE_LEAST, PAUSE_MOST);
            let kept = CachedValue { value: Arc::clone(&value), moved, done, paid };
            inner.keep(&key, &slot, kept, keep);
            Ok(value)
        };
        if kept.is_some() {
            let (task, broken) = (tokio::spawn(work), self.0.bounds.broken);
            let flight = async move { task.await.unwrap_or_else(|_| Err(broken())) }.boxed().shared();
            *under_way = UnderWay::Alone(flight.clone(), landed);
            return flight;
        }
        let flight = work.boxed().shared();
        *under_way = flight.downgrade().map_or(UnderWay::None, |flight| UnderWay::Awaited(flight, landed));
        flight
    }
}

impl<K: Clone + Eq + Hash, V, E> FlightState<K, V, E> {
    fn now(&self) -> u64 {
        milliseconds(self.began.elapsed())
    }

    fn slot(&self, key: &K) -> Arc<Slot<V, E>> {
        let used = self.now();
        let mut slots = locked(&self.slots);
        if let Some(slot) = slots.get(key) {
            slot.used.store(used, Ordering::Relaxed);
            return Arc::clone(slot);
        }
        let slot = Arc::new(Slot {
            latest: ArcSwapOption::empty(),
            failed: ArcSwapOption::empty(),
            under_way: Mutex::new(UnderWay::None),
            used: AtomicU64::new(used),
            bytes: AtomicUsize::new(0),
        });
        slots.insert(key.clone(), Arc::clone(&slot));
        self.fit(&mut slots);
        slot
    }

    fn keep(&self, key: &K, slot: &Arc<Slot<V, E>>, kept: CachedValue<V>, keep: bool) {
        slot.bytes.store((self.bounds.weigh)(&kept.value), Ordering::Relaxed);
        slot.latest.store(Some(Arc::new(kept)));
        let mut slots = locked(&self.slots);
        if !keep && slots.get(key).is_some_and(|held| Arc::ptr_eq(held, slot)) {
            slots.remove(key);
        }
        self.fit(&mut slots);
    }

    /// Those that were not asked for longest go until the rest fits.
    fn fit(&self, slots: &mut HashMap<K, Arc<Slot<V, E>>>) {
        let mut bytes: usize = slots.values().map(|slot| weight(slot)).sum();
        if bytes <= self.bounds.bytes {
            return;
        }
        let mut oldest: Vec<(u64, K)> =
            slots.iter().map(|(key, slot)| (slot.used.load(Ordering::Relaxed), key.clone())).collect();
        oldest.sort_by_key(|(used, _)| *used);
        for (_, key) in oldest {
            if bytes <= self.bounds.bytes {
                break;
            }
            bytes -= slots.remove(&key).map_or(0, |slot| weight(&slot));
        }
    }
}

fn weight<V, E>(slot: &Slot<V, E>) -> usize {
    PLACE_BYTES + slot.bytes.load(Ordering::Relaxed)
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
