//! What the file says of the records that a page may mean.

use std::collections::HashMap;

use model::{record::Kind, tenant::TenantId};
use sqlx::{Error, SqliteConnection};
use uuid::Uuid;

use super::super::{
    Step,
    intake::json_of,
    row::{self, get},
    statements,
    step::json,
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
    let ids: Vec<Uuid> = wanted(rows).into_iter().map(|(_, id)| id).collect();
    let ids = json_of(&ids);
    let prepared = &statements::of(kind).mirror;
    let mut known_records =
        KnownRecords::new(kind, read(step, kind, prepared.known_by_id_there, &ids).await?);
    known_records.add(read(step, kind, prepared.known_by_id, &ids).await?);
    let in_doubt = known_records.in_doubt(rows);
    for ((tenant, id), versions) in versions(step.connection, kind, &in_doubt).await? {
        known_records.remember(tenant, id, versions);
    }
    Ok(known_records)
}

async fn read(
    step: &mut Step<'_>,
    kind: &'static Kind,
    sql: &'static str,
    ids: &str,
) -> Result<Vec<KnownRecord>, Error> {
    let rows = sqlx::query(sql)
        .bind(ids.to_owned())
        .bind(kind.name)
        .bind(step.now.micros())
        .fetch_all(&mut *step.connection)
        .await?;
    let known = |found| {
        Ok(KnownRecord {
            tenant: row::tenant(found, 0)?,
            line: OutboxState::of(get(found, 1)?, get(found, 2)?),
            row: row::read(kind, found, 3)?,
            versions: Vec::new(),
        })
    };
    rows.iter().map(known).collect()
}

/// What these records were, each one's newest first.
async fn versions(
    connection: &mut SqliteConnection,
    kind: &'static Kind,
    wanted: &[(TenantId, Uuid)],
) -> Result<HashMap<(TenantId, Uuid), Vec<Version>>, Error> {
    let mut versions: HashMap<_, Vec<Version>> = HashMap::new();
    if wanted.is_empty() {
        return Ok(versions);
    }
    let wanted: Vec<(String, String)> =
        wanted.iter().map(|(tenant, id)| (tenant.to_string(), id.to_string())).collect();
    let rows = sqlx::query(
        "SELECT v.tenant_id, v.id, v.fields FROM json_each(?1) AS wanted CROSS JOIN versions AS v \
         ON v.tenant_id = wanted.value ->> 0 AND v.kind = ?2 AND v.id = wanted.value ->> 1 \
         ORDER BY v.tenant_id, v.id, v.revision DESC",
    )
    .bind(json(&wanted))
    .bind(kind.name)
    .fetch_all(connection)
    .await?;
    for found in &rows {
        let fields: &str = get(found, 2)?;
        let version = serde_json::from_str(fields).map_err(|error| Error::Decode(error.into()))?;
        versions.entry((row::tenant(found, 0)?, row::written_id(found, 1)?)).or_default().push(version);
    }
    Ok(versions)
}
