//! Lends out what is due, to whichever process asks: the database's clock says what is due, and how long it is lent.

use std::{collections::HashMap, time::Duration};

use model::{record::Kind, tenant::TenantId, time::Timestamp};
use sqlx::Error;

use super::{
    InDatabase, Step, StepIn, clock,
    row::{self, get},
    statements,
};
use crate::{
    OutboxOperation, Parcel,
    dead_letters::SYSTEM,
    lease::{self, Chosen, Due, Lease, Lender},
    outbox::failing_for,
    row::Row,
    write::On,
};

/// Position, time and weight of what is due, oldest first: the tenant, the kind's name, now, how many. Under which id a
/// record that another program exported stands there is not known until its row was met: it waits until then, or until the
/// whole table was read. What another process is about to lease_chosen is passed over.
pub(super) fn due(kind: &Kind) -> String {
    format!(
        "SELECT o.position, o.due_at, (SELECT ({weight})::bigint FROM studio.{table} AS r \
         WHERE r.tenant_id = o.tenant_id AND r.position = o.position) \
         FROM studio.outbox AS o WHERE o.tenant_id = $1 AND o.kind = $2 AND o.due_at <= $3 \
         AND (EXISTS (SELECT 1 FROM studio.marks WHERE tenant_id = '{SYSTEM}' AND kind = $2 AND link IS NOT NULL) \
         OR (SELECT r.unmet FROM studio.{table} AS r WHERE r.tenant_id = o.tenant_id AND r.position = o.position) = 0) \
         ORDER BY o.due_at, o.position LIMIT $4 FOR UPDATE OF o SKIP LOCKED",
        weight = lease::weight(kind),
        table = kind.table
    )
}

/// Lends out what is due: [`lease::next`] says what of it.
impl On<InDatabase> for Lease {
    const TAKES_LONG: bool = true;
    const COMES_LAST: bool = true;

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<Vec<Parcel>, Error> {
        let Self { most, hold } = *self;
        for tenant in with_entries(step, "o.due_at > $2", clock::latest(step.now, hold)).await? {
            for kind in step.schema.kinds() {
                clock::bring_near(step, tenant, kind, hold).await?;
            }
        }
        let tenants = with_entries(step, "o.due_at <= $2", step.now).await?;
        let kinds = step.schema.kinds();
        let mut parcels = Vec::new();
        for chosen in lease::next(step, &tenants, kinds, most).await? {
            parcels.extend(lease_chosen(step, &chosen, hold).await?);
        }
        Ok(parcels)
    }
}

/// Who has something of which this is true; `$2` is the time.
async fn with_entries(step: &mut Step<'_>, so: &str, at: Timestamp) -> Result<Vec<TenantId>, Error> {
    let kinds: Vec<&str> = step.schema.kinds().iter().map(|kind| kind.name).collect();
    let rows = step
        .schema
        .query(&format!(
            "SELECT t.id FROM studio.tenants AS t WHERE EXISTS (SELECT 1 FROM studio.outbox AS o \
             WHERE o.tenant_id = t.id AND o.kind = ANY($1) AND {so}) ORDER BY t.id"
        ))
        .bind(kinds)
        .bind(at.micros())
        .fetch_all(&mut *step.connection)
        .await?;
    rows.iter().map(|row| get(row, 0).map(TenantId)).collect()
}

impl Lender for Step<'_> {
    async fn due(&mut self, tenant: TenantId, kind: &'static Kind, most: usize) -> Result<Vec<Due>, Error> {
        let rows = self
            .schema
            .query(&due(kind))
            .bind(tenant.0)
            .bind(kind.name)
            .bind(self.now.micros())
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(&mut *self.connection)
            .await?;
        // An entry whose record is gone has no weight, and is not lent.
        let weighed = |row| Ok(get::<Option<i64>>(row, 2)?.map(|weight| (row, weight)));
        let due =
            |(row, weight)| Ok(Due { tenant, kind, position: get(row, 0)?, due_at: get(row, 1)?, weight });
        let found: Vec<_> =
            rows.iter().filter_map(|row| weighed(row).transpose()).collect::<Result<_, Error>>()?;
        found.into_iter().map(due).collect()
    }
}

