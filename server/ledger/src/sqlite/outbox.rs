//! The outbox entry of one record, kept in line with its newest state.

use model::time::Timestamp;
use sqlx::Error;

use super::{
    Step,
    backlog::{self, Came},
    row::get,
};
use crate::{
    affected::Affected as _, change::ChangeTarget, decision::hour_of, flow_counts::FlowCounts,
    settlement::OutboxEntry,
};

pub(super) async fn entry(
    step: &mut Step<'_>,
    target: &ChangeTarget,
    position: i64,
) -> Result<Option<OutboxEntry>, Error> {
    let row =
        sqlx::query("SELECT first, epoch FROM outbox WHERE tenant_id = ?1 AND kind = ?2 AND position = ?3")
            .bind(target.tenant.to_string())
            .bind(target.kind.name)
            .bind(position)
            .fetch_optional(&mut *step.connection)
            .await?;
    row.map(|row| Ok(OutboxEntry { first: get::<i64>(&row, 0)? == 1, epoch: get(&row, 1)? })).transpose()
}

/// Puts a record that is known already back in line with its newest state. A relay that carries an older state of it keeps
/// the lease: two states of one record are never on the way at once.
pub(super) async fn enqueue(
    step: &mut Step<'_>,
    target: &ChangeTarget,
    position: i64,
    revision: i64,
    due: Timestamp,
) -> Result<(), Error> {
    let dead = sqlx::query(
        "DELETE FROM dead_letters WHERE tenant_id = ?1 AND kind = ?2 AND position = ?3 \
         RETURNING first, enqueued_at, epoch",
    )
    .bind(target.tenant.to_string())
    .bind(target.kind.name)
    .bind(position)
    .fetch_optional(&mut *step.connection)
    .await?;
    let (first, since, epoch) = match dead {
        Some(row) => (get::<i64>(&row, 0)?, get::<i64>(&row, 1)?, get::<i64>(&row, 2)?),
        None => (0, step.now.micros(), 0),
    };
    let waiting = sqlx::query(
        "UPDATE outbox SET revision = ?4, attempts = 0, failing_since = NULL, \
         due_at = CASE WHEN leased_until IS NULL THEN min(due_at, ?5) ELSE due_at END \
         WHERE tenant_id = ?1 AND kind = ?2 AND position = ?3",
    )
    .bind(target.tenant.to_string())
    .bind(target.kind.name)
    .bind(position)
    .bind(revision)
    .bind(due.micros())
    .execute(&mut *step.connection)
    .await?;
    if waiting.rows_affected() > 0 {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO outbox (tenant_id, kind, position, revision, first, enqueued_at, due_at, epoch) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )
    .bind(target.tenant.to_string())
    .bind(target.kind.name)
    .bind(position)
    .bind(revision)
    .bind(first)
    .bind(since)
    .bind(due.micros())
    .bind(epoch)
    .execute(&mut *step.connection)
    .await?;
    let hour = hour_of(Timestamp::from_micros(since));
    backlog::came(step.connection, (target.tenant, target.kind), hour, Came { waiting: 1, first }).await
}

/// Takes a record out of the line that was never sent and never will be.
pub(super) async fn call_off(step: &mut Step<'_>, target: &ChangeTarget, position: i64) -> Result<(), Error> {
    sqlx::query("DELETE FROM outbox WHERE tenant_id = ?1 AND kind = ?2 AND position = ?3")
        .bind(target.tenant.to_string())
        .bind(target.kind.name)
        .bind(position)
        .execute(&mut *step.connection)
        .await?
        .ensure(1, "outbox", position)?;
    let counts = FlowCounts { withdrawn_unsent: 1, ..FlowCounts::default() };
    step.passed(target.tenant, target.kind, hour_of(step.now), counts).await
}
