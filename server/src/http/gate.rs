//! Places for connections. When all are taken, the connection that has been idle longest makes room: to be idle costs
//! nothing, and must not keep others out. One that owes the rest of a body counts as idle.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

pub struct Gate {
    places: Arc<Semaphore>,
    idle: Mutex<Idle>,
    /// A connection became idle.
    rested: Notify,
}

/// Connections that are waited for, in the order in which they became so.
#[derive(Default)]
struct Idle {
    turn: u64,
    waiting: BTreeMap<u64, CancellationToken>,
}

/// A connection's place, until it is dropped.
pub struct Place {
    gate: Arc<Gate>,
    /// Set while it is idle.
    turn: Mutex<Option<u64>>,
    closed: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

/// A request is under way.
pub struct Busy(Arc<Place>);

/// A request's body is waited for now and then.
pub struct Owed {
    place: Arc<Place>,
    /// Since when it was waited for first: bits and pieces do not make a sender less idle.
    since: Option<u64>,
    is_waiting: bool,
}

impl Gate {
    #[must_use]
    pub fn new(places: usize) -> Arc<Self> {
        let places = Arc::new(Semaphore::new(places));
        Arc::new(Self { places, idle: Mutex::default(), rested: Notify::new() })
    }

    /// A place, and whether another connection had to make room for it.
    pub async fn enter(self: &Arc<Self>) -> (Arc<Place>, bool) {
        let mut crowded = false;
        loop {
            if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
                return (Place::new(Arc::clone(self), permit), crowded);
            }
            // One that was told to close does so at once; where none is idle, one will be.
            let closing = !crowded && self.close_the_idlest();
            crowded |= closing;
            tokio::select! {
                permit = Arc::clone(&self.places).acquire_owned() => {
                    if let Ok(permit) = permit {
                        return (Place::new(Arc::clone(self), permit), crowded);
                    }
                }
                () = self.rested.notified(), if !closing => {}
            }
        }
    }

    /// Whether there was one.
    pub fn close_the_idlest(&self) -> bool {
        let longest = self.idle().waiting.pop_first();
        let Some((_, closed)) = longest else { return false };
        closed.cancel();
        true
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    fn new(gate: Arc<Gate>, permit: OwnedSemaphorePermit) -> Arc<Self> {
        let place = Self { gate, turn: Mutex::new(None), closed: CancellationToken::new(), _permit: permit };
        place.rest();
        Arc::new(place)
    }

    /// Told to make room.
    pub async fn closed(&self) {
        self.closed.cancelled().await;
    }

    /// A request begins; nothing where the connection has to make room and is about to be closed.
    #[must_use]
    pub fn begin(self: &Arc<Self>) -> Option<Busy> {
        let mut idle = self.gate.idle();
        let turn = self.turn().take()?;
        idle.waiting.remove(&turn).map(|_| Busy(Arc::clone(self)))
    }

    fn rest(&self) {
        self.wait(None);
    }

    /// Idle from now on, or since an earlier turn. Says since when.
    fn wait(&self, since: Option<u64>) -> u64 {
        let mut idle = self.gate.idle();
        let turn = since.unwrap_or_else(|| {
            idle.turn += 1;
            idle.turn
        });
        idle.waiting.insert(turn, self.closed.clone());
        if let Some(before) = self.turn().replace(turn).filter(|before| *before != turn) {
            idle.waiting.remove(&before);
        }
        drop(idle);
        self.gate.rested.notify_one();
        turn
    }

    fn go_on(&self) {
        let mut idle = self.gate.idle();
        if let Some(turn) = self.turn().take() {
            idle.waiting.remove(&turn);
        }
    }

    fn turn(&self) -> MutexGuard<'_, Option<u64>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let turn = self.turn().take();
        if let Some(turn) = turn {
            self.gate.idle().waiting.remove(&turn);
        }
    }
}

impl Busy {
    /// For the body of this request.
    #[must_use]
    pub fn owed(&self) -> Owed {
        Owed { place: Arc::clone(&self.0), since: None, is_waiting: false }
    }
}

impl Owed {
    /// There is nothing of the body yet.
    pub fn wait(&mut self) {
        if !self.is_waiting {
            self.since = Some(self.place.wait(self.since));
            self.is_waiting = true;
        }
    }

    /// Something of it has come, or nothing more is wanted.
    pub fn go_on(&mut self) {
        if std::mem::take(&mut self.is_waiting) {
            self.place.go_on();
        }
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        self.go_on();
    }
}

/// The answer is made. Whether it is read is the other side's business, and being slow at that counts as being idle.
impl Drop for Busy {
    fn drop(&mut self) {
        self.0.rest();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn entered(gate: &Arc<Gate>) -> Arc<Place> {
        gate.enter().now_or_never().expect("there is a place").0
    }

    #[tokio::test]
    async fn the_longest_idle_makes_room() {
        let gate = Gate::new(3);
        let (first, second, third) = (entered(&gate), entered(&gate), entered(&gate));
        drop(first.begin().expect("it may ask"));
        // Now the second has been idle longest.
        let fourth = gate.enter();
        tokio::pin!(fourth);
        assert!(fourth.as_mut().now_or_never().is_none());
        assert!(second.closed().now_or_never().is_some());
        assert!(first.closed().now_or_never().is_none() && third.closed().now_or_never().is_none());
        assert!(second.begin().is_none(), "what makes room begins nothing any more");
        drop(second);
        let (_fourth, crowded) = fourth.await;
        assert!(crowded);
    }

    #[tokio::test]
    async fn requests_under_way_are_kept() {
        let gate = Gate::new(2);
        let (first, second) = (entered(&gate), entered(&gate));
        let (one, two) = (first.begin().unwrap(), second.begin().unwrap());
        let third = gate.enter();
        tokio::pin!(third);
        assert!(third.as_mut().now_or_never().is_none());
        assert!(first.closed().now_or_never().is_none() && second.closed().now_or_never().is_none());
        // The first of them to have its answer makes room.
        drop(two);
        assert!(third.as_mut().now_or_never().is_none());
        assert!(second.closed().now_or_never().is_some());
        drop(second);
        assert!(third.await.1);
        drop(one);
    }

    #[tokio::test]
    async fn slow_bodies_make_room() {
        let gate = Gate::new(2);
        let (first, second) = (entered(&gate), entered(&gate));
        let (one, two) = (first.begin().unwrap(), second.begin().unwrap());
        let (mut owed, mut whole) = (one.owed(), two.owed());
        owed.wait();
        whole.wait();
        owed.go_on();
        owed.wait();
        whole.go_on();
        let third = gate.enter();
        tokio::pin!(third);
        assert!(third.as_mut().now_or_never().is_none());
        assert!(first.closed().now_or_never().is_some(), "it was waited for before");
        assert!(second.closed().now_or_never().is_none(), "its answer is under way");
        drop((owed, one, first));
        assert!(third.await.1);
        drop((whole, two));
        assert_eq!(gate.idle().waiting.len(), 1, "the second rests");
    }

    #[tokio::test]
    async fn a_place_that_is_left_is_free() {
        let gate = Gate::new(1);
        for _ in 0..3 {
            let place = entered(&gate);
            drop(place.begin());
        }
        assert!(gate.idle().waiting.is_empty());
    }
}