/// What an entry says once it is lent.
struct LeasedEntry {
    due_at: i64,
    revision: i64,
    is_first: bool,
    attempts: i64,
    enqueued_at: i64,
    epoch: i64,
    failing_since: Option<i64>,
}

async fn lease_chosen(step: &mut Step<'_>, chosen: &Chosen, hold: Duration) -> Result<Vec<Parcel>, Error> {
    let (tenant, kind) = (chosen.tenant, chosen.kind);
    let lent = mark_lent(step, chosen, hold).await?;
    // Read by a statement of its own, after the entries are ours: the states that they stand for are committed, and no
    // newer one can be before this transaction ends.
    let query = step.schema.query(&statements::of(kind).at_positions).bind(tenant.0);
    let rows = query.bind(chosen.positions.clone()).fetch_all(&mut *step.connection).await?;
    let mut parcels = HashMap::with_capacity(rows.len());
    for row in &rows {
        let found = row::read(kind, row)?;
        let Some(lent) = lent.get(&found.position) else { continue };
        parcels.insert(found.position, parcel(tenant, kind, found, lent, step.now));
    }
    Ok(chosen.positions.iter().filter_map(|position| parcels.remove(position)).collect())
}

/// Their entries are locked already.
async fn mark_lent(
    step: &mut Step<'_>,
    chosen: &Chosen,
    hold: Duration,
) -> Result<HashMap<i64, LeasedEntry>, Error> {
    let until = step.now.plus(i64::try_from(hold.as_micros()).unwrap_or(i64::MAX)).micros();
    let rows = step
        .schema
        .query(
            "WITH due AS MATERIALIZED (SELECT position, due_at FROM studio.outbox \
             WHERE tenant_id = $1 AND kind = $2 AND position = ANY($3)) \
             UPDATE studio.outbox AS o SET leased_until = $4, due_at = $4, epoch = nextval('studio.outbox_epoch') FROM due \
             WHERE o.tenant_id = $1 AND o.kind = $2 AND o.position = due.position \
             RETURNING o.position, due.due_at, o.revision, o.attempts, o.enqueued_at, o.epoch, o.failing_since, o.first",
        )
        .bind(chosen.tenant.0)
        .bind(chosen.kind.name)
        .bind(chosen.positions.clone())
        .bind(until)
        .fetch_all(&mut *step.connection)
        .await?;
    let lent = |row| {
        let lent = LeasedEntry {
            due_at: get(row, 1)?,
            revision: get(row, 2)?,
            attempts: get(row, 3)?,
            enqueued_at: get(row, 4)?,
            epoch: get(row, 5)?,
            failing_since: get(row, 6)?,
            is_first: get::<i64>(row, 7)? == 1,
        };
        Ok((get(row, 0)?, lent))
    };
    rows.iter().map(lent).collect()
}

fn parcel(tenant: TenantId, kind: &'static Kind, found: Row, lent: &LeasedEntry, now: Timestamp) -> Parcel {
    let (id, dataverse_id) = (found.held.stored.id, found.id_there());
    let withdrawn = found.held.withdrawn_at.is_some();
    Parcel {
        tenant,
        kind,
        id,
        dataverse_id,
        revision: lent.revision,
        operation: if withdrawn {
            OutboxOperation::Delete
        } else {
            OutboxOperation::Upsert(Box::new(found.held.stored))
        },
        is_first: lent.is_first,
        attempts: lent.attempts,
        failing_for: failing_for(lent.failing_since, now),
        enqueued_at: Timestamp::from_micros(lent.enqueued_at),
        epoch: lent.epoch,
        position: found.position,
        due_at: lent.due_at,
    }
}
