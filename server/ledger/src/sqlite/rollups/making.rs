//! Rollups made anew in the file: by the writer, a step in each transaction, beside all that is written.

use std::path::Path;

use model::{
    record::{Kind, Kinds},
    time::Timestamp,
};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Error, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteRow},
};

use super::super::{
    InFile, Reader, Step, StepIn,
    row::{self, get},
    statements,
};
use crate::{
    RollupProgress, RollupState,
    rollups::{RecordPlace, RollupGenerations, RollupMaking, RollupTurn, RollupWork, layout},
    write::On,
};

/// Series that are neither read nor under way.
const GONE: &str = "NOT EXISTS (SELECT 1 FROM rollup_kinds AS k WHERE k.kind = s.kind AND k.generation = s.generation) \
     AND NOT EXISTS (SELECT 1 FROM rollup_makings AS m WHERE m.kind = s.kind AND m.generation = s.generation)";

/// The generations in which records are added up.
pub(crate) async fn generations(
    connection: &mut SqliteConnection,
    kinds: Kinds,
) -> Result<RollupGenerations, Error> {
    let rows = sqlx::query(
        "SELECT kind, generation, layout, NULL, NULL, NULL, NULL, NULL FROM rollup_kinds UNION ALL \
         SELECT kind, generation, layout, position, folded, records, time, tenant_id FROM rollup_makings",
    )
    .fetch_all(connection)
    .await?;
    let mut kept = Vec::new();
    for row in &rows {
        kept.push((get::<&str>(row, 0)?, get(row, 1)?, get::<&str>(row, 2)?, under_way(row)?));
    }
    Ok(RollupGenerations::of(kinds, kept))
}

fn under_way(row: &SqliteRow) -> Result<Option<(RecordPlace, RollupProgress)>, Error> {
    let Some(position) = get(row, 3)? else { return Ok(None) };
    let progress = RollupProgress { folded: get(row, 4)?, of: get(row, 5)? };
    let (tenant, time) = (row::tenant(row, 7)?, Timestamp::from_micros(get(row, 6)?));
    Ok(Some((RecordPlace { tenant, time, position }, progress)))
}

/// How the rollups of each kind are.
pub(crate) async fn states(Reader { pool, kinds, .. }: Reader<'_>) -> Result<Vec<RollupState>, Error> {
    let mut transaction = pool.begin().await?;
    let wished = wished(&mut transaction).await?;
    let generations = generations(&mut transaction, kinds).await?;
    transaction.commit().await?;
    Ok(generations.states(kinds, &wished))
}

async fn wished(connection: &mut SqliteConnection) -> Result<Vec<String>, Error> {
    sqlx::query_scalar("SELECT kind FROM rollup_wishes ORDER BY kind").fetch_all(connection).await
}

/// Asks whatever process has the folder to make the rollups of all kinds anew.
pub(crate) async fn wish(file: &Path, kinds: Kinds) -> Result<(), Error> {
    let mut connection = SqliteConnectOptions::new().filename(file).connect().await?;
    for kind in kinds {
        let wish = sqlx::query("INSERT OR IGNORE INTO rollup_wishes (kind) VALUES (?1)").bind(kind.name);
        wish.execute(&mut connection).await?;
    }
    connection.close().await
}

/// What the writer is to do next, as far as that can be seen without it. `sweeps`: whether old cells may be left.
pub(crate) async fn next(
    pool: &SqlitePool,
    kinds: Kinds,
    most: i64,
    sweeps: bool,
) -> Result<Option<RollupWork>, Error> {
    let mut transaction = pool.begin().await?;
    let wished = wished(&mut transaction).await?;
    if !wished.is_empty() {
        let mut counted = Vec::new();
        for kind in wished.iter().filter_map(|name| kinds.of_name(name)) {
            counted.push((kind, standing(&mut transaction, kind).await?));
        }
        return Ok(Some(RollupWork::Begin(counted)));
    }
    let generations = generations(&mut transaction, kinds).await?;
    transaction.commit().await?;
    Ok(match generations.under_way(kinds) {
        Some(_) => Some(RollupWork::Fold(most)),
        None => sweeps.then_some(RollupWork::Sweep(most)),
    })
}

/// How many records of a kind are not withdrawn.
async fn standing(connection: &mut SqliteConnection, kind: &Kind) -> Result<i64, Error> {
    let count = format!("SELECT count(*) FROM {} WHERE withdrawn_at IS NULL", kind.table);
    get(&sqlx::query(AssertSqlSafe(count)).fetch_one(connection).await?, 0)
}

/// Begins what was never made, or of other fields, as in a ledger of an earlier version. Of no records it is made at once.
pub(crate) async fn begin_missing(connection: &mut SqliteConnection, kinds: Kinds) -> Result<(), Error> {
    let mut generations = generations(connection, kinds).await?;
    for kind in generations.missing(kinds) {
        let records = standing(connection, kind).await?;
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut *connection).await?;
        let making = begin(connection, kind, records).await?;
        if records == 0 {
            finish(connection, kind, making.generation).await?;
        }
        sqlx::raw_sql("COMMIT").execute(&mut *connection).await?;
        generations.of_kind(kind).making = Some(making);
    }
    Ok(())
}

