//! Corrections and withdrawals of one record, judged once for both stores. What a record was before is kept as a version.

use model::{
    record::{Kind, Record, Stored},
    tenant::TenantId,
    time::Timestamp,
};
use sqlx::Error;
use uuid::Uuid;

use crate::{ChangeOutcome, health::Sort, row::Row, settlement::OutboxEntry, write::Write};

/// Which record is meant, and which revision of it.
pub(crate) struct ChangeTarget {
    pub(crate) tenant: TenantId,
    pub(crate) kind: &'static Kind,
    pub(crate) id: Uuid,
    pub(crate) expected_revision: Option<i64>,
}

/// Puts another content in the place of what a record says.
pub(crate) struct Correct {
    pub(crate) target: ChangeTarget,
    pub(crate) record: Box<Record>,
}

/// Takes a record out of every list and figure.
pub(crate) struct Withdraw {
    pub(crate) target: ChangeTarget,
    /// What waits may be in the hands of others, without a lease.
    pub(crate) fetched: bool,
}

impl Write for Correct {
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

impl Write for Withdraw {
    type Answer = ChangeOutcome;

    fn tenant(&self) -> Option<TenantId> {
        Some(self.target.tenant)
    }

    fn sort(&self) -> Sort {
        Sort::Intake
    }
}

impl ChangeTarget {
    /// The record, whatever its revision.
    pub(crate) const fn any(tenant: TenantId, kind: &'static Kind, id: Uuid) -> Self {
        Self { tenant, kind, id, expected_revision: None }
    }

    /// Says so when the revision that was expected is not the one that stands.
    fn outdated(&self, stored: &Stored) -> Option<ChangeOutcome> {
        let current = stored.revision;
        self.expected_revision
            .filter(|expected| *expected != current)
            .map(|_| ChangeOutcome::RevisionMismatch { current })
    }
}

/// What a change takes of a store, within its transaction.
pub(crate) trait RecordStore {
    fn now(&self) -> Timestamp;
    async fn record(&mut self, target: &ChangeTarget) -> Result<Option<Row>, Error>;
    /// Keeps what a record points at, and the names that came with it.
    async fn keep_names(&mut self, tenant: TenantId, record: &Record) -> Result<(), Error>;
    /// Keeps what a record was before it is replaced.
    async fn keep_version(
        &mut self,
        target: &ChangeTarget,
        stored: &Stored,
        replaced_by: &'static str,
    ) -> Result<(), Error>;
    async fn replace(&mut self, target: &ChangeTarget, row: &Row, corrected: &Stored) -> Result<(), Error>;
    async fn mark_withdrawn(&mut self, target: &ChangeTarget, row: &Row, revision: i64) -> Result<(), Error>;
    /// What was read back is no longer what the record says.
    async fn unconfirm(&mut self, target: &ChangeTarget) -> Result<(), Error>;
    async fn entry(&mut self, target: &ChangeTarget, position: i64) -> Result<Option<OutboxEntry>, Error>;
    /// Takes a record out of the outbox that was never sent and never will be.
    async fn call_off(&mut self, target: &ChangeTarget, position: i64) -> Result<(), Error>;
    /// Puts a record's newest state into the outbox.
    async fn enqueue(
        &mut self,
        target: &ChangeTarget,
        position: i64,
        revision: i64,
        due: Timestamp,
    ) -> Result<(), Error>;
    /// Others can see the change once it is committed.
    fn changed(&mut self);
}

pub(crate) async fn correct(
    records: &mut impl RecordStore,
    target: &ChangeTarget,
    record: &Record,
) -> Result<ChangeOutcome, Error> {
    let row = match find(records, target).await? {
        Ok(row) => row,
        Err(refused) => return Ok(refused),
    };
    let stored = &row.held.stored;
    if record.own_id(target.tenant).is_some_and(|id| id != target.id) {
        return Ok(ChangeOutcome::KeyDiffers);
    }
    if let Some(refused) = target.outdated(stored) {
        return Ok(refused);
    }
    records.keep_names(target.tenant, record).await?;
    let corrected = corrected(record, stored);
    if corrected.record.names() != stored.record.names() {
        records.changed();
    }
    if record.says_the_same(&stored.record) {
        return Ok(ChangeOutcome::Unchanged(Stored { record: corrected.record, ..stored.clone() }));
    }
    records.keep_version(target, stored, "correction").await?;
    records.replace(target, &row, &corrected).await?;
    if row.is_confirmed() {
        records.unconfirm(target).await?;
    }
    if let Some(due) = target.kind.due(records.now()) {
        records.enqueue(target, row.position, corrected.revision, due).await?;
    }
    records.changed();
    Ok(ChangeOutcome::Done(corrected))
}

pub(crate) async fn withdraw(
    records: &mut impl RecordStore,
    Withdraw { target, fetched }: &Withdraw,
) -> Result<ChangeOutcome, Error> {
    let row = match find(records, target).await? {
        Ok(row) => row,
        Err(refused) => return Ok(refused),
    };
    let stored = &row.held.stored;
    if let Some(refused) = target.outdated(stored) {
        return Ok(refused);
    }
    let revision = stored.revision + 1;
    records.keep_version(target, stored, "withdrawal").await?;
    records.mark_withdrawn(target, &row, revision).await?;
    if row.is_confirmed() {
        records.unconfirm(target).await?;
    }
    let entry = records.entry(target, row.position).await?;
    if !fetched && entry.as_ref().is_some_and(OutboxEntry::was_never_sent) {
        records.call_off(target, row.position).await?;
    } else if let Some(due) = target.kind.due(records.now()) {
        records.enqueue(target, row.position, revision, due).await?;
    }
    records.changed();
    Ok(ChangeOutcome::Done(row.held.stored))
}

/// The record that is meant, or why nothing can be done about it.
async fn find(
    records: &mut impl RecordStore,
    target: &ChangeTarget,
) -> Result<Result<Row, ChangeOutcome>, Error> {
    Ok(match records.record(target).await? {
        None => Err(ChangeOutcome::NotFound),
        Some(row) if row.held.withdrawn_at.is_some() => Err(ChangeOutcome::Gone),
        Some(row) => Ok(row),
    })
}

/// The record as it is corrected.
fn corrected(record: &Record, stored: &Stored) -> Stored {
    Stored {
        id: stored.id,
        revision: stored.revision + 1,
        received_at: stored.received_at,
        exported_at: None,
        record: record.clone().in_place_of(&stored.record),
    }
}
