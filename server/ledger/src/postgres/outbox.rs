//! The outbox entry of one record, kept in line with its newest state. The record's row is locked already.

use model::time::Timestamp;
use sqlx::Error;

use super::{Step, row::get};
use crate::{
    affected::Affected as _, change::ChangeTarget, decision::hour_of, flow_counts::FlowCounts,
    settlement::OutboxEntry,
};

/// The entry, locked: no process lends it out before this transaction ends.
pub(super) async fn entry(
    step: &mut Step<'_>,
    target: &ChangeTarget,
    position: i64,
) -> Result<Option<OutboxEntry>, Error> {
    let row = step
        .schema
        .query(
            "SELECT first, epoch FROM studio.outbox WHERE tenant_id = $1 AND kind = $2 AND position = $3 FOR UPDATE",
        )
        .bind(target.tenant.0)
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
    let dead = step
        .schema
        .query(
            "DELETE FROM studio.dead_letters WHERE tenant_id = $1 AND kind = $2 AND position = $3 \
             RETURNING first, enqueued_at, epoch",
        )
        .bind(target.tenant.0)
        .bind(target.kind.name)
        .bind(position)
        .fetch_optional(&mut *step.connection)
        .await?;
    let (first, since, epoch) = match dead {
        Some(row) => (get::<i64>(&row, 0)?, get::<i64>(&row, 1)?, get::<i64>(&row, 2)?),
        None => (0, step.now.micros(), 0),
    };
    step.schema
        .query(
            "INSERT INTO studio.outbox AS o (tenant_id, kind, position, revision, first, enqueued_at, due_at, epoch) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant_id, kind, position) DO UPDATE SET \
             revision = excluded.revision, attempts = 0, failing_since = NULL, \
             due_at = CASE WHEN o.leased_until IS NULL THEN least(o.due_at, excluded.due_at) ELSE o.due_at END",
        )
        .bind(target.tenant.0)
        .bind(target.kind.name)
        .bind(position)
        .bind(revision)
        .bind(first)
        .bind(since)
        .bind(due.micros())
        .bind(epoch)
        .execute(&mut *step.connection)
        .await?
        .ensure(1, "outbox", position)
}

/// Takes a record out of the line that was never sent and never will be.
pub(super) async fn call_off(step: &mut Step<'_>, target: &ChangeTarget, position: i64) -> Result<(), Error> {
    step.schema
        .query("DELETE FROM studio.outbox WHERE tenant_id = $1 AND kind = $2 AND position = $3")
        .bind(target.tenant.0)
        .bind(target.kind.name)
        .bind(position)
        .execute(&mut *step.connection)
        .await?
        .ensure(1, "outbox", position)?;
    let hour = hour_of(step.now);
    step.passed(
        target.tenant,
        target.kind,
        hour,
        FlowCounts { withdrawn_unsent: 1, ..FlowCounts::default() },
    );
    Ok(())
}
