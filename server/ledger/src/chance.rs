//! Chance as a parameter: nobody in these rooms throws dice of their own.

use std::sync::Mutex;

use rand::{RngCore, SeedableRng, rngs::StdRng};

/// Gives random numbers. The server hands one seeded by the machine; tests hand a fixed seed.
pub trait Chance: Send + Sync + 'static {
    fn next(&self) -> u64;

    /// What a UUID that begins with the time is filled up with.
    fn tail(&self) -> [u8; 10] {
        let (high, low) = (self.next().to_be_bytes(), self.next().to_be_bytes());
        let mut tail = [0; 10];
        tail[..8].copy_from_slice(&high);
        tail[8..].copy_from_slice(&low[..2]);
        tail
    }

    /// From nought up to one, one excluded.
    fn fraction(&self) -> f64 {
        let high = u32::try_from(self.next() >> 32).unwrap_or(0);
        f64::from(high) / 4_294_967_296.0
    }
}

/// The same seed, the same numbers.
#[derive(Debug)]
pub struct Seeded(Mutex<StdRng>);

impl Seeded {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl Chance for Seeded {
    fn next(&self) -> u64 {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next_u64()
    }
}
