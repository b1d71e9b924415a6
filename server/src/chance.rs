//! Where chance comes from: the machine gives one seed at the start, and everything else grows from seeds.

use std::sync::atomic::{AtomicU64, Ordering};

/// A seed that nobody can foresee.
#[must_use]
pub fn seed() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
    rand::random()
}

/// Ids of requests: never twice, and not to be guessed from one another.
pub struct RequestIds {
    key: u64,
    next: AtomicU64,
}

impl RequestIds {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { key: seed, next: AtomicU64::new(0) }
    }

    #[must_use]
    pub fn next(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        format!("{:016x}", mixed(self.key.wrapping_add(number)))
    }
}

/// Steele, Lea and Flood's mix: every number has its own image.
const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_request_id_comes_twice() {
        let ids = RequestIds::new(7);
        let seen: HashSet<String> = (0..10_000).map(|_| ids.next()).collect();
        assert_eq!(seen.len(), 10_000);
    }
}
