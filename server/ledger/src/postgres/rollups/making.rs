//! Rollups made anew in the database: by one process at a time, a step in each transaction. No other process writes during a
//! step, so that each that writes sees how far it is.

use std::borrow::Cow;

use model::{
    record::{Kind, Kinds},
    rng::Random,
    tenant::TenantId,
    time::Timestamp,
};
use sqlx::{Error, PgConnection, Row as _};
use uuid::Uuid;

use super::{
    super::{
        Reader, Step, fence,
        row::{self, get},
        schema::PostgresSchema,
        statements,
        step::{Closing, WritingBegun},
        upkeep,
    },
    write,
};
use crate::{
    RollupProgress, RollupState,
    rollups::{RecordPlace, RollupGenerations, RollupMaking, RollupTurn, layout, unreadable},
};

/// How many records are added up at a time where no other process writes.
const CARRIED_STEP: i64 = 2_000;

/// Series that are neither read nor under way.
const GONE: &str = "NOT EXISTS (SELECT 1 FROM studio.rollup_kinds AS k WHERE k.kind = s.kind AND k.generation = s.generation) \
     AND NOT EXISTS (SELECT 1 FROM studio.rollup_makings AS m WHERE m.kind = s.kind AND m.generation = s.generation)";

/// Kind, generation, layout; where it is under way also the tenant, time and position up to which it is, and of how many records it has
/// how many.
type ToldGeneration<'a> =
    (Cow<'a, str>, i64, Cow<'a, str>, Option<Uuid>, Option<i64>, Option<i64>, Option<i64>, Option<i64>);

/// The generations in which records are added up, as the schema tells them.
pub(crate) fn generations(kinds: Kinds, told: &str) -> Result<RollupGenerations, Error> {
    let told: Vec<ToldGeneration<'_>> = serde_json::from_str(told).map_err(|error| unreadable(&error))?;
    let kept = told.iter().map(|(kind, generation, layout, tenant, time, position, folded, of)| {
        let place = tenant.zip(time.zip(*position)).map(|(tenant, (time, position))| RecordPlace {
            tenant: TenantId(tenant),
            time: Timestamp::from_micros(time),
            position,
        });
        let progress = folded.zip(*of).map(|(folded, of)| RollupProgress { folded, of });
        (kind.as_ref(), *generation, layout.as_ref(), place.zip(progress))
    });
    Ok(RollupGenerations::of(kinds, kept))
}

/// How the rollups of each kind are.
pub(crate) async fn states(Reader { connection, schema, .. }: Reader<'_>) -> Result<Vec<RollupState>, Error> {
    let (generations, wished) = seen(connection, schema).await?;
    Ok(generations.states(schema.kinds(), &wished))
}

/// And which kinds' are to be made anew. Within a transaction.
async fn seen(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
) -> Result<(RollupGenerations, Vec<String>), Error> {
    let sql = "SELECT studio.rollup_generations(), \
               (SELECT coalesce(json_agg(kind), '[]')::text FROM studio.rollup_wishes)";
    let row = schema.query(sql).fetch_one(connection).await?;
    let wished: Vec<String> = serde_json::from_str(row.try_get(1)?).map_err(|error| unreadable(&error))?;
    Ok((generations(schema.kinds(), row.try_get(0)?)?, wished))
}

/// Asks for the rollups of all kinds anew.
pub(crate) async fn wish(connection: &mut PgConnection, schema: &PostgresSchema) -> Result<(), Error> {
    schema.begin_writing(fence::PASS).execute(&mut *connection).await?;
    let kinds: Vec<&str> = schema.kinds().iter().map(|kind| kind.name).collect();
    let wish = "INSERT INTO studio.rollup_wishes (kind) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING";
    schema.query(wish).bind(kinds).execute(&mut *connection).await?;
    commit(connection, schema).await
}

/// Begins what was never made, or of other fields, as in a ledger of an earlier version. Of no records it is made at once.
pub(crate) async fn begin_missing(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
) -> Result<(), Error> {
    let missing = |generations: &RollupGenerations| generations.missing(schema.kinds());
    schema.script("BEGIN READ ONLY").execute(&mut *connection).await?;
    let is_missing = !missing(&seen(connection, schema).await?.0).is_empty();
    commit(connection, schema).await?;
    if !is_missing {
        return Ok(());
    }
    // No limits: what is waited for here ends.
    let begin = format!("BEGIN ISOLATION LEVEL READ COMMITTED; {}", fence::CLOSE);
    schema.script(&begin).execute(&mut *connection).await?;
    for kind in missing(&seen(connection, schema).await?.0) {
        let records = standing(connection, schema, kind).await?;
        let making = self::begin(connection, schema, kind, records).await?;
        if records == 0 {
            finish(connection, schema, kind, making.generation).await?;
        }
    }
    commit(connection, schema).await
}

