//! Places for connections. When all are taken, the connection that has been idle longest makes room: to be idle costs
//! nothing, and must not keep others out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

pub(super) struct Places {
    free: Arc<Semaphore>,
    idle: Mutex<IdleConnections>,
    /// A connection became idle.
    rested: Notify,
}

/// Connections without a request, in the order in which they became so.
#[derive(Default)]
struct IdleConnections {
    turn: u64,
    waiting: BTreeMap<u64, Arc<Notify>>,
}

/// A connection's place, until it is dropped.
pub(super) struct ConnectionPlace {
    places: Arc<Places>,
    /// Set while it is idle.
    turn: Mutex<Option<u64>>,
    closed: Arc<Notify>,
    _permit: OwnedSemaphorePermit,
}

/// A request is under way.
pub(super) struct RequestPlace(Arc<ConnectionPlace>);

impl Places {
    pub(super) fn new(count: usize) -> Arc<Self> {
        let free = Arc::new(Semaphore::new(count));
        Arc::new(Self { free, idle: Mutex::default(), rested: Notify::new() })
    }

    /// A place for a connection that is there, for which another one may have to go.
    pub(super) async fn enter(self: &Arc<Self>) -> Arc<ConnectionPlace> {
        let mut closing = false;
        loop {
            // One that was told to go does so at once; where none is idle, one will be.
            closing = closing || (self.free.available_permits() == 0 && self.close_the_idlest());
            tokio::select! {
                permit = Arc::clone(&self.free).acquire_owned() => {
                    if let Ok(permit) = permit {
                        return ConnectionPlace::new(Arc::clone(self), permit);
                    }
                }
                () = self.rested.notified(), if !closing => {}
            }
        }
    }

    fn close_the_idlest(&self) -> bool {
        let longest = self.idle().waiting.pop_first();
        longest.map(|(_, closed)| closed.notify_one()).is_some()
    }

    fn idle(&self) -> MutexGuard<'_, IdleConnections> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionPlace {
    fn new(places: Arc<Places>, permit: OwnedSemaphorePermit) -> Arc<Self> {
        let closed = Arc::new(Notify::new());
        let place = Self { places, turn: Mutex::default(), closed, _permit: permit };
        place.rest();
        Arc::new(place)
    }

    /// Told to make room.
    pub(super) async fn closed(&self) {
        self.closed.notified().await;
    }

    /// A request begins; nothing where the connection has to make room and is about to be closed.
    pub(super) fn begin(self: &Arc<Self>) -> Option<RequestPlace> {
        let mut idle = self.places.idle();
        let turn = self.turn().take()?;
        idle.waiting.remove(&turn).map(|_| RequestPlace(Arc::clone(self)))
    }

    fn rest(&self) {
        let mut idle = self.places.idle();
        idle.turn += 1;
        let turn = idle.turn;
        idle.waiting.insert(turn, Arc::clone(&self.closed));
        *self.turn() = Some(turn);
        drop(idle);
        self.places.rested.notify_one();
    }

    fn turn(&self) -> MutexGuard<'_, Option<u64>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        let turn = self.turn().take();
        if let Some(turn) = turn {
            self.places.idle().waiting.remove(&turn);
        }
    }
}

/// The answer is made. Whether it is read is the other side's business, and being slow at that counts as being idle.
impl Drop for RequestPlace {
    fn drop(&mut self) {
        self.0.rest();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn is_closed(place: &ConnectionPlace) -> bool {
        tokio::time::timeout(std::time::Duration::from_millis(1), place.closed()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_idle_makes_room() {
        let places = Places::new(2);
        let (first, second) = (places.enter().await, places.enter().await);
        let busy = first.begin().unwrap();
        let third = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.enter().await }
        });
        tokio::task::yield_now().await;
        assert!(is_closed(&second).await && !is_closed(&first).await);
        assert!(second.begin().is_none(), "what makes room begins nothing any more");
        drop(second);
        let third = third.await.unwrap();
        // Both are at work: the first that rests makes room.
        let _at_work = third.begin().unwrap();
        let fourth = tokio::spawn(async move { places.enter().await });
        tokio::task::yield_now().await;
        drop(busy);
        tokio::task::yield_now().await;
        assert!(is_closed(&first).await);
        drop(first);
        fourth.await.unwrap();
    }
}
