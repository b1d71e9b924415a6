//! What comes in from Dataverse: where the reading of its changes stands, its rows as they were seen, and what became of
//! each.

use model::{
    record::{Kind, Record},
    tenant::TenantId,
    time::Instant,
};
use uuid::Uuid;

use crate::{Handled, Handling};

/// Where the reading of a table's changes ended, on loan to one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub kind: &'static Kind,
    /// Dataverse's link to what changed since; none before the first full read has ended, and after it expired.
    pub link: Option<String>,
    /// When the link was kept.
    pub read_at: Option<Instant>,
    /// What a person is asked, or was asked and answered.
    pub question: Option<Question>,
    /// Fences off whoever comes back after the loan ran out.
    pub(crate) epoch: i64,
}

/// More rows vanished there at once than anybody deletes by accident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// How many of ours are gone there.
    pub gone: i64,
    /// Of how many that were there.
    pub of: i64,
    pub asked_at: Instant,
    pub answer: Option<Answer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Take them out here too.
    Withdraw,
    /// Make them there again.
    SendAgain,
}

/// A row of Dataverse as the mirror saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reflection {
    pub tenant: TenantId,
    /// The row's primary key there.
    pub dataverse_id: Uuid,
    pub seen: Seen,
    /// It was asked for by its id after its echo had been waited for in vain: what it says is no echo that comes late.
    pub stands: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Row(Box<Record>),
    /// Deleted there.
    Gone,
    /// Deleted there, and to be made again.
    Lost,
    /// What is no record of ours: why, and the row as JSON text, cut after 8 KiB.
    Refused {
        reason: String,
        content: String,
    },
}

/// What became of a reflection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reflected {
    /// Our own echo, and the first that was seen of it: it is confirmed now.
    Confirmed,
    /// Nothing new: equal and confirmed already, an echo of a former state, a deletion of what is not here.
    Known,
    Added,
    Changed,
    Withdrawn,
    /// It is gone there, or says what it said before our newest write: that waits to be sent again.
    Requeued,
    /// A newer local change waits to be sent: what is there is kept out, and counted.
    KeptOut,
    /// It was acknowledged too short a time before the page was asked for to tell which is newer: look at this row again
    /// by its id.
    Again,
    /// Kept among the rejects.
    Refused,
}

/// A record of ours that a full read of Dataverse must have met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct There {
    pub position: i64,
    pub tenant: TenantId,
    pub id: Uuid,
    pub dataverse_id: Uuid,
}

/// A row of Dataverse that is no record of ours, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    pub kind: &'static Kind,
    pub dataverse_id: Uuid,
    pub reason: String,
    /// The row as JSON text, cut after 8 KiB.
    pub content: String,
    pub at: Instant,
}

impl Answer {
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Withdraw => "withdraw",
            Self::SendAgain => "send-again",
        }
    }

    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        [Self::Withdraw, Self::SendAgain].into_iter().find(|answer| answer.key() == key)
    }
}

impl Question {
    pub(crate) fn handling(&self, kind: &'static Kind, answer: Answer, by: &str, at: Instant) -> Handling {
        let decided = match answer {
            Answer::Withdraw => "taken out here too",
            Answer::SendAgain => "made there again",
        };
        let reason = format!("{} of {} were deleted in Dataverse: {decided}", self.gone, self.of);
        Handling { at, by: by.to_owned(), kind, id: None, what: Handled::Answered, reason }
    }
}
