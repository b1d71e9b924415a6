//! Where a tenant's records stand, each figure counted at a source of its own.

use model::{delivery::Balance, record::Kind, time::Timestamp};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryCounts {
    /// One for each kind, in their order.
    pub balance: Vec<Balance>,
    /// Everything that waits, corrections and withdrawals included.
    pub pending: i64,
    /// Since when the oldest of them waits.
    pub oldest_pending: Option<Timestamp>,
    /// The same of those that Dataverse never had.
    pub oldest_first: Option<Timestamp>,
    /// Everything that Dataverse refused for good, corrections and withdrawals included.
    pub dead: i64,
    /// In Dataverse, and not read back yet as they are now.
    pub unconfirmed: i64,
    /// Since when the oldest of those is there.
    pub oldest_unconfirmed: Option<Timestamp>,
    pub reflected: MirrorCounts,
}

/// What others did in Dataverse, as far as the mirror saw it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MirrorCounts {
    pub changed: i64,
    pub withdrawn: i64,
    /// Changes there that a newer one here stood against.
    pub kept_out: i64,
    /// Acknowledged, not there, and sent once more.
    pub resent: i64,
    /// Rows that are no records of ours, as they are now.
    pub rejected: i64,
}

/// One hour's records of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HourBalance {
    pub kind: &'static Kind,
    /// When the hour began, in UTC.
    pub hour: Timestamp,
    /// Summed from the receipts of requests that came in that hour.
    pub received: i64,
    /// Came out of Dataverse in that hour.
    pub mirrored: i64,
    /// Counted rows that arrived in that hour.
    pub durable: i64,
    /// Arrived in that hour and left since.
    pub archived: i64,
    /// Of what is there, how many wait for their first delivery.
    pub pending: i64,
    /// Of those, how many Dataverse refused before it ever took them.
    pub dead: i64,
    /// Acknowledged for the first time in that hour, whenever they arrived.
    pub delivered: i64,
    /// Read back in that hour, less those that a change made unconfirmed again.
    pub confirmed: i64,
}

impl HourBalance {
    /// What came in and is not there, or is there and never came.
    #[must_use]
    pub const fn unaccounted(&self) -> i64 {
        (self.received + self.mirrored - self.durable - self.archived).abs()
    }
}
