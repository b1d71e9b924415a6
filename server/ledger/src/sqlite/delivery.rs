//! The outbox: takes entries back, and keeps each record's newest state in line.

use model::{record::Kind, tenant::TenantId, time::Timestamp};
use sqlx::{Error, SqliteConnection};

use super::{
    backlog::{self, Came},
    change::note,
    row::get,
    statements,
    writer::Step,
};
use crate::{
    affected::Affected as _,
    amendment::Passage,
    command::{Settlement, Target, Ticket},
    decision::hour_of,
    returned::{Entry, Returned, by_table},
};

pub(super) async fn entry(
    step: &mut Step<'_>,
    tenant: TenantId,
    kind: &'static Kind,
    position: i64,
) -> Result<Option<Entry>, Error> {
    let row =
        sqlx::query("SELECT first, epoch FROM outbox WHERE tenant_id = ?1 AND kind = ?2 AND position = ?3")
            .bind(tenant.to_string())
            .bind(kind.name)
            .bind(position)
            .fetch_optional(&mut *step.connection)
            .await?;
    row.map(|row| Ok(Entry { first: get::<i64>(&row, 0)? == 1, epoch: get(&row, 1)? })).transpose()
}

/// Puts a record that is known already back in line with its newest state. Whoever carries an older state of it keeps
/// the lease: two states of one record are never on the way at once.
pub(super) async fn enqueue(
    step: &mut Step<'_>,
    target: &Target,
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
pub(super) async fn call_off(
    step: &mut Step<'_>,
    tenant: TenantId,
    kind: &'static Kind,
    position: i64,
) -> Result<(), Error> {
    sqlx::query("DELETE FROM outbox WHERE tenant_id = ?1 AND kind = ?2 AND position = ?3")
        .bind(tenant.to_string())
        .bind(kind.name)
        .bind(position)
        .execute(&mut *step.connection)
        .await?
        .ensure(1, "outbox", position)?;
    let passage = Passage { withdrawn_unsent: 1, ..Passage::default() };
    note(step.connection, tenant, kind, hour_of(step.now), passage).await
}

/// Takes parcels back. Those whose lease was taken over by somebody else are passed over.
pub(super) async fn settle(step: &mut Step<'_>, tickets: &[Ticket], how: Settlement) -> Result<(), Error> {
    for tickets in by_table(tickets) {
        let Some(returned) = returned(step.connection, &tickets).await? else { continue };
        match how {
            Settlement::Delivered { at } => {
                let at = Settlement::acknowledged(at, step.now, step.now);
                delivered(step, &returned, at).await?;
            }
            Settlement::Postponed { until } => {
                release(step, &returned, &returned.newest, until, true).await?;
                release(step, &returned, &returned.overtaken, step.now, false).await?;
            }
            Settlement::HandedBack => hand_back(step, &returned, &tickets).await?,
            Settlement::Dead => dead(step, &returned, &tickets).await?,
        }
    }
    Ok(())
}

async fn returned(connection: &mut SqliteConnection, tickets: &[&Ticket]) -> Result<Option<Returned>, Error> {
    let Some(Ticket { tenant, kind, .. }) = tickets.first() else { return Ok(None) };
    let carried: Vec<(i64, i64, i64)> =
        tickets.iter().map(|ticket| (ticket.position, ticket.revision, ticket.epoch)).collect();
    let rows = sqlx::query(
        "SELECT o.position, o.revision = carried.value ->> 1, o.first FROM json_each(?3) AS carried \
         CROSS JOIN outbox AS o ON o.tenant_id = ?1 AND o.kind = ?2 AND o.position = carried.value ->> 0 \
         WHERE o.epoch = carried.value ->> 2 AND o.leased_until IS NOT NULL",
    )
    .bind(tenant.to_string())
    .bind(kind.name)
    .bind(json(&carried))
    .fetch_all(connection)
    .await?;
    let mut returned = Returned::nothing_yet(*tenant, kind);
    for row in &rows {
        returned.add(get(row, 0)?, get::<i64>(row, 1)? == 1, get(row, 2)?);
    }
    Ok(Some(returned))
}

async fn delivered(step: &mut Step<'_>, returned: &Returned, at: Timestamp) -> Result<(), Error> {
    leave(step, returned, &returned.newest).await?;
    sqlx::query(statements::of(returned.kind).exported)
        .bind(at.micros())
        .bind(json(&returned.newest))
        .execute(&mut *step.connection)
        .await?
        .ensure(returned.newest.len(), returned.kind.table, returned.one_of(&returned.newest))?;
    release(step, returned, &returned.overtaken, step.now, false).await?;
    sqlx::query(
        "UPDATE outbox SET first = 0, enqueued_at = ?1 WHERE tenant_id = ?2 AND kind = ?3 \
         AND position IN (SELECT value FROM json_each(?4))",
    )
    .bind(step.now.micros())
    .bind(returned.tenant.to_string())
    .bind(returned.kind.name)
    .bind(json(&returned.overtaken))
    .execute(&mut *step.connection)
    .await?
    .ensure(returned.overtaken.len(), "outbox", returned.one_of(&returned.overtaken))?;
    step.changed |= !returned.is_empty();
    let passage = Passage { delivered: returned.first, ..Passage::default() };
    note(step.connection, returned.tenant, returned.kind, hour_of(at), passage).await
}

async fn leave(step: &mut Step<'_>, returned: &Returned, positions: &[i64]) -> Result<(), Error> {
    sqlx::query(
        "DELETE FROM outbox WHERE tenant_id = ?1 AND kind = ?2 AND position IN (SELECT value FROM json_each(?3))",
    )
    .bind(returned.tenant.to_string())
    .bind(returned.kind.name)
    .bind(json(positions))
    .execute(&mut *step.connection)
    .await?
    .ensure(positions.len(), "outbox", returned.one_of(positions))
}

async fn release(
    step: &mut Step<'_>,
    returned: &Returned,
    positions: &[i64],
    until: Timestamp,
    counted: bool,
) -> Result<(), Error> {
    if positions.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE outbox SET leased_until = NULL, due_at = ?1, attempts = attempts + ?2, \
         failing_since = CASE ?2 WHEN 1 THEN coalesce(failing_since, ?6) ELSE failing_since END \
         WHERE tenant_id = ?3 AND kind = ?4 AND position IN (SELECT value FROM json_each(?5))",
    )
    .bind(until.micros())
    .bind(i64::from(counted))
    .bind(returned.tenant.to_string())
    .bind(returned.kind.name)
    .bind(json(positions))
    .bind(step.now.micros())
    .execute(&mut *step.connection)
    .await?
    .ensure(positions.len(), "outbox", returned.one_of(positions))
}

