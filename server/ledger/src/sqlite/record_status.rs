//! How far one record has come.

use model::{record::Kind, tenant::TenantId, time::Timestamp};
use sqlx::Error;
use uuid::Uuid;

use super::{
    Reader,
    row::{self, get},
    statements,
};
use crate::{PastRevision, RecordStatus, WaitingRecord};

pub(crate) async fn status(
    Reader { pool, .. }: Reader<'_>,
    tenant: TenantId,
    kind: &'static Kind,
    id: Uuid,
) -> Result<Option<RecordStatus>, Error> {
    let mut transaction = pool.begin().await?;
    let query = sqlx::query(statements::of(kind).by_ids).bind(format!("[\"{id}\"]")).bind(tenant.to_string());
    let Some(row) = query.fetch_optional(&mut *transaction).await? else { return Ok(None) };
    let row = row::read(kind, &row, 0)?;
    let of_position =
        |sql: &'static str| sqlx::query(sql).bind(tenant.to_string()).bind(kind.name).bind(row.position);
    let waiting = of_position(
        "SELECT enqueued_at, attempts FROM outbox WHERE tenant_id = ?1 AND kind = ?2 AND position = ?3",
    );
    let waiting = waiting.fetch_optional(&mut *transaction).await?;
    let refused = of_position(
        "SELECT reason, dropped_at IS NOT NULL FROM dead_letters WHERE tenant_id = ?1 AND kind = ?2 AND position = ?3",
    );
    let refused = refused.fetch_optional(&mut *transaction).await?;
    let before = sqlx::query(
        "SELECT revision, replaced_at, replaced_by, fields FROM versions WHERE tenant_id = ?1 AND kind = ?2 AND id = ?3 \
         ORDER BY revision",
    );
    let before = before.bind(tenant.to_string()).bind(kind.name).bind(row.held.stored.id.to_string());
    let before = before.fetch_all(&mut *transaction).await?;
    transaction.commit().await?;
    let waiting = waiting.map(|row| {
        Ok::<_, Error>(WaitingRecord {
            since: Timestamp::from_micros(get(&row, 0)?),
            attempts: get(&row, 1)?,
        })
    });
    let refused = refused.map(|row| Ok::<_, Error>((get(&row, 0)?, get::<i64>(&row, 1)? == 1)));
    let before = before.iter().map(|row| {
        Ok(PastRevision {
            revision: get(row, 0)?,
            replaced_at: Timestamp::from_micros(get(row, 1)?),
            replaced_by: get(row, 2)?,
            fields: get(row, 3)?,
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
