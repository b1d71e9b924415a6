//! Takes parcels back. Those whose lease another process took over are passed over.

use model::time::Timestamp;
use sqlx::{Error, SqliteConnection};

use super::{InFile, Step, StepIn, row::get, statements, step::json};
use crate::{
    affected::Affected as _,
    decision::hour_of,
    flow_counts::FlowCounts,
    settlement::{Returned, Settle, Settlement, Ticket, by_table},
    write::On,
};

impl On<InFile> for Settle {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<(), Error> {
        for tickets in by_table(&self.tickets) {
            let Some(returned) = returned(step.connection, &tickets).await? else { continue };
            match self.how {
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
    let counts = FlowCounts { delivered: returned.first, ..FlowCounts::default() };
    step.passed(returned.tenant, returned.kind, hour_of(at), counts).await
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
