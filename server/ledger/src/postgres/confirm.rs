//! What was read back out of Dataverse.

use model::{record::Kind, tenant::TenantId, time::Timestamp};
use sqlx::{Error, PgConnection};

use super::{
    clock,
    row::{self, get},
    schema::Schema,
    statements,
    step::Step,
};
use crate::{amendment::Passage, decision::hour_of, outbox::Unconfirmed};

/// Marks these, each by its position and the revision that was read back; their rows are locked already. Says how many
/// were new.
pub(super) async fn confirm(
    step: &mut Step<'_>,
    kind: &'static Kind,
    tenant: TenantId,
    read: &[(i64, i64)],
) -> Result<u64, Error> {
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
        step.passed(tenant, kind, hour, Passage { confirmed, ..Passage::default() });
    }
    Ok(done.rows_affected())
}

/// What was delivered up to the first of the pair and not read back yet, each kind's oldest first. The second is now; both
/// are the asker's.
pub(super) async fn waiting(
    connection: &mut PgConnection,
    schema: &Schema,
    (until, now): (Timestamp, Timestamp),
    after: Option<&Unconfirmed>,
    most: usize,
) -> Result<Vec<Unconfirmed>, Error> {
    let until = clock::there(connection, schema, until, now).await?;
    let rows = schema.query("SELECT id FROM studio.tenants ORDER BY id").fetch_all(&mut *connection).await?;
    let tenants: Vec<TenantId> =
        rows.iter().map(|row| get(row, 0).map(TenantId)).collect::<Result<_, _>>()?;
    let mut waiting = Vec::new();
    for (kind, exported_at, position) in Unconfirmed::next(schema.kinds(), after) {
        let room = most - waiting.len();
        let mut of_kind = Vec::new();
        for tenant in &tenants {
            let query = schema
                .query(&statements::of(kind).to_confirm)
                .bind(tenant.0)
                .bind(until.micros())
                .bind(i64::try_from(room).unwrap_or(i64::MAX))
                .bind(exported_at)
                .bind(position);
            for row in &query.fetch_all(&mut *connection).await? {
                let found = row::read(kind, row)?;
                of_kind.push(Unconfirmed {
                    tenant: *tenant,
                    kind,
                    dataverse_id: found.id_there(),
                    position: found.position,
                    held: found.held,
                });
            }
        }
        of_kind.sort_by_key(|item| (item.held.stored.exported_at, item.position));
        of_kind.truncate(room);
        waiting.append(&mut of_kind);
    }
    Ok(waiting)
}
