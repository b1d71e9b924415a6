//! Where a tenant's records stand, each figure counted at a source of its own.

use model::{delivery::Balance, record::Kind, time::Timestamp};

/// Where one tenant's records stand, over all kinds.
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
    /// What others did in Dataverse.
    pub reflected: MirrorCounts,
}

/// One kind's figures as a store reads them; arrays in the order of the columns of `PASSAGE_SUMS` and `BACKLOG_SUMS`.
pub(crate) struct KindCounts {
    pub(crate) received: i64,
    pub(crate) passages: [i64; PASSAGE_SUMS.len()],
    pub(crate) backlog: [i64; BACKLOG_SUMS.len()],
    pub(crate) rejected: i64,
    pub(crate) withdrawn: i64,
    pub(crate) durable: i64,
    pub(crate) oldest_unconfirmed: Option<Timestamp>,
    pub(crate) oldest_first: Option<Timestamp>,
    pub(crate) oldest_pending: Option<Timestamp>,
}

/// The columns of the passages that are summed up.
pub(crate) const PASSAGE_SUMS: [&str; 11] = [
    "delivered",
    "confirmed",
    "withdrawn_unsent",
    "mirrored",
    "changed",
    "removed",
    "kept_out",
    "unsent",
    "removed_unread",
    "resent",
    "archived",
];
/// Those of the backlog.
pub(crate) const BACKLOG_SUMS: [&str; 5] =
    ["waiting", "waiting_first", "refused", "refused_first", "dropped_first"];

impl DeliveryCounts {
    /// Adds a kind, after those that were added before it.
    pub(crate) fn add(&mut self, kind: &Kind, counts: &KindCounts) {
        let [
            delivered,
            confirmed,
            deleted_unsent,
            mirrored,
            changed,
            removed,
            kept_out,
            unsent,
            deleted_unread,
            resent,
            archived,
        ] = counts.passages;
        let [waiting, pending, refused, dead, dropped] = counts.backlog;
        self.pending += waiting;
        self.dead += refused;
        self.reflected.changed += changed;
        self.reflected.withdrawn += removed;
        self.reflected.kept_out += kept_out;
        self.reflected.resent += resent;
        self.reflected.rejected += counts.rejected;
        let earlier = |one: Option<Timestamp>, other| one.into_iter().chain(other).min();
        self.oldest_unconfirmed = earlier(self.oldest_unconfirmed, counts.oldest_unconfirmed);
        self.oldest_first = earlier(self.oldest_first, counts.oldest_first);
        self.oldest_pending = earlier(self.oldest_pending, counts.oldest_pending);
        let balance = Balance {
            table: kind.shown_table(),
            received: counts.received,
            mirrored,
            durable: counts.durable,
            archived,
            delivered,
            confirmed,
            pending,
            dead,
            dropped,
            unsent,
            deleted: counts.withdrawn,
            deleted_unsent,
            deleted_unread,
        };
        self.unconfirmed += balance.unconfirmed();
        self.balance.push(balance);
    }
}

/// What others did in Dataverse, as far as the mirror saw it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MirrorCounts {
    /// Records that an edit there replaced.
    pub changed: i64,
    /// Records that a deletion there withdrew.
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
    /// Whose hour it is.
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
