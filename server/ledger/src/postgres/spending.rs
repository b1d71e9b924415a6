//! What requests to Dataverse cost, by the hour.

use model::time::Timestamp;
use sqlx::{Error, PgConnection};

use super::{row::get, schema::Schema, step::Step};
use crate::{
    decision::{beginning, hour_of},
    letters::HOUSE,
};

pub(super) async fn spend(step: &mut Step<'_>, cost: i64) -> Result<(), Error> {
    step.schema
        .query(
            "INSERT INTO studio.spending AS s (tenant_id, hour, writer, cost) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (tenant_id, hour, writer) DO UPDATE SET cost = s.cost + excluded.cost",
        )
        .bind(HOUSE.0)
        .bind(hour_of(step.now))
        .bind(step.writer)
        .bind(cost)
        .execute(&mut *step.connection)
        .await
        .map(|_| ())
}

/// By hour, oldest first, from the hour on into which that time falls.
pub(super) async fn spent(
    connection: &mut PgConnection,
    schema: &Schema,
    since: Timestamp,
) -> Result<Vec<(Timestamp, i64)>, Error> {
    let rows = schema
        .query(
            "SELECT hour, sum(cost)::bigint FROM studio.spending WHERE tenant_id = $1 AND hour >= $2 \
             GROUP BY hour ORDER BY hour",
        )
        .bind(HOUSE.0)
        .bind(hour_of(since))
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok((beginning(get(row, 0)?), get(row, 1)?))).collect()
}