/// Makes all of what is under way, where no other process writes: as in a ledger that is being carried over.
pub(crate) async fn make_all(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    random: &dyn Random,
) -> Result<(), Error> {
    loop {
        let told = schema.begin_writing(fence::CLOSE).fetch_all(&mut *connection).await?;
        let begun = WritingBegun::of(schema, &told)?;
        let turn = fold(connection, schema, random, begun, CARRIED_STEP).await?;
        commit(connection, schema).await?;
        if turn == RollupTurn::Idle {
            return Ok(());
        }
    }
}

/// One step towards rollups that are wanted or under way, or towards the end of old ones. `sweeps`: whether such may be left.
pub(crate) async fn turn(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    random: &dyn Random,
    (most, sweeps): (i64, bool),
) -> Result<Option<RollupTurn>, Error> {
    let begin = format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {}", upkeep::LIMITS);
    schema.script(&begin).execute(&mut *connection).await?;
    let (generations, wished) = seen(connection, schema).await?;
    let mut counted = Vec::new();
    for kind in wished.iter().filter_map(|name| schema.kinds().of_name(name)) {
        counted.push((kind, standing(connection, schema, kind).await?));
    }
    commit(connection, schema).await?;
    let is_under_way = generations.under_way(schema.kinds()).is_some();
    if counted.is_empty() && !is_under_way && !sweeps {
        return Ok(None);
    }
    let pass = if counted.is_empty() && !is_under_way { fence::PASS } else { fence::CLOSE_SOON };
    let told = schema.begin_writing(pass).fetch_all(&mut *connection).await?;
    // Another process may have begun what was wished for.
    let (_, wished) = seen(connection, schema).await?;
    counted.retain(|(kind, _)| wished.iter().any(|name| name == kind.name));
    let turn = if !upkeep::is_alone(connection, schema).await? {
        None
    } else if !counted.is_empty() {
        for (kind, records) in counted {
            self::begin(connection, schema, kind, records).await?;
        }
        schema.script("DELETE FROM studio.rollup_wishes").execute(&mut *connection).await?;
        Some(RollupTurn::Begun)
    } else if is_under_way {
        Some(fold(connection, schema, random, WritingBegun::of(schema, &told)?, most).await?)
    } else {
        Some(sweep(connection, schema, most).await?)
    };
    commit(connection, schema).await?;
    Ok(turn)
}

async fn commit(connection: &mut PgConnection, schema: &PostgresSchema) -> Result<(), Error> {
    schema.script("COMMIT").execute(connection).await.map(|_| ())
}

/// How many records of a kind are not withdrawn.
async fn standing(connection: &mut PgConnection, schema: &PostgresSchema, kind: &Kind) -> Result<i64, Error> {
    let count = format!("SELECT count(*) FROM studio.{} WHERE withdrawn_at IS NULL", kind.table);
    get(&schema.query(&count).fetch_one(connection).await?, 0)
}

/// A new generation, into which nothing was added up, in the place of one that was under way.
async fn begin(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    kind: &'static Kind,
    records: i64,
) -> Result<RollupMaking, Error> {
    let newest = schema.query(
        "SELECT coalesce(max(generation), 0) FROM (SELECT kind, generation FROM studio.rollup_kinds UNION ALL \
         SELECT kind, generation FROM studio.rollup_makings UNION ALL \
         SELECT kind, generation FROM studio.rollup_series) AS known WHERE kind = $1",
    );
    let newest: i64 = get(&newest.bind(kind.name).fetch_one(&mut *connection).await?, 0)?;
    let after = RecordPlace::FIRST;
    let progress = RollupProgress { folded: 0, of: records };
    let making = RollupMaking { generation: newest + 1, after, progress };
    schema
        .query(
            "INSERT INTO studio.rollup_makings (kind, generation, layout, tenant_id, \"time\", position, folded, \
             records) VALUES ($1, $2, $3, $4, $5, $6, 0, $7) ON CONFLICT (kind) DO UPDATE SET \
             generation = excluded.generation, layout = excluded.layout, tenant_id = excluded.tenant_id, \
             \"time\" = excluded.\"time\", position = excluded.position, folded = excluded.folded, records = excluded.records",
        )
        .bind(kind.name)
        .bind(making.generation)
        .bind(layout(kind))
        .bind(after.tenant.0)
        .bind(after.time.micros())
        .bind(after.position)
        .bind(records)
        .execute(connection)
        .await?;
    Ok(making)
}

