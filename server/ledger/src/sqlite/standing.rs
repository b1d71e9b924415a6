//! Where a tenant's records stand, each figure from a source of its own, all in one snapshot of the file.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use model::{
    delivery::Balance,
    record::{KINDS, Kind},
    tenant::TenantId,
    time::{Instant, MINUTE},
};
use sqlx::{Error, SqliteConnection, SqlitePool};

use super::{
    row::{self, get},
    statements,
};
use crate::Standing;

const PASSED: &str = "SELECT coalesce(sum(delivered), 0), coalesce(sum(confirmed), 0), \
     coalesce(sum(withdrawn_unsent), 0), coalesce(sum(mirrored), 0), coalesce(sum(changed), 0), \
     coalesce(sum(removed), 0), coalesce(sum(kept_out), 0), \
     coalesce(sum(unsent), 0) \
     FROM passages WHERE tenant_id = ?1 AND kind = ?2";
const REFUSED: &str = "SELECT count(*) FILTER (WHERE dropped_at IS NULL), \
     coalesce(sum(first) FILTER (WHERE dropped_at IS NULL), 0), \
     coalesce(sum(first) FILTER (WHERE dropped_at IS NOT NULL), 0) \
     FROM dead_letters WHERE tenant_id = ?1 AND kind = ?2";
const REJECTED: &str = "SELECT count(*) FROM rejects WHERE tenant_id = ?1 AND kind = ?2";

/// After so long all rows are counted again, in case some left the file by another door.
const RECOUNT_AFTER: i64 = 10 * MINUTE;

/// How many rows there are up to a position. Rows are never deleted, so only later ones have to be counted.
#[derive(Default)]
pub(super) struct Counted(Mutex<HashMap<&'static str, Count>>);

#[derive(Clone, Default)]
struct Count {
    up_to: i64,
    since: Instant,
    by_tenant: HashMap<TenantId, i64>,
}

pub(super) async fn standing(
    readers: &SqlitePool,
    counted: &Counted,
    tenant: TenantId,
    now: Instant,
) -> Result<Standing, Error> {
    // What was counted before the snapshot begins lies within it.
    let mut counts = counted.recent(now);
    let mut transaction = readers.begin().await?;
    let mut standing = Standing::default();
    for kind in KINDS {
        let count = counts.entry(kind.name).or_insert_with(|| Count { since: now, ..Count::default() });
        let balance = balance(&mut transaction, count, tenant, kind, &mut standing).await?;
        standing.balance.push(balance);
    }
    transaction.commit().await?;
    counted.keep(counts);
    Ok(standing)
}

async fn balance(
    connection: &mut SqliteConnection,
    count: &mut Count,
    tenant: TenantId,
    kind: &'static Kind,
    standing: &mut Standing,
) -> Result<Balance, Error> {
    let statements = statements::of(kind);
    let numbers = Numbers { tenant: tenant.to_string(), kind: kind.name };
    let [received] = numbers
        .read(
            connection,
            "SELECT coalesce(sum(taken), 0) FROM receipt_hours WHERE tenant_id = ?1 AND kind = ?2",
        )
        .await?;
    let [delivered, confirmed, deleted_unsent, mirrored, changed, removed, kept_out, unsent] =
        numbers.read(connection, PASSED).await?;
    let [waiting, pending] = numbers
        .read(
            connection,
            "SELECT count(*), coalesce(sum(first), 0) FROM outbox WHERE tenant_id = ?1 AND kind = ?2",
        )
        .await?;
    let [letters, dead, dropped] = numbers.read(connection, REFUSED).await?;
    let [rejected] = numbers.read(connection, REJECTED).await?;
    let [deleted] = numbers.read(connection, statements.withdrawn).await?;
    let durable = count.rows(connection, tenant, kind).await?;
    standing.pending += waiting;
    standing.dead += letters;
    standing.unconfirmed += (delivered + mirrored - confirmed).max(0);
    standing.reflected.changed += changed;
    standing.reflected.withdrawn += removed;
    standing.reflected.kept_out += kept_out;
    standing.reflected.rejected += rejected;
    let row = sqlx::query(statements.oldest_to_confirm)
        .bind(numbers.tenant.clone())
        .fetch_optional(&mut *connection)
        .await?;
    let unread = row.map(|row| get(&row, 0).map(Instant::from_micros)).transpose()?;
    standing.oldest_unconfirmed = standing.oldest_unconfirmed.into_iter().chain(unread).min();
    let [first, later] = oldest(connection, &numbers).await?;
    standing.oldest_first = standing.oldest_first.into_iter().chain(first).min();
    standing.oldest_pending = standing.oldest_pending.into_iter().chain(first).chain(later).min();
    Ok(Balance {
        table: kind.destination.logical_name,
        received,
        mirrored,
        durable,
        delivered,
        confirmed,
        pending,
        dead,
        dropped,
        unsent,
        deleted,
        deleted_unsent,
    })
}

/// Records come into the outbox in the order of their positions; those that come back have an index of their own.
async fn oldest(connection: &mut SqliteConnection, numbers: &Numbers) -> Result<[Option<Instant>; 2], Error> {
    let mut oldest = [None; 2];
    for (oldest, sql) in oldest.iter_mut().zip([
        "SELECT enqueued_at FROM outbox WHERE tenant_id = ?1 AND kind = ?2 AND first = 1 ORDER BY position LIMIT 1",
        "SELECT enqueued_at FROM outbox WHERE tenant_id = ?1 AND kind = ?2 AND first = 0 ORDER BY enqueued_at LIMIT 1",
    ]) {
        let row = sqlx::query(sql)
            .bind(numbers.tenant.clone())
            .bind(numbers.kind)
            .fetch_optional(&mut *connection)
            .await?;
        *oldest = row.map(|row| get(&row, 0).map(Instant::from_micros)).transpose()?;
    }
    Ok(oldest)
}

struct Numbers {
    tenant: String,
    kind: &'static str,
}

impl Numbers {
    async fn read<const N: usize>(
        &self,
        connection: &mut SqliteConnection,
        sql: &'static str,
    ) -> Result<[i64; N], Error> {
        let row = sqlx::query(sql).bind(self.tenant.clone()).bind(self.kind).fetch_one(connection).await?;
        let mut numbers = [0; N];
        for (at, number) in numbers.iter_mut().enumerate() {
            *number = get(&row, at)?;
        }
        Ok(numbers)
    }
}

impl Counted {
    fn recent(&self, now: Instant) -> HashMap<&'static str, Count> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        counts.retain(|_, count| now.since(count.since) < RECOUNT_AFTER);
        counts
    }

    fn keep(&self, counts: HashMap<&'static str, Count>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = counts;
    }
}

impl Count {
    /// Counts what came since, and says how many rows the tenant has.
    async fn rows(
        &mut self,
        connection: &mut SqliteConnection,
        tenant: TenantId,
        kind: &'static Kind,
    ) -> Result<i64, Error> {
        let rows = sqlx::query(statements::of(kind).counted).bind(self.up_to).fetch_all(connection).await?;
        for row in &rows {
            *self.by_tenant.entry(row::tenant(row, 0)?).or_default() += get::<i64>(row, 1)?;
            self.up_to = self.up_to.max(get(row, 2)?);
        }
        Ok(self.by_tenant.get(&tenant).copied().unwrap_or(0))
    }
}
