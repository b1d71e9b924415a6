//! What a full read must have met, and what was refused.

use model::{record::Kind, tenant::TenantId, time::Timestamp};
use sqlx::{Error, sqlite::SqliteRow};

use super::super::{
    Reader,
    row::{self, get},
    statements,
};
use crate::{DeliveredRecord, Reject, decision::hour_of};

/// By position: those after the first of the pair, acknowledged before the second.
pub(crate) async fn delivered_before(
    Reader { pool, .. }: Reader<'_>,
    kind: &'static Kind,
    after: i64,
    before: Timestamp,
    most: usize,
) -> Result<Vec<DeliveredRecord>, Error> {
    let rows = sqlx::query(statements::of(kind).mirror.delivered_before)
        .bind(kind.name)
        .bind(after)
        .bind(before.micros())
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await?;
    rows.iter().map(delivered_record).collect()
}

/// How many were removed since `since` without a person being asked; its hour is the first.
pub(crate) async fn removed_unasked(
    Reader { pool, .. }: Reader<'_>,
    kind: &'static Kind,
    since: Timestamp,
) -> Result<i64, Error> {
    let row = sqlx::query(
        "SELECT coalesce(sum(removed - removed_asked), 0) FROM passages WHERE kind = ?1 AND hour >= ?2",
    )
    .bind(kind.name)
    .bind(hour_of(since))
    .fetch_one(pool)
    .await?;
    get(&row, 0)
}

/// What waits to be sent as it stands, by position: those after this one.
pub(crate) async fn in_line(
    Reader { pool, .. }: Reader<'_>,
    kind: &'static Kind,
    after: i64,
    most: usize,
) -> Result<Vec<DeliveredRecord>, Error> {
    let rows = sqlx::query(statements::of(kind).mirror.in_line)
        .bind(kind.name)
        .bind(after)
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await?;
    rows.iter().map(delivered_record).collect()
}

fn delivered_record(found: &SqliteRow) -> Result<DeliveredRecord, Error> {
    Ok(DeliveredRecord {
        position: get(found, 0)?,
        tenant: row::tenant(found, 1)?,
        id: get(found, 2)?,
        dataverse_id: get(found, 3)?,
    })
}

/// Newest first.
pub(crate) async fn rejects(
    Reader { pool, kinds, .. }: Reader<'_>,
    tenant: TenantId,
    of: Option<&'static Kind>,
    most: usize,
) -> Result<Vec<Reject>, Error> {
    let mut rejects = Vec::new();
    for kind in kinds.iter().filter(|kind| of.is_none_or(|of| of == *kind)) {
        let rows = sqlx::query(
            "SELECT dataverse_id, reason, content, at FROM rejects WHERE tenant_id = ?1 AND kind = ?2 \
             ORDER BY at DESC, position DESC LIMIT ?3",
        )
        .bind(tenant.to_string())
        .bind(kind.name)
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await?;
        for found in &rows {
            rejects.push(Reject {
                kind,
                dataverse_id: row::written_id(found, 0)?,
                reason: get(found, 1)?,
                content: get(found, 2)?,
                at: Timestamp::from_micros(get(found, 3)?),
            });
        }
    }
    rejects.sort_by_key(|reject| std::cmp::Reverse(reject.at));
    rejects.truncate(most);
    Ok(rejects)
}
