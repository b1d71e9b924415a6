//! Where random numbers come from: the machine gives one seed at the start, and everything else grows from seeds.

use model::rng::{Random as _, Seeded};

/// A seed that cannot be foreseen.
#[must_use]
pub fn seed() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
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
