//! Rollups in the file: what a transaction changes of them is written with it.

pub(crate) mod making;

use std::collections::HashMap;

use model::{
    record::Kind,
    rollup::{CellRange, PairsOfText, Rollup, Series},
    tenant::TenantId,
};
use sqlx::{Error, Sqlite, SqliteConnection, query::Query, sqlite::SqliteArguments};

pub(crate) use self::making::states;
use super::{row::get, step::json, writer_cache::WriterCache};
use crate::{
    breakdown::SeriesOfDimension,
    rollups::{self, CellKey, CellPlace, ChangedCells, RollupChanges, SeriesKey, dimension_number},
};

/// Adds what changed to the cells that are there.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    cache: &mut WriterCache,
    changes: &RollupChanges,
) -> Result<(), Error> {
    if changes.is_empty() {
        return Ok(());
    }
    let mut series = Vec::new();
    for (key, _) in changes.iter() {
        series.push(self::series(connection, cache, key).await?);
    }
    let mut cells = ChangedCells::of(changes, &series);
    let keys: Vec<_> = cells.keys().map(place).collect();
    let there = sqlx::query(
        "SELECT r.series, r.grain, r.number, r.content FROM json_each(?1) AS w CROSS JOIN rollups AS r \
         ON r.series = w.value ->> 0 AND r.grain = w.value ->> 1 AND r.number = w.value ->> 2",
    )
    .bind(json(&keys))
    .fetch_all(&mut *connection)
    .await?;
    let tenants: HashMap<i64, TenantId> = cells.keys().map(|key| (key.series, key.tenant)).collect();
    for row in &there {
        let series = get(row, 0)?;
        let tenant = tenants.get(&series).copied().ok_or(Error::RowNotFound)?;
        cells.meet(CellKey::of(tenant, series, get(row, 1)?, get(row, 2)?)?, get(row, 3)?)?;
    }
    let (gone, kept) = cells.settle();
    if !gone.is_empty() {
        let gone: Vec<_> = gone.iter().map(place).collect();
        sqlx::query(
            "DELETE FROM rollups WHERE (series, grain, number) IN \
             (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1))",
        )
        .bind(json(&gone))
        .execute(&mut *connection)
        .await?;
    }
    // As text, since one statement for all is many times faster than one for each.
    let kept: Vec<_> = kept
        .iter()
        .map(|(CellKey { series, grain, number, .. }, content)| (series, grain.code(), number, hex(content)))
        .collect();
    sqlx::query(
        "INSERT OR REPLACE INTO rollups (series, grain, number, content) \
         SELECT value ->> 0, value ->> 1, value ->> 2, unhex(value ->> 3) FROM json_each(?1)",
    )
    .bind(json(&kept))
    .execute(connection)
    .await
    .map(|_| ())
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    text
}

fn place(key: &CellKey) -> (i64, u8, i64) {
    (key.series, key.grain.code(), key.number)
}

/// Where a series is; it is made where there is none.
async fn series(
    connection: &mut SqliteConnection,
    cache: &mut WriterCache,
    key: &SeriesKey,
) -> Result<i64, Error> {
    if let Some(id) = cache.series(key) {
        return Ok(id);
    }
    let id = match find(connection, key).await? {
        Some(id) => id,
        None => {
            let made = sqlx::query(
                "INSERT INTO rollup_series (tenant_id, kind, generation, dimension, key) VALUES (?1, ?2, ?3, ?4, ?5)",
            );
            bind(made, key).execute(connection).await?.last_insert_rowid()
        }
    };
    cache.keep_series(key.clone(), id);
    Ok(id)
}

/// Where a series is, if there is such a one.
async fn find(connection: &mut SqliteConnection, key: &SeriesKey) -> Result<Option<i64>, Error> {
    let query = sqlx::query(
        "SELECT id FROM rollup_series WHERE tenant_id = ?1 AND kind = ?2 AND generation = ?3 AND dimension = ?4 AND key = ?5",
    );
    let found = bind(query, key).fetch_optional(connection).await?;
    found.map(|row| get(&row, 0)).transpose()
}

fn bind<'a>(
    query: Query<'a, Sqlite, SqliteArguments>,
    SeriesKey { tenant, kind, generation, series }: &SeriesKey,
) -> Query<'a, Sqlite, SqliteArguments> {
    let query = query.bind(tenant.to_string()).bind(*kind).bind(*generation);
    query.bind(dimension_number(series.dimension)).bind(series.key.clone())
}

