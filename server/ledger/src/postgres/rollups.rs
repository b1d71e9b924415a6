//! Rollups in the database: what a transaction changes of them is written at its end, into rows of this process's own.

pub(crate) mod making;

use std::collections::{BTreeMap, BTreeSet};

use model::{
    record::Kind,
    rollup::{CellRange, PairsOfText, Rollup, Series},
    tenant::TenantId,
};
use sqlx::{Error, PgConnection, Row as _, postgres::PgRow};
use uuid::Uuid;

pub(crate) use self::making::states;
use super::{Step, fence, intake::StatementText, row::get, schema::PostgresSchema, upkeep};
use crate::{
    breakdown::SeriesOfDimension,
    rollups::{self, CellKey, CellPlace, ChangedCells, RollupChanges, SeriesKey, dimension_number},
};

/// How many rows of several writers become rows of none in one round, and in how many rounds.
const MERGED: i64 = 2_000;
const ROUNDS: usize = 100;

/// Adds what changed to the rows of this writer.
pub(super) async fn write(step: &mut Step<'_>, changes: &RollupChanges) -> Result<(), Error> {
    if changes.is_empty() {
        return Ok(());
    }
    let series = series(step, changes).await?;
    let mut cells = ChangedCells::of(changes, &series);
    // Locked, since upkeep takes rows away while they are not.
    let query = step.schema.query(&format!("{CELLS} AND r.writer = $5 FOR UPDATE OF r"));
    let query = bind_cells(query, cells.keys()).bind(step.writer);
    let mut met = BTreeSet::new();
    for row in &query.fetch_all(&mut *step.connection).await? {
        let key = cell(row)?;
        cells.meet(key, row.try_get(4)?)?;
        met.insert(key);
    }
    let (gone, kept) = cells.settle();
    remove(step.connection, step.schema, &gone, step.writer).await?;
    let (kept, new): (Vec<_>, Vec<_>) = kept.into_iter().partition(|(key, _)| met.contains(key));
    put(step.connection, step.schema, kept, step.writer, REPLACING).await?;
    // A row that was not there must not be there: it would be lost what it says.
    put(step.connection, step.schema, new, step.writer, "").await
}

/// The rows of cells.
const CELLS: &str = "SELECT r.tenant_id, r.series, r.grain, r.number, r.content \
     FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[]) AS w (tenant_id, series, grain, number) \
     JOIN studio.rollups AS r ON r.tenant_id = w.tenant_id AND r.series = w.series AND r.grain = w.grain \
     AND r.number = w.number";

fn cell(row: &PgRow) -> Result<CellKey, Error> {
    CellKey::of(TenantId(get(row, 0)?), get(row, 1)?, get(row, 2)?, get(row, 3)?)
}

fn bind_cells<'a>(query: StatementText, keys: impl Iterator<Item = &'a CellKey> + Clone) -> StatementText {
    query
        .bind(keys.clone().map(|key| key.tenant.0).collect::<Vec<_>>())
        .bind(keys.clone().map(|key| key.series).collect::<Vec<_>>())
        .bind(keys.clone().map(|key| i64::from(key.grain.code())).collect::<Vec<_>>())
        .bind(keys.map(|key| key.number).collect::<Vec<_>>())
}

async fn remove(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    gone: &[CellKey],
    writer: i64,
) -> Result<(), Error> {
    if gone.is_empty() {
        return Ok(());
    }
    let query = schema.query(
        "DELETE FROM studio.rollups AS r \
         USING unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[]) AS w (tenant_id, series, grain, number) \
         WHERE r.tenant_id = w.tenant_id AND r.series = w.series AND r.grain = w.grain AND r.number = w.number \
         AND r.writer = $5",
    );
    bind_cells(query, gone.iter()).bind(writer).execute(connection).await.map(|_| ())
}

const REPLACING: &str =
    " ON CONFLICT (tenant_id, series, grain, number, writer) DO UPDATE SET content = excluded.content";

async fn put(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    kept: Vec<(CellKey, Vec<u8>)>,
    writer: i64,
    replacing: &str,
) -> Result<(), Error> {
    if kept.is_empty() {
        return Ok(());
    }
    let (keys, contents): (Vec<CellKey>, Vec<Vec<u8>>) = kept.into_iter().unzip();
    let query = schema.query(&format!(
        "INSERT INTO studio.rollups (tenant_id, series, grain, number, writer, content) \
         SELECT w.tenant_id, w.series, w.grain, w.number, $5, w.content \
         FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $6::bytea[]) \
         AS w (tenant_id, series, grain, number, content){replacing}"
    ));
    let query = bind_cells(query, keys.iter()).bind(writer).bind(contents);
    query.execute(connection).await.map(|_| ())
}

