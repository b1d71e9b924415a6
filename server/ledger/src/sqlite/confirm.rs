//! What was read back out of Dataverse.

use futures::TryStreamExt as _;
use model::time::Timestamp;
use sqlx::Error;

use super::{InFile, Reader, StepIn, row, statements, step::json};
use crate::{
    confirm::{Confirm, Unconfirmed, UnconfirmedPage},
    decision::hour_of,
    flow_counts::FlowCounts,
    write::On,
};

/// Marks these, each by its position and the revision that was read back. Says how many were new.
impl On<InFile> for Confirm {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<u64, Error> {
        let Self { kind, tenant, read } = &*self;
        let done = sqlx::query(statements::of(kind).confirmed)
            .bind(step.now.micros())
            .bind(json(&read))
            .execute(&mut *step.connection)
            .await?;
        let confirmed = i64::try_from(done.rows_affected()).unwrap_or(0);
        if confirmed > 0 {
            step.changed = true;
            let counts = FlowCounts { confirmed, ..FlowCounts::default() };
            step.passed(*tenant, kind, hour_of(step.now), counts).await?;
        }
        Ok(done.rows_affected())
    }
}

/// What was delivered up to then and not read back yet, the oldest first.
pub(crate) async fn waiting(
    Reader { pool, kinds, .. }: Reader<'_>,
    until: Timestamp,
    after: Option<&Unconfirmed>,
    most: usize,
) -> Result<Vec<Unconfirmed>, Error> {
    let mut waiting = UnconfirmedPage::page(kinds, most);
    for (kind, exported_at, position) in waiting.places(after) {
        let mut portion = waiting.portion();
        let mut rows = sqlx::query(statements::of(kind).to_confirm)
            .bind(until.micros())
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .bind(exported_at)
            .bind(position)
            .fetch(pool);
        while let (false, Some(row)) = (portion.is_full(), rows.try_next().await?) {
            let (tenant, found) = (row::tenant(&row, 0)?, row::read(kind, &row, 1)?);
            let (dataverse_id, position) = (found.id_there(), found.position);
            let item = Unconfirmed { tenant, kind, dataverse_id, position, held: found.held };
            portion.takes(&item);
            waiting.add(item);
        }
    }
    Ok(waiting.finish())
}
