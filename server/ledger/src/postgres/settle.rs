//! Takes parcels back. Those whose lease another process took over are passed over.

use model::time::Timestamp;
use sqlx::Error;

use super::{InDatabase, Step, StepIn, row::get, statements};
use crate::{
    PermanentRefusal,
    affected::Affected as _,
    decision::hour_of,
    flow_counts::FlowCounts,
    settlement::{Returned, Settle, Settlement, Ticket, by_table},
    write::{Locks, On},
};

impl On<InDatabase> for Settle {
    async fn locks(&mut self, _step: &mut StepIn<'_>) -> Result<Locks, Error> {
        let rows = self.tickets.iter().map(|ticket| (ticket.kind, ticket.tenant, ticket.position)).collect();
        Ok(Locks { rows, ..Locks::default() })
    }

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<(), Error> {
        // The asker's own time, by which it reckons pauses.
        let asked_at = step.asked_at;
        for tickets in by_table(&self.tickets) {
            let Some(returned) = returned(step, &tickets).await? else { continue };
            match self.how {
                Settlement::Delivered { at } => {
                    let at = Settlement::acknowledged(at, asked_at, step.now);
                    delivered(step, &returned, at).await?;
                }
                Settlement::HandedBack => hand_back(step, &returned, &tickets).await?,
                Settlement::Postponed { until } => {
                    // The pause counts; the two clocks need not agree on when it ends.
                    let until = step.now.plus(until.since(asked_at));
                    release(step, &returned, &returned.newest, until, true).await?;
                    release(step, &returned, &returned.overtaken, step.now, false).await?;
                }
                Settlement::Dead => dead(step, &returned, &tickets).await?,
            }
        }
        Ok(())
    }
}

/// Locks the entries that are still theirs, in the order of their keys.
async fn returned(step: &mut Step<'_>, tickets: &[&Ticket]) -> Result<Option<Returned>, Error> {
    let Some(Ticket { tenant, kind, .. }) = tickets.first() else { return Ok(None) };
    let column = |of: fn(&Ticket) -> i64| tickets.iter().map(|ticket| of(ticket)).collect::<Vec<_>>();
    let rows = step
        .schema
        .query(
            "SELECT o.position, o.revision = carried.revision, o.first FROM studio.outbox AS o \
             JOIN unnest($3::bigint[], $4::bigint[], $5::bigint[]) AS carried (position, revision, epoch) \
             ON o.position = carried.position \
             WHERE o.tenant_id = $1 AND o.kind = $2 AND o.epoch = carried.epoch AND o.leased_until IS NOT NULL \
             ORDER BY o.position FOR UPDATE OF o",
        )
        .bind(tenant.0)
        .bind(kind.name)
        .bind(column(|ticket| ticket.position))
        .bind(column(|ticket| ticket.revision))
        .bind(column(|ticket| ticket.epoch))
        .fetch_all(&mut *step.connection)
        .await?;
    let mut returned = Returned::nothing_yet(*tenant, kind);
    for row in &rows {
        returned.add(get(row, 0)?, get(row, 1)?, get(row, 2)?);
    }
    Ok(Some(returned))
}

async fn delivered(step: &mut Step<'_>, returned: &Returned, at: Timestamp) -> Result<(), Error> {
    leave(step, returned).await?;
    step.schema
        .query(&statements::of(returned.kind).exported)
        .bind(returned.tenant.0)
        .bind(at.micros())
        .bind(returned.newest.clone())
        .execute(&mut *step.connection)
        .await?
        .ensure(returned.newest.len(), returned.kind.table, returned.one_of(&returned.newest))?;
    release(step, returned, &returned.overtaken, step.now, false).await?;
    step.schema
        .query(
            "UPDATE studio.outbox SET first = 0, enqueued_at = $1 \
             WHERE tenant_id = $2 AND kind = $3 AND position = ANY($4)",
        )
        .bind(step.now.micros())
        .bind(returned.tenant.0)
        .bind(returned.kind.name)
        .bind(returned.overtaken.clone())
        .execute(&mut *step.connection)
        .await?
        .ensure(returned.overtaken.len(), "outbox", returned.one_of(&returned.overtaken))?;
    step.changed |= !returned.is_empty();
    let counts = FlowCounts { delivered: returned.first, ..FlowCounts::default() };
    step.passed(returned.tenant, returned.kind, hour_of(at), counts);
    Ok(())
}

