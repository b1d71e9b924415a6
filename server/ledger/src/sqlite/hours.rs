//! The balance by the hour, all of it in one snapshot of the file.

use model::{record::Kind, tenant::TenantId, time::Timestamp};
use sqlx::{Error, SqliteConnection};

use super::{
    Reader,
    row::{self, get},
    statements,
};
use crate::{
    HourBalance,
    decision::hour_of,
    hours::{HourRange, HourTally, Tallies, sources},
};

/// Up to which position rows were counted.
pub(crate) type CountedUpTo = Tallies<i64>;

const RECEIVED: &str =
    "SELECT hour, taken, 0, 0, 0 FROM receipt_hours WHERE tenant_id = ?1 AND kind = ?2 AND hour >= ?3";
const PASSED: &str = "SELECT hour, mirrored, delivered, confirmed, archived FROM passages \
     WHERE tenant_id = ?1 AND kind = ?2 AND hour >= ?3";
/// What was never acknowledged waits since it came.
const BACKLOG: &str = "SELECT hour, waiting_first, refused_first, 0, 0 FROM backlog \
     WHERE tenant_id = ?1 AND kind = ?2 AND hour >= ?3";

/// Oldest first, each kind's after the other's.
pub(crate) async fn hours(
    Reader { pool, kinds, hours: counted, now, .. }: Reader<'_>,
    tenant: TenantId,
    from: Timestamp,
) -> Result<Vec<HourBalance>, Error> {
    let stretch = HourRange::new(tenant, from, now);
    let mut all = Vec::new();
    for kind in kinds {
        // What was counted before the snapshot begins lies within it.
        let tally = counted.of((kind.name, None));
        let mut transaction = pool.begin().await?;
        let tally = count(&mut transaction, kind, &stretch, tally).await?;
        let mut hours = of_kind(&mut transaction, kind, &stretch).await?;
        transaction.commit().await?;
        for ((tenant, hour), rows) in &tally.rows {
            if *tenant == stretch.tenant {
                stretch.put(&mut hours, *hour, |balance| balance.durable = *rows);
            }
        }
        counted.keep((kind.name, None), &stretch, tally);
        all.extend(hours);
    }
    Ok(all)
}

async fn of_kind(
    connection: &mut SqliteConnection,
    kind: &'static Kind,
    stretch: &HourRange,
) -> Result<Vec<HourBalance>, Error> {
    let mut hours = stretch.balances(kind);
    for (sql, put) in sources([RECEIVED, PASSED, BACKLOG]) {
        let rows = sqlx::query(sql)
            .bind(stretch.tenant.to_string())
            .bind(kind.name)
            .bind(stretch.first)
            .fetch_all(&mut *connection)
            .await?;
        for found in &rows {
            let numbers = [get(found, 1)?, get(found, 2)?, get(found, 3)?, get(found, 4)?];
            stretch.put(&mut hours, get(found, 0)?, |balance| put(balance, numbers));
        }
    }
    Ok(hours)
}

/// Counts the rows that came since.
async fn count(
    connection: &mut SqliteConnection,
    kind: &'static Kind,
    stretch: &HourRange,
    tally: Option<HourTally<i64>>,
) -> Result<HourTally<i64>, Error> {
    let sql = "SELECT coalesce(sum(archived), 0) FROM passages WHERE kind = ?1 AND hour >= ?2";
    let query = sqlx::query(sql).bind(kind.name).bind(hour_of(stretch.counted_from()));
    let archived = get(&query.fetch_one(&mut *connection).await?, 0)?;
    let mut tally = match tally {
        Some(tally) if tally.holds(stretch, archived) => tally,
        _ => HourTally::new(first(connection, kind, stretch).await? - 1, stretch, archived),
    };
    let rows = sqlx::query(statements::of(kind).by_hour)
        .bind(tally.up_to)
        .bind(stretch.counted_from().micros())
        .fetch_all(connection)
        .await?;
    for found in &rows {
        tally.add(row::tenant(found, 0)?, get(found, 1)?, get(found, 2)?);
        tally.up_to = tally.up_to.max(get(found, 3)?);
    }
    Ok(tally)
}

/// The position from which on rows may be of the stretch, found by halving.
async fn first(
    connection: &mut SqliteConnection,
    kind: &'static Kind,
    stretch: &HourRange,
) -> Result<i64, Error> {
    let prepared = statements::of(kind);
    let newest = sqlx::query(prepared.newest_position).fetch_one(&mut *connection).await?;
    let (mut low, mut high) = (1, get::<i64>(&newest, 0)? + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let next = sqlx::query(prepared.from_position).bind(middle).fetch_optional(&mut *connection).await?;
        let Some(next) = next else {
            high = middle;
            continue;
        };
        if get::<i64>(&next, 1)? < stretch.searched_from().micros() {
            low = get::<i64>(&next, 0)? + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
