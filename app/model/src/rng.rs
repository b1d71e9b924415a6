//! Random numbers as a parameter: only the server asks the machine for a seed.

use std::sync::atomic::{AtomicU64, Ordering};

/// Gives random numbers. The server passes one seeded by the machine; tests pass a fixed seed.
pub trait Random: Send + Sync + 'static {
    fn next(&self) -> u64;

    /// What a UUID that begins with the time is filled up with.
    fn tail(&self) -> [u8; 10] {
        let (high, low) = (self.next().to_be_bytes(), self.next().to_be_bytes());
        let mut tail = [0; 10];
        tail[..8].copy_from_slice(&high);
        tail[8..].copy_from_slice(&low[..2]);
        tail
    }

    /// At least 0 and below 1.
    fn fraction(&self) -> f64 {
        let high = u32::try_from(self.next() >> 32).unwrap_or(0);
        f64::from(high) / 4_294_967_296.0
    }
}

/// SplitMix64: the same seed, the same numbers, none of them twice.
#[derive(Debug)]
pub struct Seeded(AtomicU64);

impl Seeded {
    /// Numbers that follow from this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Random for Seeded {
    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        mixed(self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP))
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
    fn meets_the_published_vectors() {
        let random = Seeded::new(1_234_567);
        let numbers: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn no_number_comes_twice() {
        let random = Seeded::new(7);
        let seen: HashSet<u64> = (0..10_000).map(|_| random.next()).collect();
        assert_eq!(seen.len(), 10_000);
    }

    #[test]
    fn fractions_stay_below_one() {
        let random = Seeded::new(7);
        assert!((0..10_000).all(|_| (0.0..1.0).contains(&random.fraction())));
    }
}