/// A new generation, into which nothing was added up, in the place of one that was under way.
async fn begin(
    connection: &mut SqliteConnection,
    kind: &'static Kind,
    records: i64,
) -> Result<RollupMaking, Error> {
    let newest = sqlx::query(
        "SELECT coalesce(max(generation), 0) FROM (SELECT kind, generation FROM rollup_kinds UNION ALL \
         SELECT kind, generation FROM rollup_makings UNION ALL SELECT kind, generation FROM rollup_series) WHERE kind = ?1",
    );
    let newest: i64 = get(&newest.bind(kind.name).fetch_one(&mut *connection).await?, 0)?;
    let after = RecordPlace::FIRST;
    let progress = RollupProgress { folded: 0, of: records };
    let making = RollupMaking { generation: newest + 1, after, progress };
    sqlx::query(
        "INSERT OR REPLACE INTO rollup_makings (kind, generation, layout, tenant_id, time, position, folded, records) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7)",
    )
    .bind(kind.name)
    .bind(making.generation)
    .bind(layout(kind))
    .bind(after.tenant.to_string())
    .bind(after.time.micros())
    .bind(after.position)
    .bind(records)
    .execute(connection)
    .await?;
    Ok(making)
}

/// From now on this generation is read.
async fn finish(
    connection: &mut SqliteConnection,
    kind: &'static Kind,
    generation: i64,
) -> Result<(), Error> {
    sqlx::query("INSERT OR REPLACE INTO rollup_kinds (kind, layout, generation) VALUES (?1, ?2, ?3)")
        .bind(kind.name)
        .bind(layout(kind))
        .bind(generation)
        .execute(&mut *connection)
        .await?;
    let done = sqlx::query("DELETE FROM rollup_makings WHERE kind = ?1").bind(kind.name);
    done.execute(connection).await.map(|_| ())
}

impl On<InFile> for RollupWork {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<RollupTurn, Error> {
        match self {
            Self::Begin(kinds) => {
                for (kind, records) in kinds.iter() {
                    let making = begin(step.connection, kind, *records).await?;
                    step.rollups.generations().of_kind(kind).making = Some(making);
                }
                sqlx::query("DELETE FROM rollup_wishes").execute(&mut *step.connection).await?;
                Ok(RollupTurn::Begun)
            }
            Self::Fold(most) => fold(step, *most).await,
            Self::Sweep(most) => sweep(step.connection, *most).await,
        }
    }
}

/// What is changed in the same transaction is seen here as it was left by then; what is changed after this is added to what comes of it.
async fn fold(step: &mut Step<'_>, most: i64) -> Result<RollupTurn, Error> {
    let kinds = step.kinds;
    let Some((kind, making)) = step.rollups.generations().under_way(kinds) else {
        return Ok(RollupTurn::Idle);
    };
    let mut after = making.after;
    let query = sqlx::query(statements::of(kind).standing).bind(after.tenant.to_string());
    let query = query.bind(after.time.micros()).bind(after.position).bind(most);
    let rows = query.fetch_all(&mut *step.connection).await?;
    for row in &rows {
        let read = row::read(kind, row, 1)?;
        let (tenant, record) = (row::tenant(row, 0)?, &read.held.stored.record);
        after = RecordPlace { tenant, time: record.time(), position: read.position };
        step.rollups.add_to(making.generation, tenant, record, 1);
    }
    let making = making.advanced(after, rows.len());
    let of_kind = step.rollups.generations().of_kind(kind);
    if i64::try_from(rows.len()).unwrap_or(i64::MAX) < most {
        (of_kind.read, of_kind.making) = (Some(making.generation), None);
        finish(step.connection, kind, making.generation).await?;
        return Ok(RollupTurn::Made(kind, making.progress));
    }
    of_kind.making = Some(making);
    sqlx::query(
        "UPDATE rollup_makings SET tenant_id = ?2, time = ?3, position = ?4, folded = ?5 WHERE kind = ?1",
    )
    .bind(kind.name)
    .bind(after.tenant.to_string())
    .bind(after.time.micros())
    .bind(after.position)
    .bind(making.progress.folded)
    .execute(&mut *step.connection)
    .await?;
    Ok(RollupTurn::Folded(kind, making.progress))
}

async fn sweep(connection: &mut SqliteConnection, most: i64) -> Result<RollupTurn, Error> {
    let cells = format!(
        "DELETE FROM rollups WHERE (series, grain, number) IN (SELECT r.series, r.grain, r.number \
         FROM rollup_series AS s CROSS JOIN rollups AS r ON r.series = s.id WHERE {GONE} LIMIT ?1)"
    );
    let cells = sqlx::query(AssertSqlSafe(cells)).bind(most).execute(&mut *connection).await?;
    if cells.rows_affected() > 0 {
        return Ok(RollupTurn::Swept);
    }
    let series = format!(
        "DELETE FROM rollup_series WHERE id IN (SELECT s.id FROM rollup_series AS s WHERE {GONE} LIMIT ?1)"
    );
    let series = sqlx::query(AssertSqlSafe(series)).bind(most).execute(connection).await?;
    Ok(if series.rows_affected() > 0 { RollupTurn::Swept } else { RollupTurn::Idle })
}
