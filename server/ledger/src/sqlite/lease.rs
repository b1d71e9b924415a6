//! Lends out what is due.

use std::{collections::HashMap, time::Duration};

use model::{record::Kind, tenant::TenantId, time::Timestamp};
use sqlx::Error;

use super::{
    InFile, Step, StepIn, clock,
    row::{self, get},
    statements,
    step::json,
};
use crate::{
    OutboxOperation, Parcel,
    affected::Affected as _,
    lease::{self, Chosen, Due, Lease, Lender},
    outbox::failing_for,
    write::On,
};

/// Lends out what is due: [`lease::next`] says what of it.
impl On<InFile> for Lease {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<Vec<Parcel>, Error> {
        let Self { most, hold } = *self;
        let tenants =
            sqlx::query("SELECT id FROM tenants ORDER BY id").fetch_all(&mut *step.connection).await?;
        let tenants: Vec<TenantId> =
            tenants.iter().map(|row| row::tenant(row, 0)).collect::<Result<_, _>>()?;
        for tenant in &tenants {
            for kind in step.kinds {
                clock::bring_near(step, *tenant, kind, hold).await?;
            }
        }
        let mut parcels = Vec::new();
        for chosen in lease::next(step, &tenants, step.kinds, most).await? {
            parcels.extend(lease_chosen(step, &chosen, hold).await?);
        }
        Ok(parcels)
    }
}

impl Lender for Step<'_> {
    async fn due(&mut self, tenant: TenantId, kind: &'static Kind, most: usize) -> Result<Vec<Due>, Error> {
        let rows = sqlx::query(statements::of(kind).due)
            .bind(tenant.to_string())
            .bind(kind.name)
            .bind(self.now.micros())
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(&mut *self.connection)
            .await?;
        let due = |row| {
            Ok(Due { tenant, kind, position: get(row, 0)?, due_at: get(row, 1)?, weight: get(row, 2)? })
        };
        rows.iter().map(due).collect()
    }
}

async fn lease_chosen(step: &mut Step<'_>, chosen: &Chosen, hold: Duration) -> Result<Vec<Parcel>, Error> {
    let (tenant, kind, epoch) = (chosen.tenant, chosen.kind, step.new_epoch());
    let positions = json(&chosen.positions);
    let rows = sqlx::query(statements::of(kind).leased)
        .bind(tenant.to_string())
        .bind(kind.name)
        .bind(positions.clone())
        .fetch_all(&mut *step.connection)
        .await?;
    let mut parcels = HashMap::with_capacity(rows.len());
    for row in &rows {
        let found = row::read(kind, row, 6)?;
        let withdrawn = found.held.withdrawn_at.is_some();
        let parcel = Parcel {
            tenant,
            kind,
            id: found.held.stored.id,
            dataverse_id: found.id_there(),
            revision: get(row, 0)?,
            operation: if withdrawn {
                OutboxOperation::Delete
            } else {
                OutboxOperation::Upsert(Box::new(found.held.stored))
            },
            is_first: get::<i64>(row, 5)? == 1,
            attempts: get(row, 1)?,
            failing_for: failing_for(get(row, 4)?, step.now),
            enqueued_at: Timestamp::from_micros(get(row, 2)?),
            epoch,
            position: found.position,
            due_at: get(row, 3)?,
        };
        parcels.insert(found.position, parcel);
    }
    let until = step.now.plus(i64::try_from(hold.as_micros()).unwrap_or(i64::MAX)).micros();
    sqlx::query(
        "UPDATE outbox SET leased_until = ?1, due_at = ?1, epoch = ?5 WHERE tenant_id = ?2 AND kind = ?3 \
         AND position IN (SELECT value FROM json_each(?4))",
    )
    .bind(until)
    .bind(tenant.to_string())
    .bind(kind.name)
    .bind(positions)
    .bind(epoch)
    .execute(&mut *step.connection)
    .await?
    .ensure(chosen.positions.len(), "outbox", chosen.positions.first().copied().unwrap_or_default())?;
    Ok(chosen.positions.iter().filter_map(|position| parcels.remove(position)).collect())
}
