//! The database's clock, by which everything waits that several processes share; and the outbox after it was set.

use std::time::Duration;

use model::{
    record::{Kind, Policy},
    tenant::TenantId,
    time::{DAY, MINUTE, Timestamp},
};
use sqlx::{Error, PgConnection};

use super::{Step, row::get, schema::PostgresSchema};

/// A time of the asker's as the database's clock has it; `now` is the asker's own.
pub(super) async fn there(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    at: Timestamp,
    now: Timestamp,
) -> Result<Timestamp, Error> {
    let row = schema.query("SELECT studio.clock()").fetch_one(connection).await?;
    Ok(Timestamp::from_micros(get(&row, 0)?).plus(at.since(now)))
}

/// No process takes a lease for longer than a day, whatever it is set to.
const LONGEST_LEASE: i64 = DAY;

/// Nothing that is due as soon as it is there comes due later than the longest lease or pause that begins now; another
/// process may take longer leases than this one.
pub(super) fn latest(now: Timestamp, hold: Duration) -> Timestamp {
    now.plus(i64::try_from((hold * 2).as_micros()).unwrap_or(i64::MAX).max(10 * MINUTE))
}

/// What comes due later than anything can that begins now was written by another clock; what is lent, where it is lent for
/// longer than any process takes a lease. As with leases, what is locked is passed over.
pub(super) async fn bring_near(
    step: &mut Step<'_>,
    tenant: TenantId,
    kind: &Kind,
    hold: Duration,
) -> Result<(), Error> {
    let Some(due) = kind.due(step.now) else { return Ok(()) };
    step.schema
        .query(
            "WITH far AS MATERIALIZED (SELECT position FROM studio.outbox \
             WHERE tenant_id = $1 AND kind = $2 AND due_at > $3 AND due_at <> $6 \
             AND (leased_until IS NULL OR leased_until > $7) ORDER BY due_at, position FOR UPDATE SKIP LOCKED) \
             UPDATE studio.outbox AS o SET due_at = $4, enqueued_at = least(o.enqueued_at, $5), leased_until = NULL \
             FROM far WHERE o.tenant_id = $1 AND o.kind = $2 AND o.position = far.position",
        )
        .bind(tenant.0)
        .bind(kind.name)
        .bind(due.max(latest(step.now, hold)).micros())
        .bind(due.micros())
        .bind(step.now.micros())
        // What waits for the next midnight does so on purpose.
        .bind(Policy::Daily.due(step.now).micros())
        .bind(step.now.plus(LONGEST_LEASE).micros())
        .execute(&mut *step.connection)
        .await
        .map(|_| ())
}
