//! Where random numbers come from: the machine gives one seed at the start, and everything else grows from seeds.

use model::rng::{Random as _, Seeded};

/// A seed that cannot be foreseen.
#[must_use]
pub fn seed() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
    rand::random()
}

/// 256 bits that none can foresee, for a secret.
#[must_use]
pub fn secret_bytes() -> [u8; 32] {
    #[expect(clippy::disallowed_methods, reason = "as above, and secrets grow from no seed")]
    rand::random()
}

/// Ids of requests: never twice.
pub struct RequestIds(Seeded);

impl RequestIds {
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(Seeded::new(seed))
    }

    #[must_use]
    pub fn next(&self) -> String {
        format!("{:016x}", self.0.next())
    }
}
