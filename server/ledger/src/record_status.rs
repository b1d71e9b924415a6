//! One record's way: when it came, what it was before, how far it is with Dataverse.

use model::time::Timestamp;
use uuid::Uuid;

use crate::HeldRecord;

/// A record and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordStatus {
    /// What it says now.
    pub held: HeldRecord,
    /// When that was read back.
    pub confirmed_at: Option<Timestamp>,
    /// What its row is called in Dataverse.
    pub id_there: Uuid,
    /// Where it waits to be sent.
    pub waiting: Option<WaitingRecord>,
    /// Why Dataverse refuses it, and whether it was given up.
    pub refused: Option<(String, bool)>,
    /// What it was before, oldest first.
    pub before: Vec<PastRevision>,
}

/// An entry in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingRecord {
    /// Since when what was not sent waits.
    pub since: Timestamp,
    /// How often it was tried.
    pub attempts: i64,
}

/// What a record was before it was corrected, withdrawn or written by others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRevision {
    /// Its number, from 1 on.
    pub revision: i64,
    /// When it was replaced.
    pub replaced_at: Timestamp,
    /// By what: correction, withdrawal or mirror.
    pub replaced_by: String,
    /// Its fields by their JSON names.
    pub fields: String,
}
