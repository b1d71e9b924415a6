//! The outbox after the clock was set: what waits is reckoned by a time of day that may turn out to have been wrong.

use std::time::Duration;

use model::{
    record::{Kind, Kinds, Policy},
    tenant::TenantId,
    time::{DAY, MINUTE, SECOND, Timestamp},
};
use sqlx::{Error, SqliteConnection};

use super::Step;

/// What came in while the clock was ahead must not wait for that time to come again, when the folder is opened.
pub(super) async fn at_start(
    kinds: Kinds,
    connection: &mut SqliteConnection,
    now: Timestamp,
) -> Result<(), Error> {
    for kind in kinds {
        let Some(due) = kind.due(now) else { continue };
        sqlx::query(
            "UPDATE outbox SET due_at = min(due_at, ?1), enqueued_at = min(enqueued_at, ?2) \
             WHERE kind = ?3 AND (due_at > ?1 AND due_at <> ?4 OR enqueued_at > ?2)",
        )
        .bind(due.micros())
        .bind(now.micros())
        .bind(kind.name)
        .bind(midnight(now))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// How far the clock was set back since the time that was seen last.
pub(super) fn set_back(seen: Timestamp, now: Timestamp) -> Option<i64> {
    Some(seen.since(now)).filter(|by| *by > 10 * SECOND)
}

/// What lies ahead now goes back with the clock: it has waited for as long as before, and its leases and pauses end after
/// as long as before.
pub(super) async fn follow(connection: &mut SqliteConnection, now: Timestamp, by: i64) -> Result<(), Error> {
    sqlx::query(
        "UPDATE outbox SET due_at = CASE WHEN due_at > ?1 AND due_at % ?3 <> 0 THEN due_at - ?2 ELSE due_at END, \
         enqueued_at = CASE WHEN enqueued_at > ?1 THEN enqueued_at - ?2 ELSE enqueued_at END, \
         leased_until = CASE WHEN leased_until > ?1 THEN leased_until - ?2 ELSE leased_until END \
         WHERE due_at > ?1 OR enqueued_at > ?1",
    )
    .bind(now.micros())
    .bind(by)
    .bind(DAY)
    .execute(&mut *connection)
    .await?;
    tracing::warn!(clock.seconds = by / SECOND, "the clock was set back; what waits goes back with it");
    Ok(())
}

/// Nothing can come due later than the longest lease or pause that begins now: what does was written by another clock.
pub(super) async fn bring_near(
    step: &mut Step<'_>,
    tenant: TenantId,
    kind: &Kind,
    hold: Duration,
) -> Result<(), Error> {
    let Some(due) = kind.due(step.now) else { return Ok(()) };
    let longest = i64::try_from((hold * 2).as_micros()).unwrap_or(i64::MAX).max(10 * MINUTE);
    sqlx::query(
        "UPDATE outbox SET due_at = ?4, enqueued_at = min(enqueued_at, ?5), leased_until = NULL \
         WHERE tenant_id = ?1 AND kind = ?2 AND due_at > ?3 AND due_at <> ?6",
    )
    .bind(tenant.to_string())
    .bind(kind.name)
    .bind(due.max(step.now.plus(longest)).micros())
    .bind(due.micros())
    .bind(step.now.micros())
    .bind(midnight(step.now))
    .execute(&mut *step.connection)
    .await
    .map(|_| ())
}

/// What waits for the next midnight does so on purpose, by whichever clock.
fn midnight(now: Timestamp) -> i64 {
    Policy::Daily.due(now).micros()
}
