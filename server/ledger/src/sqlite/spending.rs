//! What requests to Dataverse cost, by the hour.

use model::time::Timestamp;
use sqlx::{Error, SqlitePool};

use super::{row::get, writer::Step};
use crate::{
    decision::{beginning, hour_of},
    letters::HOUSE,
};

pub(super) async fn spend(step: &mut Step<'_>, cost: i64) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO spending (tenant_id, hour, cost) VALUES (?1, ?2, ?3) \
         ON CONFLICT (tenant_id, hour) DO UPDATE SET cost = cost + excluded.cost",
    )
    .bind(HOUSE.to_string())
    .bind(hour_of(step.now))
    .bind(cost)
    .execute(&mut *step.connection)
    .await
    .map(|_| ())
}

/// By hour, oldest first, from the hour on into which that time falls.
pub(super) async fn spent(readers: &SqlitePool, since: Timestamp) -> Result<Vec<(Timestamp, i64)>, Error> {
    let rows =
        sqlx::query("SELECT hour, cost FROM spending WHERE tenant_id = ?1 AND hour >= ?2 ORDER BY hour")
            .bind(HOUSE.to_string())
            .bind(hour_of(since))
            .fetch_all(readers)
            .await?;
    rows.iter().map(|row| Ok((beginning(get(row, 0)?), get(row, 1)?))).collect()
}
