//! What comes in from Dataverse: where the reading of its changes stands, its rows as they were seen, and what became of
//! each.

use model::{
    record::{Kind, Record},
    tenant::TenantId,
    time::Timestamp,
};
use uuid::Uuid;

use crate::{
    Handled, Handling,
    change_cursor::{CursorCommand, StoredCursor},
    reconcile::MirrorPage,
    write::Write,
};

/// Where the reading of a table's changes ended, on loan to one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeCursor {
    /// Whose changes are read.
    pub kind: &'static Kind,
    /// Dataverse's link to what changed since; none before the first full read has ended, and after it expired.
    pub link: Option<String>,
    /// When the link was kept.
    pub read_at: Option<Timestamp>,
    /// What a person is asked, or was asked and answered.
    pub question: Option<MassDeletion>,
    /// What is done about deletions there without asking, since a person said so once for all.
    pub policy: Option<MassDeletionAnswer>,
    /// Fences off a process that comes back after the loan ran out.
    pub(crate) epoch: i64,
}

/// Rows are gone there, and a person has to say what that means: more were deleted than one deletes by accident, or some
/// are not there though Dataverse never said that they were deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MassDeletion {
    /// How many of ours are gone there.
    pub gone: i64,
    /// Of those: how many Dataverse never said to be deleted.
    pub unseen: i64,
    /// Of how many that were there.
    pub of: i64,
    /// When it was asked first.
    pub asked_at: Timestamp,
    /// What a person answered, once one did.
    pub answer: Option<MassDeletionAnswer>,
}

/// What is to become of records whose rows are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MassDeletionAnswer {
    /// Take them out here too.
    Withdraw,
    /// Make them there again.
    SendAgain,
}

/// A row of Dataverse as the mirror saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirroredRow {
    /// Whose row it is.
    pub tenant: TenantId,
    /// The row's primary key there.
    pub dataverse_id: Uuid,
    /// What stood there.
    pub seen: RowSighting,
    /// It was asked for by its id after its echo had been waited for in vain: what it says is no echo that comes late.
    pub stands: bool,
    /// When it was written last, by the clock there, where that is known.
    pub modified_at: Option<Timestamp>,
    /// It came out of a reading of the whole table, and not as a change: nothing says that it was written since.
    pub is_whole: bool,
}

/// What the mirror found under a row's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowSighting {
    Row(Box<Record>),
    /// Deleted there: Dataverse says so.
    Gone,
    /// Not there, and a person said that this was meant.
    Released,
    /// Not there, and a person said that it is to be made again.
    Lost,
    /// Not there, and Dataverse does not say that it was deleted.
    Unseen,
    /// What is no record of ours: why, and the row as JSON text, cut after 8 KiB.
    Refused {
        reason: String,
        content: String,
    },
}

/// What became of a reconcile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowOutcome {
    /// Our own echo, and the first that was seen of it: it is confirmed now.
    Confirmed,
    /// Nothing new: equal and confirmed already, an echo of a former state, a deletion of what is not here.
    Known,
    Added,
    Changed,
    Withdrawn,
    /// It is not there, or says what it said before our newest write: that waits to be sent again.
    Requeued,
    /// It was there and is not any more, and nothing tells why: a person has to say what is to be done.
    Missing,
    /// A newer local change waits to be sent: what is there is kept out, and counted.
    KeptOut,
    /// It says what waits, and Dataverse's answer to that is on its way: looked at once more, it can be confirmed. Where none
    /// looks, or the answer does not come, the read-back does.
    Underway,
    /// It was acknowledged too short a time before the page was asked for to tell which is newer: look at this row again
    /// by its id.
    Again,
    /// Kept among the rejects.
    Refused,
}

/// A record of ours that a full read of Dataverse must have met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveredRecord {
    /// Where it lies in the ledger, by arrival.
    pub position: i64,
    /// Whose record it is.
    pub tenant: TenantId,
    /// Its id here.
    pub id: Uuid,
    /// Its row's primary key there.
    pub dataverse_id: Uuid,
}

/// A row of Dataverse that is no record of ours, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The kind whose table it lies in.
    pub kind: &'static Kind,
    /// The row's primary key.
    pub dataverse_id: Uuid,
    /// Which rule it breaks.
    pub reason: String,
    /// The row as JSON text, cut after 8 KiB.
    pub content: String,
    /// When it was seen.
    pub at: Timestamp,
}

/// Holds rows of Dataverse against the ledger: what became of each, or none where the cursor under which they were read is
/// another process's by now.
pub(crate) struct Reconcile {
    pub(crate) page: MirrorPage,
}

impl Write for Reconcile {
    type Answer = Option<Vec<RowOutcome>>;
}

impl MassDeletionAnswer {
    /// The word under which it is stored and shown over HTTP.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Withdraw => "withdraw",
            Self::SendAgain => "send-again",
        }
    }

    /// The answer that has this word.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        [Self::Withdraw, Self::SendAgain].into_iter().find(|answer| answer.key() == key)
    }
}

impl MirroredRow {
    /// A row that is not there, and what is known of that.
    #[must_use]
    pub const fn absent(tenant: TenantId, dataverse_id: Uuid, how: RowSighting) -> Self {
        Self { tenant, dataverse_id, seen: how, stands: false, modified_at: None, is_whole: false }
    }
}

impl MassDeletionAnswer {
    const fn decided(self) -> &'static str {
        match self {
            Self::Withdraw => "taken out here too",
            Self::SendAgain => "made there again",
        }
    }
}

/// What a person did about rows that are gone there, for the list of what people did.
pub(crate) fn handling(
    entry: &StoredCursor,
    command: &CursorCommand,
    kind: &'static Kind,
    at: Timestamp,
) -> Option<Handling> {
    let (by, reason) = match command {
        CursorCommand::Answer { answer, keep, by } => {
            let question = entry.question?;
            let kept = if *keep { ", and so from now on without asking" } else { "" };
            let decided = answer.decided();
            (by, format!("{} of {} are gone from Dataverse: {decided}{kept}", question.gone, question.of))
        }
        CursorCommand::AskAgain { by } => {
            (by, "many deletions in Dataverse are asked about again".to_owned())
        }
        _ => return None,
    };
    Some(Handling { at, by: by.clone(), kind, id: None, what: Handled::Answered, reason })
}