/// Each comes due as it did before it was lent; where that lies ahead, another clock said so, and it is due now.
async fn hand_back(step: &mut Step<'_>, returned: &Returned, tickets: &[&Ticket]) -> Result<(), Error> {
    let due = returned.due(tickets);
    sqlx::query(
        "UPDATE outbox AS o SET leased_until = NULL, due_at = min(back.value ->> 1, ?4) FROM json_each(?1) AS back \
         WHERE o.tenant_id = ?2 AND o.kind = ?3 AND o.position = back.value ->> 0",
    )
    .bind(json(&due))
    .bind(returned.tenant.to_string())
    .bind(returned.kind.name)
    .bind(step.now.micros())
    .execute(&mut *step.connection)
    .await?
    .ensure(due.len(), "outbox", returned.one_of(&returned.newest))
}

/// A record that was corrected meanwhile gets another chance.
async fn dead(step: &mut Step<'_>, returned: &Returned, tickets: &[&Ticket]) -> Result<(), Error> {
    let refused: Vec<(i64, String, Option<String>, Option<String>)> = returned
        .refused(tickets)
        .into_iter()
        .map(|(position, refusal)| (position, refusal.reason, refusal.request, refusal.response))
        .collect();
    sqlx::query(
        "INSERT INTO dead_letters (tenant_id, kind, position, revision, first, enqueued_at, epoch, attempts, reason, \
         request, response, died_at) SELECT o.tenant_id, o.kind, o.position, o.revision, o.first, o.enqueued_at, \
         o.epoch, o.attempts + 1, refused.value ->> 1, refused.value ->> 2, refused.value ->> 3, ?4 \
         FROM json_each(?3) AS refused CROSS JOIN outbox AS o \
         ON o.tenant_id = ?1 AND o.kind = ?2 AND o.position = refused.value ->> 0",
    )
    .bind(returned.tenant.to_string())
    .bind(returned.kind.name)
    .bind(json(&refused))
    .bind(step.now.micros())
    .execute(&mut *step.connection)
    .await?
    .ensure(refused.len(), "dead_letters", returned.one_of(&returned.newest))?;
    leave(step, returned, &returned.newest).await?;
    step.changed |= !returned.newest.is_empty();
    release(step, returned, &returned.overtaken, step.now, false).await
}

pub(super) fn json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "[]".to_owned())
}
