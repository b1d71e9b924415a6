//! So much of something in a minute, from all who ask together: what comes from outside weighs no more than that.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// How many are let in within a minute.
pub struct MinuteAllowance {
    most: u32,
    /// The minute since the start, and how many were let in within it.
    taken: Mutex<(u64, u32)>,
}

impl MinuteAllowance {
    #[must_use]
    pub fn of(most: u32) -> Self {
        Self { most, taken: Mutex::default() }
    }

    /// Whether one more is let in. `at` is the time since the start.
    pub fn admits(&self, at: Duration) -> bool {
        let minute = at.as_secs() / 60;
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.0 != minute {
            *taken = (minute, 0);
        }
        let is_within = taken.1 < self.most;
        taken.1 += u32::from(is_within);
        is_within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_minute_lets_as_many_in() {
        let allowance = MinuteAllowance::of(2);
        let admits = |second| allowance.admits(Duration::from_secs(second));
        assert_eq!([admits(0), admits(30), admits(59)], [true, true, false]);
        assert_eq!([admits(60), admits(61), admits(62)], [true, true, false]);
        assert!(admits(600));
    }
}