/// From now on this generation is read.
async fn finish(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    kind: &'static Kind,
    generation: i64,
) -> Result<(), Error> {
    schema
        .query(
            "INSERT INTO studio.rollup_kinds (kind, layout, generation) VALUES ($1, $2, $3) \
             ON CONFLICT (kind) DO UPDATE SET layout = excluded.layout, generation = excluded.generation",
        )
        .bind(kind.name)
        .bind(layout(kind))
        .bind(generation)
        .execute(&mut *connection)
        .await?;
    let done = schema.query("DELETE FROM studio.rollup_makings WHERE kind = $1").bind(kind.name);
    done.execute(connection).await.map(|_| ())
}

async fn fold(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    random: &dyn Random,
    WritingBegun { now, generations }: WritingBegun,
    most: i64,
) -> Result<RollupTurn, Error> {
    let Some((kind, making)) = generations.under_way(schema.kinds()) else { return Ok(RollupTurn::Idle) };
    let mut after = making.after;
    let query = schema.query(&statements::of(kind).standing).bind(after.tenant.0);
    let query = query.bind(after.time.micros()).bind(after.position).bind(most);
    let rows = query.fetch_all(&mut *connection).await?;
    let mut closing = Closing::default();
    for row in &rows {
        let tenant = TenantId(row.try_get(row.len() - 1)?);
        let read = row::read(kind, row)?;
        let record = &read.held.stored.record;
        after = RecordPlace { tenant, time: record.time(), position: read.position };
        closing.rollups.add_to(making.generation, tenant, record, 1);
    }
    // Rows of no process, since no other is at them.
    let mut step =
        Step { connection, schema, random, now, asked_at: now, writer: 0, changed: false, closing };
    let changes = std::mem::take(&mut step.closing.rollups);
    write(&mut step, &changes).await?;
    if i64::try_from(rows.len()).unwrap_or(i64::MAX) < most {
        let Some(next) = next_tenant(step.connection, schema, kind, after.tenant).await? else {
            let making = making.advanced(after, rows.len());
            finish(step.connection, schema, kind, making.generation).await?;
            return Ok(RollupTurn::Made(kind, making.progress));
        };
        after = RecordPlace { tenant: next, ..RecordPlace::FIRST };
    }
    let making = making.advanced(after, rows.len());
    schema
        .query("UPDATE studio.rollup_makings SET tenant_id = $2, \"time\" = $3, position = $4, folded = $5 WHERE kind = $1")
        .bind(kind.name)
        .bind(after.tenant.0)
        .bind(after.time.micros())
        .bind(after.position)
        .bind(making.progress.folded)
        .execute(step.connection)
        .await?;
    Ok(RollupTurn::Folded(kind, making.progress))
}

/// One tenant's records are read in the order of their index; those of all would have to be sorted.
async fn next_tenant(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    kind: &Kind,
    after: TenantId,
) -> Result<Option<TenantId>, Error> {
    let next = format!(
        "SELECT tenant_id FROM studio.{} WHERE tenant_id > $1 ORDER BY tenant_id LIMIT 1",
        kind.table
    );
    let row = schema.query(&next).bind(after.0).fetch_optional(connection).await?;
    row.map(|row| Ok(TenantId(row.try_get(0)?))).transpose()
}

async fn sweep(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    most: i64,
) -> Result<RollupTurn, Error> {
    let cells = schema.query(&format!(
        "DELETE FROM studio.rollups AS r USING (SELECT c.tenant_id, c.series, c.grain, c.number, c.writer \
         FROM studio.rollup_series AS s JOIN studio.rollups AS c ON c.tenant_id = s.tenant_id AND c.series = s.id \
         WHERE {GONE} LIMIT $1) AS gone WHERE r.tenant_id = gone.tenant_id AND r.series = gone.series \
         AND r.grain = gone.grain AND r.number = gone.number AND r.writer = gone.writer"
    ));
    if cells.bind(most).execute(&mut *connection).await?.rows_affected() > 0 {
        return Ok(RollupTurn::Swept);
    }
    let series = schema.query(&format!(
        "DELETE FROM studio.rollup_series AS r USING (SELECT s.tenant_id, s.id FROM studio.rollup_series AS s \
         WHERE {GONE} LIMIT $1) AS gone WHERE r.tenant_id = gone.tenant_id AND r.id = gone.id"
    ));
    let series = series.bind(most).execute(connection).await?;
    Ok(if series.rows_affected() > 0 { RollupTurn::Swept } else { RollupTurn::Idle })
}
