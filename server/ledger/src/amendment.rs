//! What corrections and withdrawals have in common, whatever the store.

use std::ops::AddAssign;

use model::record::{Record, Stored};

use crate::{Change, command::Target};

/// Says so when the revision that was expected is not the one that stands.
pub(crate) fn outdated(target: &Target, stored: &Stored) -> Option<Change> {
    let current = stored.revision;
    target
        .expected_revision
        .filter(|expected| *expected != current)
        .map(|_| Change::RevisionMismatch { current })
}

/// The record as it is corrected.
pub(crate) fn corrected(record: &Record, stored: &Stored) -> Stored {
    Stored {
        id: stored.id,
        revision: stored.revision + 1,
        received_at: stored.received_at,
        exported_at: None,
        record: record.clone().in_place_of(&stored.record),
    }
}

/// What happened to records on the way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Passage {
    pub(crate) delivered: i64,
    pub(crate) confirmed: i64,
    pub(crate) withdrawn_unsent: i64,
    pub(crate) mirrored: i64,
    pub(crate) changed: i64,
    pub(crate) removed: i64,
    pub(crate) kept_out: i64,
    pub(crate) unsent: i64,
    pub(crate) removed_asked: i64,
    pub(crate) removed_unread: i64,
    pub(crate) resent: i64,
    pub(crate) archived: i64,
}

impl Passage {
    /// The columns of a passage, in this order everywhere.
    pub(crate) const COLUMNS: [&str; 12] = [
        "delivered",
        "confirmed",
        "withdrawn_unsent",
        "mirrored",
        "changed",
        "removed",
        "kept_out",
        "unsent",
        "removed_asked",
        "removed_unread",
        "resent",
        "archived",
    ];

    pub(crate) const fn numbers(&self) -> [i64; 12] {
        [
            self.delivered,
            self.confirmed,
            self.withdrawn_unsent,
            self.mirrored,
            self.changed,
            self.removed,
            self.kept_out,
            self.unsent,
            self.removed_asked,
            self.removed_unread,
            self.resent,
            self.archived,
        ]
    }
}

impl AddAssign for Passage {
    fn add_assign(&mut self, other: Self) {
        self.delivered += other.delivered;
        self.confirmed += other.confirmed;
        self.withdrawn_unsent += other.withdrawn_unsent;
        self.mirrored += other.mirrored;
        self.changed += other.changed;
        self.removed += other.removed;
        self.kept_out += other.kept_out;
        self.unsent += other.unsent;
        self.removed_asked += other.removed_asked;
        self.removed_unread += other.removed_unread;
        self.resent += other.resent;
        self.archived += other.archived;
    }
}
