//! What a correction and a withdrawal take of the database, where the record's row is locked already.

use model::{
    record::{self, Record, Stored},
    tenant::TenantId,
    time::Timestamp,
};
use sqlx::Error;

use super::{InDatabase, Step, StepIn, intake, outbox, statements};
use crate::{
    Change,
    affected::Affected as _,
    change::{Correct, Records, Target, Withdraw, correct, withdraw},
    decision::hour_of,
    passage::Passage,
    row::Row,
    settlement::Entry,
    write::{Locks, On},
};

impl On<InDatabase> for Correct {
    async fn locks(&mut self, _step: &mut StepIn<'_>) -> Result<Locks, Error> {
        Ok(self.target.locks())
    }

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<Change, Error> {
        correct(step, &self.target, &self.record).await
    }
}

impl On<InDatabase> for Withdraw {
    async fn locks(&mut self, _step: &mut StepIn<'_>) -> Result<Locks, Error> {
        Ok(self.target.locks())
    }

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<Change, Error> {
        withdraw(step, self).await
    }
}

impl Target {
    pub(super) fn locks(&self) -> Locks {
        Locks { records: vec![(self.kind, self.tenant, self.id)], ..Locks::default() }
    }
}

impl Records for Step<'_> {
    fn now(&self) -> Timestamp {
        self.now
    }

    async fn record(&mut self, target: &Target) -> Result<Option<Row>, Error> {
        let rows = intake::by_ids(self, target.kind, target.tenant, vec![target.id]).await?;
        Ok(rows.into_iter().next())
    }

    async fn keep_names(&mut self, tenant: TenantId, record: &Record) -> Result<(), Error> {
        self.named(tenant, record);
        Ok(())
    }

    async fn keep_version(
        &mut self,
        target: &Target,
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

    async fn replace(&mut self, target: &Target, row: &Row, corrected: &Stored) -> Result<(), Error> {
        let query = self
            .schema
            .query(&statements::of(target.kind).correct)
            .bind(target.tenant.0)
            .bind(row.position)
            .bind(corrected.revision);
        let done = intake::bind_fields(query, &corrected.record).execute(&mut *self.connection).await?;
        done.ensure(1, target.kind.table, corrected.id)
    }

    async fn mark_withdrawn(&mut self, target: &Target, row: &Row, revision: i64) -> Result<(), Error> {
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

    async fn unconfirm(&mut self, target: &Target) -> Result<(), Error> {
        let passage = Passage { confirmed: -1, ..Passage::default() };
        self.passed(target.tenant, target.kind, hour_of(self.now), passage);
        Ok(())
    }

    async fn entry(&mut self, target: &Target, position: i64) -> Result<Option<Entry>, Error> {
        outbox::entry(self, target, position).await
    }

    async fn call_off(&mut self, target: &Target, position: i64) -> Result<(), Error> {
        outbox::call_off(self, target, position).await
    }

    async fn enqueue(
        &mut self,
        target: &Target,
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
