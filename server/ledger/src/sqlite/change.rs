//! What a correction and a withdrawal take of the file.

use model::{
    record::{self, Kind, Record, Stored},
    tenant::TenantId,
    time::Timestamp,
};
use sqlx::Error;

use super::{InFile, Step, StepIn, intake, outbox, row, statements};
use crate::{
    ChangeOutcome,
    affected::Affected as _,
    change::{ChangeTarget, Correct, RecordStore, Withdraw, correct, withdraw},
    decision::hour_of,
    flow_counts::FlowCounts,
    row::Row,
    settlement::OutboxEntry,
    write::On,
};

impl On<InFile> for Correct {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<ChangeOutcome, Error> {
        correct(step, &self.target, &self.record).await
    }
}

impl On<InFile> for Withdraw {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<ChangeOutcome, Error> {
        withdraw(step, self).await
    }
}

impl RecordStore for Step<'_> {
    fn now(&self) -> Timestamp {
        self.now
    }

    async fn record(&mut self, target: &ChangeTarget) -> Result<Option<Row>, Error> {
        let rows = intake::by_ids(self.connection, target.kind, target.tenant, &[target.id]).await?;
        Ok(rows.into_iter().next())
    }

    async fn keep_names(&mut self, tenant: TenantId, record: &Record) -> Result<(), Error> {
        intake::write_names(self.connection, self.cache, tenant, record, self.now).await
    }

    async fn keep_version(
        &mut self,
        target: &ChangeTarget,
        stored: &Stored,
        replaced_by: &'static str,
    ) -> Result<(), Error> {
        keep_version(self, (target.tenant, target.kind), stored, replaced_by).await
    }

    async fn replace(&mut self, target: &ChangeTarget, row: &Row, corrected: &Stored) -> Result<(), Error> {
        let query = sqlx::query(statements::of(target.kind).correct);
        let query = corrected.record.values().iter().fold(query, row::bind);
        let done = query.bind(corrected.revision).bind(row.position).execute(&mut *self.connection).await?;
        done.ensure(1, target.kind.table, corrected.id)?;
        self.rollups.add(target.tenant, row.position, &row.held.stored.record, -1);
        self.rollups.add(target.tenant, row.position, &corrected.record, 1);
        Ok(())
    }

    async fn mark_withdrawn(&mut self, target: &ChangeTarget, row: &Row, revision: i64) -> Result<(), Error> {
        sqlx::query(statements::of(target.kind).withdraw)
            .bind(self.now.micros())
            .bind(revision)
            .bind(row.position)
            .execute(&mut *self.connection)
            .await?
            .ensure(1, target.kind.table, row.held.stored.id)?;
        self.rollups.add(target.tenant, row.position, &row.held.stored.record, -1);
        Ok(())
    }

    async fn unconfirm(&mut self, target: &ChangeTarget) -> Result<(), Error> {
        let counts = FlowCounts { confirmed: -1, ..FlowCounts::default() };
        self.passed(target.tenant, target.kind, hour_of(self.now), counts).await
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

/// Keeps what a record was before it is replaced.
pub(super) async fn keep_version(
    step: &mut Step<'_>,
    (tenant, kind): (TenantId, &'static Kind),
    stored: &Stored,
    replaced_by: &'static str,
) -> Result<(), Error> {
    let fields = record::to_json(&stored.record);
    sqlx::query(
        "INSERT INTO versions (tenant_id, kind, id, revision, replaced_at, replaced_by, fields) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(tenant.to_string())
    .bind(kind.name)
    .bind(stored.id.to_string())
    .bind(stored.revision)
    .bind(step.now.micros())
    .bind(replaced_by)
    .bind(serde_json::Value::Object(fields).to_string())
    .execute(&mut *step.connection)
    .await
    .map(|_| ())
}
