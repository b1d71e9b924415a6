//! Dead letters: what Dataverse refused for good, why, and what people do about it.

use model::{
    record::{Kind, Record},
    tenant::TenantId,
    time::Timestamp,
};
use sqlx::Error;
use uuid::Uuid;

use crate::{Change, command::Target, row::Row};

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
    pub enqueued_at: Timestamp,
    pub died_at: Timestamp,
}

/// Whose what concerns no tenant is.
pub(crate) const HOUSE: TenantId = TenantId(Uuid::nil());

/// No text that is kept about an exchange is longer.
const TEXT_MAX: usize = 8 * 1024;

/// The beginning of a text, as much of it as is kept. No database keeps a NUL in a text.
pub(crate) fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(TEXT_MAX)].replace('\0', "")
}

/// A refusal of which no more than the reason is known.
impl<R: Into<String>> From<R> for Refusal {
    fn from(reason: R) -> Self {
        Self { reason: reason.into(), request: None, response: None }
    }
}

impl Refusal {
    /// As much of it as is kept.
    pub(crate) fn cut(self) -> Self {
        let cut = |text: Option<String>| text.as_deref().map(cut);
        let reason = if self.reason.is_empty() { "refused without a reason" } else { &self.reason };
        Self { reason: self::cut(reason), request: cut(self.request), response: cut(self.response) }
    }
}

/// What a person did about something that the relay or the mirror could not decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handling {
    pub at: Timestamp,
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

/// What handling a dead letter takes of a store, within its transaction.
pub(crate) trait Letters {
    /// The record of a letter that is not given up, and what the letter says.
    async fn find(&mut self, target: &Target) -> Result<Option<(Row, String)>, Error>;
    async fn enqueue(&mut self, target: &Target, row: &Row) -> Result<(), Error>;
    async fn give_up(&mut self, target: &Target, row: &Row) -> Result<(), Error>;
    async fn correct(&mut self, target: &Target, record: &Record) -> Result<Change, Error>;
    /// Keeps who did what.
    async fn note(&mut self, target: &Target, what: Handled, by: &str, reason: String) -> Result<(), Error>;
}

/// Sends a dead letter once more.
pub(crate) async fn resend(letters: &mut impl Letters, target: &Target, by: &str) -> Result<bool, Error> {
    let Some((row, reason)) = letters.find(target).await? else { return Ok(false) };
    letters.enqueue(target, &row).await?;
    letters.note(target, Handled::Resent, by, reason).await?;
    Ok(true)
}

/// Gives a dead letter up.
pub(crate) async fn drop_letter(
    letters: &mut impl Letters,
    target: &Target,
    by: &str,
) -> Result<bool, Error> {
    let Some((row, reason)) = letters.find(target).await? else { return Ok(false) };
    letters.give_up(target, &row).await?;
    letters.note(target, Handled::Dropped, by, reason).await?;
    Ok(true)
}

/// A correction, with the note of who made it.
pub(crate) async fn mend(
    letters: &mut impl Letters,
    target: &Target,
    record: &Record,
    by: &str,
) -> Result<Change, Error> {
    let letter = letters.find(target).await?;
    let change = letters.correct(target, record).await?;
    if matches!(change, Change::Done(_)) {
        let reason = letter.map(|(_, reason)| reason).unwrap_or_default();
        letters.note(target, Handled::Mended, by, reason).await?;
    }
    Ok(change)
}
