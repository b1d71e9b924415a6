//! What a correction and a withdrawal take of the database, where the record's row is locked already.

use model::{
    record::{self, Record, Stored},
    tenant::TenantId,
    time::Timestamp,
};
use sqlx::Error;

use super::{InDatabase, Step, StepIn, intake, outbox, statements};
use crate::{
    ChangeOutcome,
    affected::Affected as _,
    change::{ChangeTarget, Correct, RecordStore, Withdraw, correct, withdraw},
    decision::hour_of,
    flow_counts::FlowCounts,
    row::Row,
    settlement::OutboxEntry,
    write::{Locks, On},
};

impl On<InDatabase> for Correct {
    async fn locks(&mut self, _step: &mut StepIn<'_>) -> Result<Locks, Error> {
        Ok(self.target.locks())
    }

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<ChangeOutcome, Error> {
        correct(step, &self.target, &self.record).await
    }
}

impl On<InDatabase> for Withdraw {
    async fn locks(&mut self, _step: &mut StepIn<'_>) -> Result<Locks, Error> {
        Ok(self.target.locks())
    }

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<ChangeOutcome, Error> {
        withdraw(step, self).await
    }
}

impl ChangeTarget {
    pub(super) fn locks(&self) -> Locks {
        Locks { records: vec![(self.kind, self.tenant, self.id)], ..Locks::default() }
    }
}

impl RecordStore for Step<'_> {
    fn now(&self) -> Timestamp {
        self.now
    }

    async fn record(&mut self, target: &ChangeTarget) -> Result<Option<Row>, Error> {
        let rows = intake::by_ids(self, target.kind, target.tenant, vec![target.id]).await?;
        Ok(rows.into_iter().next())
    }

    async fn keep_names(&mut self, tenant: TenantId, record: &Record) -> Result<(), Error> {
        self.named(tenant, record);
        Ok(())
    }

    async fn keep_version(
        &mut self,
        target: &ChangeTarget,
        stored: &Stored,
        replaced_by: &'static str,
    ) -> Result<(), Error> {
        let fields = record::to_json(&stored.record);
        self.schema
            .query(
                "INSERT INTO studio.versions (tenant_id, kind, id, revision, replaced_at, replaced_by, fields) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb)",
            )
            .bind(target.tenant.0)
            .bind(target.kind.name)
            .bind(stored.id)
            .bind(stored.revision)
            .bind(self.now.micros())
            .bind(replaced_by)
            .bind(serde_json::Value::Object(fields).to_string())
            .execute(&mut *self.connection)
            .await
            .map(|_| ())
    }

    async fn replace(&mut self, target: &ChangeTarget, row: &Row, corrected: &Stored) -> Result<(), Error> {
        let query = self
            .schema
            .query(&statements::of(target.kind).correct)
            .bind(target.tenant.0)
            .bind(row.position)
            .bind(corrected.revision);
        let done = intake::bind_fields(query, &corrected.record).execute(&mut *self.connection).await?;
        self.closing.rollups.take_back(target.tenant, row.position, &row.held);
        self.closing.rollups.add(target.tenant, row.position, &corrected.record, 1);
        done.ensure(1, target.kind.table, corrected.id)
    }

    async fn mark_withdrawn(&mut self, target: &ChangeTarget, row: &Row, revision: i64) -> Result<(), Error> {
        self.closing.rollups.take_back(target.tenant, row.position, &row.held);
        self.schema
            .query(&statements::of(target.kind).withdraw)
            .bind(target.tenant.0)
            .bind(row.position)
            .bind(self.now.micros())
            .bind(revision)
            .execute(&mut *self.connection)
            .await?
            .ensure(1, target.kind.table, row.held.stored.id)
    }

    async fn unconfirm(&mut self, target: &ChangeTarget) -> Result<(), Error> {
        let counts = FlowCounts { confirmed: -1, ..FlowCounts::default() };
        self.passed(target.tenant, target.kind, hour_of(self.now), counts);
        Ok(())
    }

    async fn entry(&mut self, target: &ChangeTarget, position: i64) -> Result<Option<OutboxEntry>, Error> {
        outbox::entry(self, target, position).await
    }

    async fn call_off(&mut self, target: &ChangeTarget, position: i64) -> Result<(), Error> {
        outbox::call_off(self, target, position).await
    }

    async fn enqueue(
        &mut self,
        target: &ChangeTarget,
        position: i64,
        revision: i64,
        due: Timestamp,
    ) -> Result<(), Error> {
        outbox::enqueue(self, target, position, revision, due).await
    }

    fn changed(&mut self) {
        self.changed = true;
    }
}
