//! What requests to Dataverse cost, by the hour.

use model::time::Timestamp;
use sqlx::Error;

use super::{InFile, Reader, StepIn, row::get};
use crate::{
    dead_letters::SYSTEM,
    decision::{beginning, hour_of},
    spending::Spend,
    write::On,
};

impl On<InFile> for Spend {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO spending (tenant_id, hour, cost) VALUES (?1, ?2, ?3) \
         ON CONFLICT (tenant_id, hour) DO UPDATE SET cost = cost + excluded.cost",
        )
        .bind(SYSTEM.to_string())
        .bind(hour_of(step.now))
        .bind(self.cost)
        .execute(&mut *step.connection)
        .await
        .map(|_| ())
    }
}

/// By hour, oldest first, from the hour on into which that time falls.
pub(crate) async fn spent(
    Reader { pool, .. }: Reader<'_>,
    since: Timestamp,
) -> Result<Vec<(Timestamp, i64)>, Error> {
    let rows =
        sqlx::query("SELECT hour, cost FROM spending WHERE tenant_id = ?1 AND hour >= ?2 ORDER BY hour")
            .bind(SYSTEM.to_string())
            .bind(hour_of(since))
            .fetch_all(pool)
            .await?;
    rows.iter().map(|row| Ok((beginning(get(row, 0)?), get(row, 1)?))).collect()
}
