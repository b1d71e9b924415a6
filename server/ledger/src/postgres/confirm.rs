//! What was read back out of Dataverse.

use futures::TryStreamExt as _;
use model::{tenant::TenantId, time::Timestamp};
use sqlx::Error;

use super::{
    InDatabase, Reader, StepIn, clock,
    row::{self, get},
    statements,
};
use crate::{
    confirm::{Confirm, Unconfirmed, UnconfirmedPage},
    decision::hour_of,
    flow_counts::FlowCounts,
    write::{Locks, On},
};

/// Marks these, each by its position and the revision that was read back; their rows are locked already. Says how many
/// were new.
impl On<InDatabase> for Confirm {
    async fn locks(&mut self, _step: &mut StepIn<'_>) -> Result<Locks, Error> {
        let rows = self.read.iter().map(|(position, _)| (self.kind, self.tenant, *position)).collect();
        Ok(Locks { rows, ..Locks::default() })
    }

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<u64, Error> {
        let Self { kind, tenant, read } = &*self;
        let (positions, revisions): (Vec<i64>, Vec<i64>) = read.iter().copied().unzip();
        let done = step
            .schema
            .query(&statements::of(kind).confirmed)
            .bind(tenant.0)
            .bind(step.now.micros())
            .bind(positions)
            .bind(revisions)
            .execute(&mut *step.connection)
            .await?;
        let confirmed = i64::try_from(done.rows_affected()).unwrap_or(0);
        if confirmed > 0 {
            step.changed = true;
            let hour = hour_of(step.now);
            step.passed(*tenant, kind, hour, FlowCounts { confirmed, ..FlowCounts::default() });
        }
        Ok(done.rows_affected())
    }
}

/// What was delivered up to the first of the pair and not read back yet, the oldest first. The second is now; both are the
/// asker's.
pub(crate) async fn waiting(
    Reader { connection, schema, now, .. }: Reader<'_>,
    until: Timestamp,
    after: Option<&Unconfirmed>,
    most: usize,
) -> Result<Vec<Unconfirmed>, Error> {
    let until = clock::there(connection, schema, until, now).await?;
    let rows = schema.query("SELECT id FROM studio.tenants ORDER BY id").fetch_all(&mut *connection).await?;
    let tenants: Vec<TenantId> =
        rows.iter().map(|row| get(row, 0).map(TenantId)).collect::<Result<_, _>>()?;
    let mut waiting = UnconfirmedPage::page(schema.kinds(), most);
    for (kind, exported_at, position) in waiting.places(after) {
        for tenant in &tenants {
            let mut portion = waiting.portion();
            let mut rows = schema
                .query(&statements::of(kind).to_confirm)
                .bind(tenant.0)
                .bind(until.micros())
                .bind(i64::try_from(most).unwrap_or(i64::MAX))
                .bind(exported_at)
                .bind(position)
                .fetch(&mut *connection);
            while let (false, Some(row)) = (portion.is_full(), rows.try_next().await?) {
                let found = row::read(kind, &row)?;
                let (dataverse_id, position) = (found.id_there(), found.position);
                let item = Unconfirmed { tenant: *tenant, kind, dataverse_id, position, held: found.held };
                portion.takes(&item);
                waiting.add(item);
            }
        }
    }
    Ok(waiting.finish())
}
