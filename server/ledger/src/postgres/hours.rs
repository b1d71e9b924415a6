//! The balance by the hour, all of one moment.

use model::{record::Kind, tenant::TenantId, time::Timestamp};
use sqlx::Error;

use super::{Reader, row::get, statements, tenant_reader::TenantReader};
use crate::{
    HourBalance,
    decision::hour_of,
    hours::{HourRange, HourTally, Tallies, sources},
};

/// Up to which transaction rows were counted, see `counted`.
pub(super) type CountedUpTo = Tallies<String>;

const RECEIVED: &str = "SELECT hour, sum(taken)::bigint, 0::bigint, 0::bigint, 0::bigint FROM studio.receipt_hours \
     WHERE tenant_id = $1 AND kind = $2 AND hour >= $3 GROUP BY hour";
const PASSED: &str = "SELECT hour, sum(mirrored)::bigint, sum(delivered)::bigint, sum(confirmed)::bigint, \
     sum(archived)::bigint \
     FROM studio.passages WHERE tenant_id = $1 AND kind = $2 AND hour >= $3 GROUP BY hour";
/// What was never acknowledged waits since it came.
const BACKLOG: &str = "SELECT hour, sum(waiting_first)::bigint, sum(refused_first)::bigint, 0::bigint, 0::bigint \
     FROM studio.backlog WHERE tenant_id = $1 AND kind = $2 AND hour >= $3 GROUP BY hour";

/// Oldest first, each kind's after the other's.
pub(crate) async fn hours(
    reader: Reader<'_>,
    tenant: TenantId,
    from: Timestamp,
) -> Result<Vec<HourBalance>, Error> {
    let (counted, stretch) = (reader.hours, HourRange::new(tenant, from, reader.now));
    let mut asked = reader.of(tenant);
    let (mut all, mut kept) = (Vec::new(), Vec::new());
    for kind in asked.schema.kinds() {
        let mut hours = of_kind(&mut asked, kind, &stretch).await?;
        let tally = counted.of((kind.name, Some(tenant)));
        kept.push((kind, count(&mut asked, kind, &stretch, tally, &mut hours).await?));
        all.extend(hours);
    }
    for (kind, tally) in kept {
        counted.keep((kind.name, Some(tenant)), &stretch, tally);
    }
    Ok(all)
}

async fn of_kind(
    asked: &mut TenantReader<'_>,
    kind: &'static Kind,
    stretch: &HourRange,
) -> Result<Vec<HourBalance>, Error> {
    let mut hours = stretch.balances(kind);
    for (sql, put) in sources([RECEIVED, PASSED, BACKLOG]) {
        let query = asked.schema.query(sql).bind(stretch.tenant.0).bind(kind.name).bind(stretch.first);
        for found in &query.fetch_all(&mut *asked.connection).await? {
            let numbers = [get(found, 1)?, get(found, 2)?, get(found, 3)?, get(found, 4)?];
            stretch.put(&mut hours, get(found, 0)?, |balance| put(balance, numbers));
        }
    }
    Ok(hours)
}

/// Counts the rows that came since. Those of transactions that may still have company are counted every time.
async fn count(
    asked: &mut TenantReader<'_>,
    kind: &'static Kind,
    stretch: &HourRange,
    tally: Option<HourTally<String>>,
    hours: &mut [HourBalance],
) -> Result<HourTally<String>, Error> {
    let prepared = statements::of(kind);
    let from = stretch.counted_from().micros();
    let sql = "SELECT coalesce(sum(archived), 0)::bigint FROM studio.passages \
         WHERE tenant_id = $1 AND kind = $2 AND hour >= $3";
    let query =
        asked.schema.query(sql).bind(stretch.tenant.0).bind(kind.name).bind(hour_of(stretch.counted_from()));
    let archived = get(&query.fetch_one(&mut *asked.connection).await?, 0)?;
    let (mut tally, query) = match tally.filter(|tally| tally.holds(stretch, archived)) {
        Some(tally) => {
            let query = asked.schema.query(&prepared.by_hour_since).bind(stretch.tenant.0).bind(from);
            let up_to = tally.up_to.clone();
            (tally, query.bind(up_to))
        }
        None => {
            let first = first(asked, kind, stretch).await?;
            let query = asked.schema.query(&prepared.by_hour).bind(stretch.tenant.0).bind(from);
            (HourTally::new(String::new(), stretch, archived), query.bind(first))
        }
    };
    let rows = query.fetch_all(&mut *asked.connection).await?;
    for ((_, hour), rows) in &tally.rows {
        stretch.put(hours, *hour, |balance| balance.durable += rows);
    }
    for found in &rows {
        let (hour, settled, all): (i64, i64, i64) = (get(found, 0)?, get(found, 1)?, get(found, 2)?);
        stretch.put(hours, hour, |balance| balance.durable += all);
        tally.add(stretch.tenant, hour, settled);
    }
    let settled = asked.schema.query("SELECT pg_snapshot_xmin(pg_current_snapshot())::text");
    tally.up_to = get(&settled.fetch_one(&mut *asked.connection).await?, 0)?;
    Ok(tally)
}

/// The position from which on rows may be of the stretch, found by halving.
async fn first(asked: &mut TenantReader<'_>, kind: &'static Kind, stretch: &HourRange) -> Result<i64, Error> {
    let prepared = statements::of(kind);
    let query = asked.schema.query(&prepared.newest_position).bind(stretch.tenant.0);
    let newest = query.fetch_one(&mut *asked.connection).await?;
    let (mut low, mut high) = (1, get::<i64>(&newest, 0)? + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let query = asked.schema.query(&prepared.from_position).bind(stretch.tenant.0).bind(middle);
        let Some(next) = query.fetch_optional(&mut *asked.connection).await? else {
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
