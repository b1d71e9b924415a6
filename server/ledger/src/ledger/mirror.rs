//! What is read out of Dataverse.

use std::time::Duration;

use model::{record::Kind, tenant::TenantId, time::Timestamp};

use super::Ledger;
use crate::{
    ChangeCursor, DeliveredRecord, LedgerError, MassDeletion, MassDeletionAnswer, MirroredRow, Reject,
    RowOutcome,
    change_cursor::{CursorCommand, StoredCursor, UseCursor},
    mirror::Reconcile,
    reconcile::MirrorPage,
};

impl Ledger {
    /// Takes the cursor of a table's changes until `hold` has passed; none while another process holds it.
    pub async fn take_cursor(
        &self,
        kind: &'static Kind,
        hold: Duration,
    ) -> Result<Option<ChangeCursor>, LedgerError> {
        self.write(UseCursor { kind, command: CursorCommand::Take { hold } }).await
    }

    /// Holds a cursor until `hold` has passed from now on. Says whether it is still on loan to the asker, here and below.
    pub async fn hold_cursor(&self, cursor: &ChangeCursor, hold: Duration) -> Result<bool, LedgerError> {
        self.run(cursor.kind, CursorCommand::Hold { epoch: cursor.epoch, hold }).await
    }

    /// Stores `link`, where the reading of changes goes on, extends the loan by `hold`, and settles what was asked. Without
    /// a link the reading starts over.
    pub async fn keep_cursor(
        &self,
        cursor: &ChangeCursor,
        link: Option<&str>,
        hold: Duration,
    ) -> Result<bool, LedgerError> {
        let link = link.map(str::to_owned);
        self.run(cursor.kind, CursorCommand::Keep { epoch: cursor.epoch, link, hold }).await
    }

    /// Gives a cursor back.
    pub async fn free_cursor(&self, cursor: &ChangeCursor) -> Result<(), LedgerError> {
        self.run(cursor.kind, CursorCommand::Free { epoch: cursor.epoch }).await.map(|_| ())
    }

    /// Asks people whether `gone` of `of` records are to go, `unseen` of which Dataverse never said to be deleted. What was
    /// asked already stays as it was.
    pub async fn ask(
        &self,
        cursor: &ChangeCursor,
        (gone, unseen): (i64, i64),
        of: i64,
    ) -> Result<(), LedgerError> {
        self.run(cursor.kind, CursorCommand::Ask { epoch: cursor.epoch, gone, unseen, of }).await.map(|_| ())
    }

    /// Answers what was asked about a table, and notes who did; `keep`: deletions are taken that way from now on, without
    /// asking. Says whether anything was asked.
    pub async fn answer(
        &self,
        kind: &'static Kind,
        answer: MassDeletionAnswer,
        keep: bool,
        by: &str,
    ) -> Result<bool, LedgerError> {
        self.run(kind, CursorCommand::Answer { answer, keep, by: by.to_owned() }).await
    }

    /// Asks about many deletions of a table again, and notes who wanted that. Says whether an answer had been kept.
    pub async fn ask_again(&self, kind: &'static Kind, by: &str) -> Result<bool, LedgerError> {
        self.run(kind, CursorCommand::AskAgain { by: by.to_owned() }).await
    }

    /// The answers that were kept for good.
    pub async fn policies(&self) -> Result<Vec<(&'static Kind, MassDeletionAnswer)>, LedgerError> {
        let cursors = self.cursors().await?;
        Ok(cursors.into_iter().filter_map(|(kind, cursor)| Some((kind, cursor.policy?))).collect())
    }

    /// What is asked, or was answered and is not done yet.
    pub async fn questions(&self) -> Result<Vec<(&'static Kind, MassDeletion)>, LedgerError> {
        let cursors = self.cursors().await?;
        Ok(cursors.into_iter().filter_map(|(kind, cursor)| Some((kind, cursor.question?))).collect())
    }

    async fn cursors(&self) -> Result<Vec<(&'static Kind, StoredCursor)>, LedgerError> {
        read!(self, change_cursor::all())
    }

    async fn run(&self, kind: &'static Kind, command: CursorCommand) -> Result<bool, LedgerError> {
        Ok(self.write(UseCursor { kind, command }).await?.is_some())
    }

    /// Holds rows of Dataverse against the ledger, all of them in one transaction, and says what became of each; none where
    /// the cursor under which they were read is another process's by now. `asked_at`: when they were asked for, or before that.
    pub async fn reconcile(
        &self,
        cursor: &ChangeCursor,
        rows: Vec<MirroredRow>,
        asked_at: Timestamp,
    ) -> Result<Option<Vec<RowOutcome>>, LedgerError> {
        self.write(Reconcile { page: MirrorPage::new(cursor, rows, asked_at) }).await
    }

    /// The records that a full read must have met: acknowledged before then, with nothing on the way. By position, those
    /// after `after`.
    pub async fn delivered_before(
        &self,
        kind: &'static Kind,
        after: i64,
        before: Timestamp,
        most: usize,
    ) -> Result<Vec<DeliveredRecord>, LedgerError> {
        read!(self, mirror::delivered_before(kind, after, before, most))
    }

    /// What waits to be sent as it stands now, by position: those after `after`.
    pub async fn in_line(
        &self,
        kind: &'static Kind,
        after: i64,
        most: usize,
    ) -> Result<Vec<DeliveredRecord>, LedgerError> {
        read!(self, mirror::in_line(kind, after, most))
    }

    /// How many records went because they were deleted there, since then, without a person having said so; the hour of
    /// `since` is the first.
    pub async fn removed_unasked(&self, kind: &'static Kind, since: Timestamp) -> Result<i64, LedgerError> {
        read!(self, mirror::removed_unasked(kind, since))
    }

    /// Rows of Dataverse that are no records of ours, newest first; of one kind, or of all.
    pub async fn rejects(
        &self,
        tenant: TenantId,
        kind: Option<&'static Kind>,
        most: usize,
    ) -> Result<Vec<Reject>, LedgerError> {
        read!(self, mirror::rejects(tenant, kind, most))
    }
}
