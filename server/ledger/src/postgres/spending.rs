//! What requests to Dataverse cost, by the hour.

use model::time::Timestamp;
use sqlx::Error;

use super::{InDatabase, Reader, StepIn, row::get};
use crate::{
    dead_letters::SYSTEM,
    decision::{beginning, hour_of},
    spending::Spend,
    write::On,
};

impl On<InDatabase> for Spend {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<(), Error> {
        step.schema
            .query(
                "INSERT INTO studio.spending AS s (tenant_id, hour, writer, cost) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (tenant_id, hour, writer) DO UPDATE SET cost = s.cost + excluded.cost",
            )
            .bind(SYSTEM.0)
            .bind(hour_of(step.now))
            .bind(step.writer)
            .bind(self.cost)
            .execute(&mut *step.connection)
            .await
            .map(|_| ())
    }
}

/// By hour, oldest first, from the hour on into which that time falls.
pub(crate) async fn spent(
    Reader { connection, schema, .. }: Reader<'_>,
    since: Timestamp,
) -> Result<Vec<(Timestamp, i64)>, Error> {
    let rows = schema
        .query(
            "SELECT hour, sum(cost)::bigint FROM studio.spending WHERE tenant_id = $1 AND hour >= $2 \
             GROUP BY hour ORDER BY hour",
        )
        .bind(SYSTEM.0)
        .bind(hour_of(since))
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok((beginning(get(row, 0)?), get(row, 1)?))).collect()
}
