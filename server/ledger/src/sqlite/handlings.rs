//! What people did about what only a person could decide.

use model::{tenant::TenantId, time::Timestamp};
use sqlx::Error;
use uuid::Uuid;

use super::{Reader, Step, row::get};
use crate::{Handled, Handling, dead_letters::SYSTEM};

/// Keeps what a person did.
pub(super) async fn handle(step: &mut Step<'_>, tenant: TenantId, handling: &Handling) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO handlings (tenant_id, at, by_whom, kind, id, what, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(tenant.to_string())
    .bind(handling.at.micros())
    .bind(handling.by.clone())
    .bind(handling.kind.name)
    .bind(handling.id.map(|id| id.to_string()))
    .bind(handling.what.key())
    .bind(handling.reason.clone())
    .execute(&mut *step.connection)
    .await
    .map(|_| ())
}

pub(crate) async fn handlings(
    Reader { pool, kinds, .. }: Reader<'_>,
    tenant: TenantId,
    most: usize,
) -> Result<Vec<Handling>, Error> {
    let rows = sqlx::query(
        "SELECT at, by_whom, kind, id, what, reason FROM handlings WHERE tenant_id IN (?1, ?2) \
         ORDER BY position DESC LIMIT ?3",
    )
    .bind(tenant.to_string())
    .bind(SYSTEM.to_string())
    .bind(i64::try_from(most).unwrap_or(i64::MAX))
    .fetch_all(pool)
    .await?;
    let mut handlings = Vec::with_capacity(rows.len());
    for row in &rows {
        let (kind, what): (&str, &str) = (get(row, 2)?, get(row, 4)?);
        let kind = kinds.of_name(kind);
        // A kind that this version does not know any more is none to show.
        let (Some(kind), Some(what)) = (kind, Handled::of_key(what)) else { continue };
        let id: Option<&str> = get(row, 3)?;
        let id = id.map(Uuid::try_parse).transpose().map_err(|error| Error::Decode(error.into()))?;
        let at = Timestamp::from_micros(get(row, 0)?);
        handlings.push(Handling { at, by: get(row, 1)?, kind, id, what, reason: get(row, 5)? });
    }
    Ok(handlings)
}