/// Those whose newest state was carried leave the outbox.
async fn leave(step: &mut Step<'_>, returned: &Returned) -> Result<(), Error> {
    step.schema
        .query("DELETE FROM studio.outbox WHERE tenant_id = $1 AND kind = $2 AND position = ANY($3)")
        .bind(returned.tenant.0)
        .bind(returned.kind.name)
        .bind(returned.newest.clone())
        .execute(&mut *step.connection)
        .await?
        .ensure(returned.newest.len(), "outbox", returned.one_of(&returned.newest))
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
    step.schema
        .query(
            "UPDATE studio.outbox SET leased_until = NULL, due_at = $1, attempts = attempts + $2, \
             failing_since = CASE $2 WHEN 1 THEN coalesce(failing_since, $6) ELSE failing_since END \
             WHERE tenant_id = $3 AND kind = $4 AND position = ANY($5)",
        )
        .bind(until.micros())
        .bind(i64::from(counted))
        .bind(returned.tenant.0)
        .bind(returned.kind.name)
        .bind(positions.to_vec())
        .bind(step.now.micros())
        .execute(&mut *step.connection)
        .await?
        .ensure(positions.len(), "outbox", returned.one_of(positions))
}

/// Each comes due as it did before it was lent; where that lies ahead, another clock said so, and it is due now.
async fn hand_back(step: &mut Step<'_>, returned: &Returned, tickets: &[&Ticket]) -> Result<(), Error> {
    let (positions, due): (Vec<i64>, Vec<i64>) = returned.due(tickets).into_iter().unzip();
    let count = due.len();
    step.schema
        .query(
            "UPDATE studio.outbox AS o SET leased_until = NULL, due_at = least(back.due_at, $5) \
             FROM unnest($3::bigint[], $4::bigint[]) AS back (position, due_at) \
             WHERE o.tenant_id = $1 AND o.kind = $2 AND o.position = back.position",
        )
        .bind(returned.tenant.0)
        .bind(returned.kind.name)
        .bind(positions)
        .bind(due)
        .bind(step.now.micros())
        .execute(&mut *step.connection)
        .await?
        .ensure(count, "outbox", returned.one_of(&returned.newest))
}

/// A record that was corrected meanwhile gets another chance.
async fn dead(step: &mut Step<'_>, returned: &Returned, tickets: &[&Ticket]) -> Result<(), Error> {
    let (positions, refusals): (Vec<i64>, Vec<PermanentRefusal>) =
        returned.refused(tickets).into_iter().unzip();
    let column = |of: fn(&PermanentRefusal) -> Option<String>| refusals.iter().map(of).collect::<Vec<_>>();
    step.schema
        .query(
            "INSERT INTO studio.dead_letters (tenant_id, kind, position, revision, first, enqueued_at, epoch, attempts, \
             reason, request, response, died_at) SELECT o.tenant_id, o.kind, o.position, o.revision, o.first, \
             o.enqueued_at, o.epoch, o.attempts + 1, refused.reason, refused.request, refused.response, $5 \
             FROM unnest($3::bigint[], $4::text[], $6::text[], $7::text[]) AS refused (position, reason, request, response) \
             JOIN studio.outbox AS o ON o.tenant_id = $1 AND o.kind = $2 AND o.position = refused.position",
        )
        .bind(returned.tenant.0)
        .bind(returned.kind.name)
        .bind(positions)
        .bind(column(|refusal| Some(refusal.reason.clone())))
        .bind(step.now.micros())
        .bind(column(|refusal| refusal.request.clone()))
        .bind(column(|refusal| refusal.response.clone()))
        .execute(&mut *step.connection)
        .await?
        .ensure(refusals.len(), "dead_letters", returned.one_of(&returned.newest))?;
    leave(step, returned).await?;
    step.changed |= !returned.newest.is_empty();
    release(step, returned, &returned.overtaken, step.now, false).await
}
