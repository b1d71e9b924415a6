//! What the database says of the records that a page may mean.

use std::collections::HashMap;

use model::{record::Kind, tenant::TenantId};
use sqlx::Error;
use uuid::Uuid;

use super::super::{
    Step,
    row::{self, get},
    statements,
};
use crate::{
    MirroredRow,
    reconcile::{KnownRecord, KnownRecords, OutboxState, Version, wanted},
};

pub(super) async fn load(
    step: &mut Step<'_>,
    kind: &'static Kind,
    rows: &[&MirroredRow],
) -> Result<KnownRecords, Error> {
    let mut known_records = KnownRecords::new(kind, Vec::new());
    add(step, &mut known_records, &wanted(rows)).await?;
    let unknown: Vec<&&MirroredRow> =
        rows.iter().filter(|row| known_records.there(row.tenant, row.dataverse_id).is_none()).collect();
    if !unknown.is_empty() {
        // A deletion does not say whose the row was, and a row may have changed hands there.
        let others = tenants(step).await?;
        let pairs: Vec<(TenantId, Uuid)> = unknown
            .iter()
            .flat_map(|row| {
                others.iter().filter(|other| **other != row.tenant).map(|other| (*other, row.dataverse_id))
            })
            .collect();
        add(step, &mut known_records, &pairs).await?;
    }
    let in_doubt = known_records.in_doubt(rows);
    for ((tenant, id), versions) in versions(step, kind, &in_doubt).await? {
        known_records.remember(tenant, id, versions);
    }
    Ok(known_records)
}

async fn tenants(step: &mut Step<'_>) -> Result<Vec<TenantId>, Error> {
    let query = step.schema.query("SELECT id FROM studio.tenants ORDER BY id");
    let rows = query.fetch_all(&mut *step.connection).await?;
    rows.iter().map(|found| get(found, 0).map(TenantId)).collect()
}

async fn add(
    step: &mut Step<'_>,
    known_records: &mut KnownRecords,
    wanted: &[(TenantId, Uuid)],
) -> Result<(), Error> {
    if wanted.is_empty() {
        return Ok(());
    }
    let (kind, prepared) = (known_records.kind, &statements::of(known_records.kind).mirror);
    for sql in [&prepared.known_by_id_there, &prepared.known_by_id] {
        let rows = step
            .schema
            .query(sql)
            .bind(wanted.iter().map(|(tenant, _)| tenant.0).collect::<Vec<_>>())
            .bind(wanted.iter().map(|(_, id)| *id).collect::<Vec<_>>())
            .bind(kind.name)
            .bind(step.now.micros())
            .fetch_all(&mut *step.connection)
            .await?;
        let from = crate::row::width(kind);
        let known = |found| {
            Ok(KnownRecord {
                tenant: TenantId(get(found, from)?),
                line: OutboxState::of(get(found, from + 1)?, get(found, from + 2)?),
                row: row::read(kind, found)?,
                versions: Vec::new(),
            })
        };
        known_records.add(rows.iter().map(known).collect::<Result<_, Error>>()?);
    }
    Ok(())
}

/// What these records were, each one's newest first.
async fn versions(
    step: &mut Step<'_>,
    kind: &'static Kind,
    wanted: &[(TenantId, Uuid)],
) -> Result<HashMap<(TenantId, Uuid), Vec<Version>>, Error> {
    let mut versions: HashMap<_, Vec<Version>> = HashMap::new();
    if wanted.is_empty() {
        return Ok(versions);
    }
    let rows = step
        .schema
        .query(
            "SELECT v.tenant_id, v.id, v.fields::text FROM unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, id) \
             JOIN studio.versions AS v ON v.tenant_id = wanted.tenant_id AND v.kind = $3 AND v.id = wanted.id \
             ORDER BY v.tenant_id, v.id, v.revision DESC",
        )
        .bind(wanted.iter().map(|(tenant, _)| tenant.0).collect::<Vec<_>>())
        .bind(wanted.iter().map(|(_, id)| *id).collect::<Vec<_>>())
        .bind(kind.name)
        .fetch_all(&mut *step.connection)
        .await?;
    for found in &rows {
        let fields: &str = get(found, 2)?;
        let version = serde_json::from_str(fields).map_err(|error| Error::Decode(error.into()))?;
        versions.entry((TenantId(get(found, 0)?), get(found, 1)?)).or_default().push(version);
    }
    Ok(versions)
}