/// What each list of ranges adds up to, in one series of a kind; says whether the kind has a generation that is read.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    tenant: TenantId,
    (kind, series): (&'static Kind, Series),
    ranges: &[(usize, CellRange)],
    mut tell: impl FnMut(usize, Rollup),
) -> Result<bool, Error> {
    let Some(generation) = generation(connection, kind).await? else { return Ok(false) };
    let key = SeriesKey { tenant, kind: kind.name, generation, series };
    let Some(series) = find(connection, &key).await? else { return Ok(true) };
    let wanted: Vec<(u8, i64, i64, usize)> =
        ranges.iter().map(|(at, range)| (range.grain.code(), range.first, range.end, *at)).collect();
    let rows = sqlx::query(
        "SELECT w.value ->> 3, r.content FROM json_each(?1) AS w CROSS JOIN rollups AS r \
         ON r.series = ?2 AND r.grain = w.value ->> 0 AND r.number >= w.value ->> 1 AND r.number < w.value ->> 2",
    )
    .bind(json(&wanted))
    .bind(series)
    .fetch_all(connection)
    .await?;
    for row in &rows {
        let at: i64 = get(row, 0)?;
        tell(usize::try_from(at).unwrap_or(usize::MAX), rollups::read(kind, get(row, 1)?)?);
    }
    Ok(true)
}

/// The same of all series of a dimension: each cell with the key of its series.
pub(super) async fn read_dimension(
    connection: &mut SqliteConnection,
    series: &SeriesOfDimension,
    ranges: &[(usize, CellRange)],
    mut tell: impl FnMut(&str, usize, CellPlace, Rollup),
) -> Result<bool, Error> {
    let Some(generation) = generation(connection, series.kind).await? else { return Ok(false) };
    let rows = sqlx::query(
        "SELECT id, key FROM rollup_series WHERE tenant_id = ?1 AND kind = ?2 AND generation = ?3 AND dimension = ?4 \
         AND (?5 IS NULL OR key IN (SELECT value FROM json_each(?5)))",
    )
    .bind(series.tenant.to_string())
    .bind(series.kind.name)
    .bind(generation)
    .bind(series.dimension)
    .bind(series.keys.as_ref().map(json))
    .fetch_all(&mut *connection)
    .await?;
    let keys: HashMap<i64, String> =
        rows.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect::<Result<_, Error>>()?;
    let wanted: Vec<(u8, i64, i64, usize)> =
        ranges.iter().map(|(at, range)| (range.grain.code(), range.first, range.end, *at)).collect();
    let rows = sqlx::query(
        "SELECT r.series, r.grain, r.number, r.content, w.value ->> 3 FROM json_each(?2) AS s CROSS JOIN json_each(?1) AS w \
         CROSS JOIN rollups AS r ON r.series = s.value AND r.grain = w.value ->> 0 \
         AND r.number >= w.value ->> 1 AND r.number < w.value ->> 2",
    )
    .bind(json(&wanted))
    .bind(json(&keys.keys().collect::<Vec<_>>()))
    .fetch_all(connection)
    .await?;
    for row in &rows {
        let id: i64 = get(row, 0)?;
        let key = keys.get(&id).ok_or(Error::RowNotFound)?;
        let CellKey { grain, number, .. } = CellKey::of(series.tenant, id, get(row, 1)?, get(row, 2)?)?;
        let at: i64 = get(row, 4)?;
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        tell(key, at, (grain, number), rollups::read(series.kind, get(row, 3)?)?);
    }
    Ok(true)
}

/// The other text of each of these pairs; none where the kind has no generation that is read.
pub(super) async fn others(
    connection: &mut SqliteConnection,
    tenant: TenantId,
    kind: &'static Kind,
    pairs: &PairsOfText,
) -> Result<Option<Vec<String>>, Error> {
    let Some(generation) = generation(connection, kind).await? else { return Ok(None) };
    let found = sqlx::query_scalar(
        "SELECT substr(key, length(?5) + 1) FROM rollup_series WHERE tenant_id = ?1 AND kind = ?2 AND generation = ?3 \
         AND dimension = ?4 AND key >= ?5 AND key < ?6",
    );
    let found = found.bind(tenant.to_string()).bind(kind.name).bind(generation);
    let found = found.bind(dimension_number(Some(pairs.dimension)));
    found.bind(pairs.first.clone()).bind(pairs.end.clone()).fetch_all(connection).await.map(Some)
}

/// The generation of a kind that is read, if there is one.
async fn generation(connection: &mut SqliteConnection, kind: &'static Kind) -> Result<Option<i64>, Error> {
    let known = sqlx::query("SELECT generation FROM rollup_kinds WHERE kind = ?1 AND layout = ?2");
    let known = known.bind(kind.name).bind(rollups::layout(kind)).fetch_optional(connection).await?;
    known.map(|known| get(&known, 0)).transpose()
}
