//! Where a tenant's records stand, each figure counted at a source of its own.

use model::{delivery::Balance, time::Instant};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// One for each kind, in the order of `KINDS`.
    pub balance: Vec<Balance>,
    /// Everything that waits, corrections and withdrawals included.
    pub pending: i64,
    /// Since when the oldest of them waits.
    pub oldest_pending: Option<Instant>,
    /// Everything that Dataverse refused for good, corrections and withdrawals included.
    pub dead: i64,
    /// Delivered, and not read back yet as they are now.
    pub unconfirmed: i64,
}
