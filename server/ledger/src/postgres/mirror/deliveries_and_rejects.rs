//! What a full read must have met, and what was refused.

use model::{record::Kind, tenant::TenantId, time::Timestamp};
use sqlx::Error;

use super::super::{Reader, clock, row::get, statements};
use crate::{DeliveredRecord, Reject, decision::hour_of};

/// By position: those after the first of the pair, acknowledged before the second.
pub(crate) async fn delivered_before(
    Reader { connection, schema, now, .. }: Reader<'_>,
    kind: &'static Kind,
    after: i64,
    before: Timestamp,
    most: usize,
) -> Result<Vec<DeliveredRecord>, Error> {
    let before = clock::there(connection, schema, before, now).await?;
    let tenants =
        schema.query("SELECT id FROM studio.tenants ORDER BY id").fetch_all(&mut *connection).await?;
    let mut delivered_record = Vec::new();
    for tenant in &tenants {
        let tenant = TenantId(get(tenant, 0)?);
        let rows = schema
            .query(&statements::of(kind).mirror.delivered_before)
            .bind(tenant.0)
            .bind(kind.name)
            .bind(after)
            .bind(before.micros())
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(&mut *connection)
            .await?;
        for found in &rows {
            let (position, id, dataverse_id) = (get(found, 0)?, get(found, 1)?, get(found, 2)?);
            delivered_record.push(DeliveredRecord { position, tenant, id, dataverse_id });
        }
    }
    delivered_record.sort_by_key(|delivered_record| delivered_record.position);
    delivered_record.truncate(most);
    Ok(delivered_record)
}

/// How many were removed since `since` without a person being asked; its hour is the first.
pub(crate) async fn removed_unasked(
    Reader { connection, schema, .. }: Reader<'_>,
    kind: &'static Kind,
    since: Timestamp,
) -> Result<i64, Error> {
    let row = schema
        .query(
            "SELECT coalesce(sum(removed - removed_asked), 0)::bigint FROM studio.passages WHERE kind = $1 AND hour >= $2",
        )
        .bind(kind.name)
        .bind(hour_of(since))
        .fetch_one(connection)
        .await?;
    get(&row, 0)
}

/// What waits to be sent as it stands, by position: those after this one.
pub(crate) async fn in_line(
    Reader { connection, schema, .. }: Reader<'_>,
    kind: &'static Kind,
    after: i64,
    most: usize,
) -> Result<Vec<DeliveredRecord>, Error> {
    let rows = schema
        .query(&statements::of(kind).mirror.in_line)
        .bind(kind.name)
        .bind(after)
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await?;
    let delivered_record = |found| {
        Ok(DeliveredRecord {
            position: get(found, 0)?,
            tenant: TenantId(get(found, 1)?),
            id: get(found, 2)?,
            dataverse_id: get(found, 3)?,
        })
    };
    rows.iter().map(delivered_record).collect()
}

/// Newest first.
pub(crate) async fn rejects(
    reader: Reader<'_>,
    tenant: TenantId,
    of: Option<&'static Kind>,
    most: usize,
) -> Result<Vec<Reject>, Error> {
    let asked = reader.of(tenant);
    let mut rejects = Vec::new();
    for kind in asked.schema.kinds().iter().filter(|kind| of.is_none_or(|of| of == *kind)) {
        let rows = asked
            .schema
            .query(
                "SELECT dataverse_id, reason, content, at FROM studio.rejects WHERE tenant_id = $1 AND kind = $2 \
                 ORDER BY at DESC LIMIT $3",
            )
            .bind(asked.tenant.0)
            .bind(kind.name)
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(&mut *asked.connection)
            .await?;
        for found in &rows {
            let at = Timestamp::from_micros(get(found, 3)?);
            let (dataverse_id, reason, content) = (get(found, 0)?, get(found, 1)?, get(found, 2)?);
            rejects.push(Reject { kind, dataverse_id, reason, content, at });
        }
    }
    rejects.sort_by_key(|reject| std::cmp::Reverse(reject.at));
    rejects.truncate(most);
    Ok(rejects)
}
