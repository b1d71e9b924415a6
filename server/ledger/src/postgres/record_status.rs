//! How far one record has come.

use model::{record::Kind, tenant::TenantId, time::Timestamp};
use sqlx::{Error, Row as _};
use uuid::Uuid;

use super::{
    Reader,
    row::{self, get},
    statements,
};
use crate::{PastRevision, RecordStatus, WaitingRecord};

pub(crate) async fn status(
    Reader { connection, schema, .. }: Reader<'_>,
    tenant: TenantId,
    kind: &'static Kind,
    id: Uuid,
) -> Result<Option<RecordStatus>, Error> {
    let query = schema.query(&statements::of(kind).by_ids).bind(tenant.0).bind(vec![id]);
    let Some(row) = query.fetch_optional(&mut *connection).await? else { return Ok(None) };
    let row = row::read(kind, &row)?;
    let of_position = |sql: &str| schema.query(sql).bind(tenant.0).bind(kind.name).bind(row.position);
    let waiting = of_position(
        "SELECT enqueued_at, attempts::bigint FROM studio.outbox WHERE tenant_id = $1 AND kind = $2 AND position = $3",
    );
    let waiting = waiting.fetch_optional(&mut *connection).await?;
    let refused = of_position(
        "SELECT reason, dropped_at IS NOT NULL FROM studio.dead_letters \
         WHERE tenant_id = $1 AND kind = $2 AND position = $3",
    );
    let refused = refused.fetch_optional(&mut *connection).await?;
    let before = schema.query(
        "SELECT revision, replaced_at, replaced_by, fields::text FROM studio.versions \
         WHERE tenant_id = $1 AND kind = $2 AND id = $3 ORDER BY revision",
    );
    let before = before.bind(tenant.0).bind(kind.name).bind(row.held.stored.id);
    let before = before.fetch_all(&mut *connection).await?;
    let waiting = waiting.map(|row| {
        Ok::<_, Error>(WaitingRecord {
            since: Timestamp::from_micros(get(&row, 0)?),
            attempts: get(&row, 1)?,
        })
    });
    let refused = refused.map(|row| Ok::<_, Error>((row.try_get(0)?, row.try_get(1)?)));
    let before = before.iter().map(|row| {
        Ok(PastRevision {
            revision: get(row, 0)?,
            replaced_at: Timestamp::from_micros(get(row, 1)?),
            replaced_by: row.try_get(2)?,
            fields: row.try_get(3)?,
        })
    });
    Ok(Some(RecordStatus {
        confirmed_at: row.confirmed_at,
        id_there: row.id_there(),
        waiting: waiting.transpose()?,
        refused: refused.transpose()?,
        before: before.collect::<Result<_, Error>>()?,
        held: row.held,
    }))
}
