//! A clock that goes with tokio's until it is set.

use std::sync::atomic::{AtomicI64, Ordering};

use model::{clock::Clock, time::Timestamp};

use super::turns::VirtualClock;

pub struct JumpingClock {
    right: VirtualClock,
    off: AtomicI64,
}

impl JumpingClock {
    pub fn new(right: VirtualClock) -> Self {
        Self { right, off: AtomicI64::new(0) }
    }

    pub fn right(&self) -> Timestamp {
        self.right.now()
    }

    /// From now on it is wrong by so much, in microseconds.
    pub fn set_off_by(&self, micros: i64) {
        self.off.store(micros, Ordering::SeqCst);
    }
}

impl Clock for JumpingClock {
    fn now(&self) -> Timestamp {
        self.right.now().plus(self.off.load(Ordering::SeqCst))
    }
}
