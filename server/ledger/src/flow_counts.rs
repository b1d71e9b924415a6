//! What happened to records on the way, counted by the hour.

use std::ops::AddAssign;

/// What happened to records on the way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FlowCounts {
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

impl FlowCounts {
    /// The columns of a counts, in this order everywhere.
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

impl AddAssign for FlowCounts {
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