/// The number of each series, in the order of the changes. Those that are missing are made; of two processes that make the same
/// one at once, the second waits for the first one's commit, and both do so in one order.
async fn series(step: &mut Step<'_>, changes: &RollupChanges) -> Result<Vec<i64>, Error> {
    let keys: Vec<&SeriesKey> = changes.iter().map(|(key, _)| key).collect();
    let mut found = find(step.connection, step.schema, &keys).await?;
    if found.len() < keys.len() {
        let missing: Vec<&SeriesKey> = keys.iter().copied().filter(|key| !found.contains_key(*key)).collect();
        let query = step.schema.query(
            "INSERT INTO studio.rollup_series (tenant_id, kind, generation, dimension, key, id) \
             SELECT w.*, nextval('studio.rollup_series_id') \
             FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::text[]) \
             AS w (tenant_id, kind, generation, dimension, key) ORDER BY w.tenant_id, w.kind COLLATE \"C\", \
             w.generation, w.dimension, w.key COLLATE \"C\" ON CONFLICT DO NOTHING",
        );
        bind(query, &missing).execute(&mut *step.connection).await?;
        found.extend(find(step.connection, step.schema, &missing).await?);
    }
    keys.iter().map(|key| found.get(*key).copied().ok_or(Error::RowNotFound)).collect()
}

/// The numbers of the series that there are.
async fn find<'a>(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    keys: &[&'a SeriesKey],
) -> Result<BTreeMap<&'a SeriesKey, i64>, Error> {
    let query = schema.query(
        "SELECT w.place, s.id FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::text[]) \
         WITH ORDINALITY AS w (tenant_id, kind, generation, dimension, key, place) JOIN studio.rollup_series AS s \
         ON s.tenant_id = w.tenant_id AND s.kind = w.kind AND s.generation = w.generation \
         AND s.dimension = w.dimension AND s.key = w.key",
    );
    let rows = bind(query, keys).fetch_all(connection).await?;
    let mut found = BTreeMap::new();
    for row in &rows {
        let place = usize::try_from(get::<i64>(row, 0)? - 1).unwrap_or(usize::MAX);
        if let Some(key) = keys.get(place) {
            found.insert(*key, get(row, 1)?);
        }
    }
    Ok(found)
}

fn bind(query: StatementText, keys: &[&SeriesKey]) -> StatementText {
    query
        .bind(keys.iter().map(|key| key.tenant.0).collect::<Vec<Uuid>>())
        .bind(keys.iter().map(|key| key.kind).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.generation).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| dimension_number(key.series.dimension)).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.series.key.clone()).collect::<Vec<_>>())
}

