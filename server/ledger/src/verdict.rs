//! What became of a record that was sent, corrected or withdrawn.

use model::{record::Stored, time::Timestamp};
use uuid::Uuid;

/// One item's answer. A request's answers stand in the order of its items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The record that the item means.
    pub id: Uuid,
    /// What became of it.
    pub verdict: Verdict,
}

/// What became of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// New, and on disk; with its revision.
    Stored(i64),
    /// The same again; with the revision that stands.
    Duplicate(i64),
    /// Its key is taken by a record that says something else.
    Conflict { stored: Box<Stored> },
    /// It was withdrawn, and stays so.
    Withdrawn,
}

/// What became of a correction or a withdrawal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeOutcome {
    /// Done: for a correction the record as it is now, for a withdrawal as it was last.
    Done(Stored),
    /// It says so already.
    Unchanged(Stored),
    NotFound,
    /// It was withdrawn earlier.
    Gone,
    /// Another change was faster: the expected revision is not the one that stands.
    RevisionMismatch {
        current: i64,
    },
    /// What was sent is another record: its natural key is not the one of this id.
    KeyDiffers,
}

/// A record as it is held, withdrawn or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldRecord {
    /// The record with its id and revision.
    pub stored: Stored,
    /// When it was withdrawn, if it was.
    pub withdrawn_at: Option<Timestamp>,
}
