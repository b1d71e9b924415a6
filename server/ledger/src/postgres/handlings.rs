//! What people did about what only a person could decide.

use model::{tenant::TenantId, time::Timestamp};
use sqlx::Error;

use super::{Reader, Step, row::get};
use crate::{Handled, Handling, dead_letters::SYSTEM};

/// Keeps what a person did.
pub(super) async fn handle(step: &mut Step<'_>, tenant: TenantId, handling: &Handling) -> Result<(), Error> {
    step.schema
        .query(
            "INSERT INTO studio.handlings (tenant_id, at, by_whom, kind, id, what, reason) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(tenant.0)
        .bind(handling.at.micros())
        .bind(handling.by.clone())
        .bind(handling.kind.name)
        .bind(handling.id)
        .bind(handling.what.key())
        .bind(handling.reason.clone())
        .execute(&mut *step.connection)
        .await
        .map(|_| ())
}

/// Those of the tenant and those of the system, newest first.
pub(crate) async fn handlings(
    reader: Reader<'_>,
    tenant: TenantId,
    most: usize,
) -> Result<Vec<Handling>, Error> {
    let asked = reader.of(tenant);
    let mut found = Vec::new();
    for tenant in [asked.tenant, SYSTEM] {
        let rows = asked
            .schema
            .query(
                "SELECT at, by_whom, kind, id, what, reason, position FROM studio.handlings WHERE tenant_id = $1 \
                 ORDER BY position DESC LIMIT $2",
            )
            .bind(tenant.0)
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(&mut *asked.connection)
            .await?;
        for row in &rows {
            let (kind, what): (&str, &str) = (get(row, 2)?, get(row, 4)?);
            let kind = asked.schema.kinds().of_name(kind);
            // A kind that this version does not know any more is none to show.
            let (Some(kind), Some(what)) = (kind, Handled::of_key(what)) else { continue };
            let (at, by) = (Timestamp::from_micros(get(row, 0)?), get(row, 1)?);
            let handling = Handling { at, by, kind, id: get(row, 3)?, what, reason: get(row, 5)? };
            found.push((get::<i64>(row, 6)?, handling));
        }
    }
    found.sort_by_key(|(position, _)| std::cmp::Reverse(*position));
    Ok(found.into_iter().take(most).map(|(_, handling)| handling).collect())
}