/// What each list of ranges adds up to, in one series of a kind; says whether the kind has a generation that is read.
pub(super) async fn read(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    tenant: TenantId,
    (kind, series): (&'static Kind, Series),
    ranges: &[(usize, CellRange)],
    mut tell: impl FnMut(usize, Rollup),
) -> Result<bool, Error> {
    let known = schema
        .query(
            "SELECT s.id FROM studio.rollup_kinds AS k LEFT JOIN studio.rollup_series AS s ON s.tenant_id = $3 \
             AND s.kind = k.kind AND s.generation = k.generation AND s.dimension = $4 AND s.key = $5 \
             WHERE k.kind = $1 AND k.layout = $2",
        )
        .bind(kind.name)
        .bind(rollups::layout(kind))
        .bind(tenant.0)
        .bind(dimension_number(series.dimension))
        .bind(series.key)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(known) = known else { return Ok(false) };
    let Some(series) = get::<Option<i64>>(&known, 0)? else { return Ok(true) };
    let query = schema
        .query(
            "SELECT w.place, r.content FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) \
             AS w (place, grain, low, high) CROSS JOIN LATERAL (SELECT content FROM studio.rollups AS c \
             WHERE c.tenant_id = $6 AND c.series = $1 AND c.grain = w.grain AND c.number >= w.low AND c.number < w.high \
             OFFSET 0) AS r",
    );
    let query = bind_ranges(query.bind(series), ranges).bind(tenant.0);
    for row in &query.fetch_all(connection).await? {
        let at = usize::try_from(get::<i64>(row, 0)?).unwrap_or(usize::MAX);
        tell(at, rollups::read(kind, row.try_get(1)?)?);
    }
    Ok(true)
}

/// The same of all series of a dimension: each row of a cell with the key of its series.
pub(super) async fn read_dimension(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    series: &SeriesOfDimension,
    ranges: &[(usize, CellRange)],
    mut tell: impl FnMut(&str, usize, CellPlace, Rollup),
) -> Result<bool, Error> {
    let rows = schema
        .query(
            "SELECT s.id, s.key FROM studio.rollup_kinds AS k LEFT JOIN studio.rollup_series AS s ON s.tenant_id = $3 \
             AND s.kind = k.kind AND s.generation = k.generation AND s.dimension = $4 AND ($5::text[] IS NULL OR s.key = ANY($5)) \
             WHERE k.kind = $1 AND k.layout = $2",
        )
        .bind(series.kind.name)
        .bind(rollups::layout(series.kind))
        .bind(series.tenant.0)
        .bind(series.dimension)
        .bind(series.keys.clone())
        .fetch_all(&mut *connection)
        .await?;
    if rows.is_empty() {
        return Ok(false);
    }
    let mut keys: BTreeMap<i64, String> = BTreeMap::new();
    for row in &rows {
        if let Some(id) = get::<Option<i64>>(row, 0)? {
            keys.insert(id, get(row, 1)?);
        }
    }
    let query = schema
        .query(
            "SELECT s.id, r.grain, r.number, r.content, w.place FROM unnest($1::bigint[]) AS s (id) \
             CROSS JOIN unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS w (place, grain, low, high) \
             CROSS JOIN LATERAL (SELECT grain, number, content FROM studio.rollups AS c WHERE c.tenant_id = $6 \
             AND c.series = s.id AND c.grain = w.grain AND c.number >= w.low AND c.number < w.high OFFSET 0) AS r",
        )
        .bind(keys.keys().copied().collect::<Vec<_>>());
    let query = bind_ranges(query, ranges).bind(series.tenant.0);
    for row in &query.fetch_all(connection).await? {
        let id: i64 = get(row, 0)?;
        let key = keys.get(&id).ok_or(Error::RowNotFound)?;
        let CellKey { grain, number, .. } = CellKey::of(series.tenant, id, get(row, 1)?, get(row, 2)?)?;
        let at = usize::try_from(get::<i64>(row, 4)?).unwrap_or(usize::MAX);
        tell(key, at, (grain, number), rollups::read(series.kind, row.try_get(3)?)?);
    }
    Ok(true)
}

/// The other text of each of these pairs; none where the kind has no generation that is read.
pub(super) async fn others(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    tenant: TenantId,
    kind: &'static Kind,
    pairs: &PairsOfText,
) -> Result<Option<Vec<String>>, Error> {
    let row = schema
        .query(
            "SELECT ARRAY(SELECT substr(s.key, length($5) + 1) FROM studio.rollup_series AS s WHERE s.tenant_id = $3 \
             AND s.kind = k.kind AND s.generation = k.generation AND s.dimension = $4 AND s.key >= $5 AND s.key < $6) \
             FROM studio.rollup_kinds AS k WHERE k.kind = $1 AND k.layout = $2",
        )
        .bind(kind.name)
        .bind(rollups::layout(kind))
        .bind(tenant.0)
        .bind(dimension_number(Some(pairs.dimension)))
        .bind(pairs.first.clone())
        .bind(pairs.end.clone())
        .fetch_optional(connection)
        .await?;
    row.map(|row| get(&row, 0)).transpose()
}

fn bind_ranges(query: StatementText, ranges: &[(usize, CellRange)]) -> StatementText {
    query
        .bind(ranges.iter().map(|(at, _)| i64::try_from(*at).unwrap_or(i64::MAX)).collect::<Vec<_>>())
        .bind(ranges.iter().map(|(_, range)| i64::from(range.grain.code())).collect::<Vec<_>>())
        .bind(ranges.iter().map(|(_, range)| range.first).collect::<Vec<_>>())
        .bind(ranges.iter().map(|(_, range)| range.end).collect::<Vec<_>>())
}

/// Makes one row of those of several writers, where none is at it just now: some of them in each transaction.
pub(super) async fn merge(connection: &mut PgConnection, schema: &PostgresSchema) -> Result<(), Error> {
    for _ in 0..ROUNDS {
        schema.begin_writing(fence::PASS).execute(&mut *connection).await?;
        let merged = if upkeep::is_alone(connection, schema).await? {
            merge_some(connection, schema).await?
        } else {
            0
        };
        schema.script("COMMIT").execute(&mut *connection).await?;
        if merged < MERGED {
            break;
        }
    }
    Ok(())
}

async fn merge_some(connection: &mut PgConnection, schema: &PostgresSchema) -> Result<i64, Error> {
    let free = schema.query(
        "SELECT r.tenant_id, r.series, r.grain, r.number, r.content, s.kind, r.writer FROM studio.rollups AS r \
         JOIN studio.rollup_series AS s ON s.tenant_id = r.tenant_id AND s.id = r.series \
         WHERE r.writer <> 0 AND s.kind = ANY($1) ORDER BY r.tenant_id, r.series, r.grain, r.number LIMIT $2 \
         FOR UPDATE OF r SKIP LOCKED",
    );
    let kinds: Vec<&str> = schema.kinds().iter().map(|kind| kind.name).collect();
    let rows = free.bind(kinds).bind(MERGED).fetch_all(&mut *connection).await?;
    let mut cells = ChangedCells::default();
    let mut by_writer: BTreeMap<i64, Vec<CellKey>> = BTreeMap::new();
    for row in &rows {
        let key = cell(row)?;
        let kind = schema.kinds().of_name(row.try_get(5)?).ok_or(Error::RowNotFound)?;
        cells.add(kind, key, row.try_get(4)?)?;
        by_writer.entry(get(row, 6)?).or_default().push(key);
    }
    let query = schema.query(&format!("{CELLS} AND r.writer = 0"));
    for row in &bind_cells(query, cells.keys()).fetch_all(&mut *connection).await? {
        cells.meet(cell(row)?, row.try_get(4)?)?;
    }
    for (writer, keys) in by_writer {
        remove(connection, schema, &keys, writer).await?;
    }
    let (gone, kept) = cells.settle();
    remove(connection, schema, &gone, 0).await?;
    put(connection, schema, kept, 0, REPLACING).await?;
    Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX))
}
