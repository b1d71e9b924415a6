//! What is let in within a minute: `most` in all, and fewer of one network, so that none speaks for all.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::turns::network;

/// Lets in `most` a minute, and `most_of_network` of them from one network.
pub struct MinuteAllowance {
    most: u32,
    most_of_network: u32,
    taken: Mutex<Taken>,
}

/// What was let in within a minute.
#[derive(Default)]
struct Taken {
    /// Counted from the start.
    minute: u64,
    all: u32,
    /// Of no more networks than were let in.
    by_network: HashMap<IpAddr, u32>,
}

impl MinuteAllowance {
    #[must_use]
    pub fn of(most: u32, most_of_network: u32) -> Self {
        Self { most, most_of_network, taken: Mutex::default() }
    }

    /// How long after that time the next minute begins.
    #[must_use]
    pub const fn next(at: Duration) -> Duration {
        Duration::from_secs(60 - at.as_secs() % 60)
    }

    /// Whether one more is let in. `at` is the time since the start.
    pub fn admits(&self, at: Duration, from: Option<IpAddr>) -> bool {
        let minute = at.as_secs() / 60;
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.minute != minute {
            *taken = Taken { minute, ..Taken::default() };
        }
        if taken.all >= self.most {
            return false;
        }
        if let Some(from) = from {
            let of_network = taken.by_network.entry(network(from)).or_default();
            if *of_network >= self.most_of_network {
                return false;
            }
            *of_network += 1;
        }
        taken.all += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> Option<IpAddr> {
        Some(IpAddr::from(number.to_be_bytes()))
    }

    #[test]
    fn each_minute_lets_as_many_in() {
        let allowance = MinuteAllowance::of(2, 9);
        let admits = |second| allowance.admits(Duration::from_secs(second), None);
        assert_eq!([admits(0), admits(30), admits(59)], [true, true, false]);
        assert_eq!([admits(60), admits(61), admits(62)], [true, true, false]);
        assert!(admits(600));
    }

    #[test]
    fn a_network_has_few_of_them() {
        let allowance = MinuteAllowance::of(4, 2);
        let admits = |from| allowance.admits(Duration::ZERO, address(from));
        assert_eq!([1, 1, 1, 2, 2, 3].map(admits), [true, true, false, true, true, false]);
        assert!(allowance.admits(Duration::from_secs(60), address(1)));
    }
}
