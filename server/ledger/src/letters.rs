//! Dead letters: what Dataverse refused for good, why, and what people did about it.

use model::{record::Kind, time::Instant};
use uuid::Uuid;

/// Why Dataverse refuses a record for good, and the exchange that says so. Each text is cut after 8 KiB; none may hold a
/// secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    pub reason: String,
    pub request: Option<String>,
    pub response: Option<String>,
}

/// A record that Dataverse refuses for a reason of the record's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    pub kind: &'static Kind,
    pub id: Uuid,
    pub revision: i64,
    /// Whether it is the record's deletion that was refused.
    pub deletes: bool,
    pub reason: String,
    pub request: Option<String>,
    pub response: Option<String>,
    pub attempts: i64,
    pub enqueued_at: Instant,
    pub died_at: Instant,
}

/// What a person did about something that the relay or the mirror could not decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handling {
    pub at: Instant,
    pub by: String,
    pub kind: &'static Kind,
    /// Of the record, where it was one.
    pub id: Option<Uuid>,
    pub what: Handled,
    /// What the letter said, or what was asked and answered.
    pub reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled {
    Mended,
    Resent,
    Dropped,
    /// A question of the mirror.
    Answered,
}

impl Handled {
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Mended => "mended",
            Self::Resent => "resent",
            Self::Dropped => "dropped",
            Self::Answered => "answered",
        }
    }

    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        [Self::Mended, Self::Resent, Self::Dropped, Self::Answered]
            .into_iter()
            .find(|handled| handled.key() == key)
    }
}
