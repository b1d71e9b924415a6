//! Dead letters: what Dataverse refused for good, why, and what people do about it.

use model::{
    record::{Kind, Record},
    tenant::TenantId,
    time::Timestamp,
};
use sqlx::Error;
use uuid::Uuid;

use crate::{
    ChangeOutcome,
    change::{self, ChangeTarget, RecordStore},
    health::Sort,
    row::Row,
    write::Write,
};

/// Why Dataverse refuses a record for good, and the exchange that says so. Each text is cut after 8 KiB; none may hold a
/// secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PermanentRefusal {
    /// Dataverse's own words.
    pub reason: String,
    /// The request that was refused, without its token.
    pub request: Option<String>,
    /// What Dataverse answered.
    pub response: Option<String>,
}

/// A record that Dataverse refuses for a reason of the record's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The refused record's kind.
    pub kind: &'static Kind,
    /// The refused record.
    pub id: Uuid,
    /// Its revision that was refused.
    pub revision: i64,
    /// Whether it is the record's deletion that was refused.
    pub deletes: bool,
    /// Dataverse's own words.
    pub reason: String,
    /// The request that was refused, without its token.
    pub request: Option<String>,
    /// What Dataverse answered.
    pub response: Option<String>,
    /// How often it was tried.
    pub attempts: i64,
    /// Since when it had waited.
    pub enqueued_at: Timestamp,
    /// When it was refused for good.
    pub died_at: Timestamp,
}

/// Whose what concerns no tenant is.
pub(crate) const SYSTEM: TenantId = TenantId(Uuid::nil());

/// No text that is kept about an exchange is longer.
const TEXT_MAX: usize = 8 * 1024;

/// The beginning of a text, as much of it as is kept. No database keeps a NUL in a text.
pub(crate) fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(TEXT_MAX)].replace('\0', "")
}

/// A refusal of which no more than the reason is known.
impl<R: Into<String>> From<R> for PermanentRefusal {
    fn from(reason: R) -> Self {
        Self { reason: reason.into(), request: None, response: None }
    }
}

impl PermanentRefusal {
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
    /// When it was done.
    pub at: Timestamp,
    /// Who did it.
    pub by: String,
    /// The record's kind, or the table's.
    pub kind: &'static Kind,
    /// Of the record, where it was one.
    pub id: Option<Uuid>,
    /// What was done.
    pub what: Handled,
    /// What the letter said, or what was asked and answered.
    pub reason: String,
}

/// What people do about a dead letter or a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled {
    Mended,
    Resent,
    Dropped,
    /// A question of the mirror.
    Answered,
}

impl Handled {
    /// The word under which it is stored and shown over HTTP.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Mended => "mended",
            Self::Resent => "resent",
            Self::Dropped => "dropped",
            Self::Answered => "answered",
        }
    }

    /// The way of handling that has this word.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        [Self::Mended, Self::Resent, Self::Dropped, Self::Answered]
            .into_iter()
            .find(|handled| handled.key() == key)
    }
}

/// Sends a dead letter once more.
pub(crate) struct Resend {
    pub(crate) target: ChangeTarget,
    pub(crate) by: String,
}

/// Sends up to `most` dead letters once more, those of the oldest records first.
pub(crate) struct ResendAll {
    pub(crate) tenant: TenantId,
    pub(crate) most: usize,
    pub(crate) by: String,
}

/// Gives a dead letter up.
pub(crate) struct GiveUp {
    pub(crate) target: ChangeTarget,
    pub(crate) by: String,
}

/// A correction of what was refused, with the note of who made it.
pub(crate) struct Mend {
    pub(crate) target: ChangeTarget,
    pub(crate) record: Box<Record>,
    pub(crate) by: String,
}

impl Write for Resend {
    type Answer = bool;

    fn tenant(&self) -> Option<TenantId> {
        Some(self.target.tenant)
    }

    fn sort(&self) -> Sort {
        Sort::Intake
    }
}

impl Write for ResendAll {
    type Answer = u64;

    fn tenant(&self) -> Option<TenantId> {
        Some(self.tenant)
    }

    /// A handful of statements, however many letters they are.
    fn weight(&self) -> usize {
        256 * 1024
    }
}

impl Write for GiveUp {
    type Answer = bool;

    fn tenant(&self) -> Option<TenantId> {
        Some(self.target.tenant)
    }

    fn sort(&self) -> Sort {
        Sort::Intake
    }
}

impl Write for Mend {
    type Answer = ChangeOutcome;

    fn tenant(&self) -> Option<TenantId> {
        Some(self.target.tenant)
    }

    fn weight(&self) -> usize {
        self.record.weight()
    }

    fn sort(&self) -> Sort {
        Sort::Intake
    }
}

/// What handling a dead letter takes of a store beside changing records, within its transaction.
pub(crate) trait DeadLetterStore: RecordStore {
    /// What the record's letter says, if there is one that is not given up.
    async fn reason(&mut self, target: &ChangeTarget, row: &Row) -> Result<Option<String>, Error>;
    async fn give_up(&mut self, target: &ChangeTarget, row: &Row) -> Result<(), Error>;
    /// Keeps who did what.
    async fn note(
        &mut self,
        target: &ChangeTarget,
        what: Handled,
        by: &str,
        reason: String,
    ) -> Result<(), Error>;
}

pub(crate) async fn resend(
    letters: &mut impl DeadLetterStore,
    Resend { target, by }: &Resend,
) -> Result<bool, Error> {
    let Some((row, reason)) = find(letters, target).await? else { return Ok(false) };
    let now = letters.now();
    letters.enqueue(target, row.position, row.held.stored.revision, now).await?;
    letters.note(target, Handled::Resent, by, reason).await?;
    Ok(true)
}

pub(crate) async fn give_up(
    letters: &mut impl DeadLetterStore,
    GiveUp { target, by }: &GiveUp,
) -> Result<bool, Error> {
    let Some((row, reason)) = find(letters, target).await? else { return Ok(false) };
    letters.give_up(target, &row).await?;
    letters.note(target, Handled::Dropped, by, reason).await?;
    Ok(true)
}

pub(crate) async fn mend(
    letters: &mut impl DeadLetterStore,
    Mend { target, record, by }: &Mend,
) -> Result<ChangeOutcome, Error> {
    let letter = find(letters, target).await?;
    let change = change::correct(letters, target, record).await?;
    if matches!(change, ChangeOutcome::Done(_)) {
        let reason = letter.map(|(_, reason)| reason).unwrap_or_default();
        letters.note(target, Handled::Mended, by, reason).await?;
    }
    Ok(change)
}

/// The record of a letter that is not given up, and what the letter says.
async fn find(
    letters: &mut impl DeadLetterStore,
    target: &ChangeTarget,
) -> Result<Option<(Row, String)>, Error> {
    let Some(row) = letters.record(target).await? else { return Ok(None) };
    let reason = letters.reason(target, &row).await?;
    Ok(reason.map(|reason| (row, reason)))
}
