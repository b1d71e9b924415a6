//! Where a tenant's records stand, each figure from a source of its own, all in one snapshot of the file.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use model::{
    delivery::Balance,
    record::{Kind, Kinds},
    tenant::TenantId,
    time::Timestamp,
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
     coalesce(sum(unsent), 0), coalesce(sum(removed_unread), 0), coalesce(sum(resent), 0), \
     coalesce(sum(archived), 0) \
     FROM passages WHERE tenant_id = ?1 AND kind = ?2";
const BACKLOG: &str = "SELECT coalesce(sum(waiting), 0), coalesce(sum(waiting_first), 0), coalesce(sum(refused), 0), \
     coalesce(sum(refused_first), 0), coalesce(sum(dropped_first), 0) FROM backlog WHERE tenant_id = ?1 AND kind = ?2";
const REJECTED: &str = "SELECT count(*) FROM rejects WHERE tenant_id = ?1 AND kind = ?2";

/// How many rows there are up to a position. As long as none is archived, only later ones have to be counted; in case some
/// left the file by another door, all of them are now and then.
#[derive(Default)]
pub(super) struct Counted(Mutex<HashMap<&'static str, Count>>);

#[derive(Clone, Default)]
struct Count {
    up_to: i64,
    /// How many rows of all tenants had left by then.
    archived: i64,
    /// How often it was begun anew.
    times: u64,
    by_tenant: HashMap<TenantId, i64>,
}

pub(super) async fn standing(
    (readers, kinds): (&SqlitePool, Kinds),
    counted: &Counted,
    tenant: TenantId,
) -> Result<Standing, Error> {
    // What was counted before the snapshot begins lies within it.
    let mut counts = counted.recent();
    let mut transaction = readers.begin().await?;
    let mut standing = Standing::default();
    for kind in kinds {
        let count = counts.entry(kind.name).or_default();
        let balance = balance(&mut transaction, count, tenant, kind, &mut standing).await?;
        standing.unconfirmed += balance.unconfirmed();
        standing.balance.push(balance);
    }
    transaction.commit().await?;
    counted.keep(counts);
    Ok(standing)
}

/// Counts all rows anew.
pub(super) async fn recount((readers, kinds): (&SqlitePool, Kinds), counted: &Counted) -> Result<(), Error> {
    let before = counted.recent();
    let mut counts = HashMap::new();
    for kind in kinds {
        let times = before.get(kind.name).map_or(0, |count| count.times) + 1;
        let mut count = Count { times, ..Count::default() };
        let mut transaction = readers.begin().await?;
        count.follow(&mut transaction, kind).await?;
        count.add(&mut transaction, kind).await?;
        transaction.commit().await?;
        counts.insert(kind.name, count);
    }
    counted.keep(counts);
    Ok(())
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
    let [
        delivered,
        confirmed,
        deleted_unsent,
        mirrored,
        changed,
        removed,
        kept_out,
        unsent,
        removed_unread,
        resent,
        archived,
    ] = numbers.read(connection, PASSED).await?;
    let [waiting, pending, letters, dead, dropped] = numbers.read(connection, BACKLOG).await?;
    let [rejected] = numbers.read(connection, REJECTED).await?;
    let [deleted] = numbers.read(connection, statements.withdrawn).await?;
    let durable = count.rows(connection, tenant, kind).await?;
    standing.pending += waiting;
    standing.dead += letters;
    standing.reflected.changed += changed;
    standing.reflected.withdrawn += removed;
    standing.reflected.kept_out += kept_out;
    standing.reflected.resent += resent;
    standing.reflected.rejected += rejected;
    let row = sqlx::query(statements.oldest_to_confirm)
        .bind(numbers.tenant.clone())
        .fetch_optional(&mut *connection)
        .await?;
    let unread = row.map(|row| get(&row, 0).map(Timestamp::from_micros)).transpose()?;
    standing.oldest_unconfirmed = standing.oldest_unconfirmed.into_iter().chain(unread).min();
    let [first, later, unknown] = oldest(connection, &numbers, statements.oldest_first).await?;
    standing.oldest_pending = standing.oldest_pending.into_iter().chain(first).chain(later).min();
    standing.oldest_first = standing.oldest_first.into_iter().chain(unknown).min();
    Ok(Balance {
        table: kind.shown_table(),
        received,
        mirrored,
        durable,
        archived,
        delivered,
        confirmed,
        pending,
        dead,
        dropped,
        unsent,
        deleted,
        deleted_unsent,
        deleted_unread: removed_unread,
    })
}

/// Records come into the outbox in the order of their positions; those that come back have an index of their own.
async fn oldest(
    connection: &mut SqliteConnection,
    numbers: &Numbers,
    unknown: &'static str,
) -> Result<[Option<Timestamp>; 3], Error> {
    let mut oldest = [None; 3];
    for (oldest, sql) in oldest.iter_mut().zip([
        "SELECT enqueued_at FROM outbox WHERE tenant_id = ?1 AND kind = ?2 AND first = 1 ORDER BY position LIMIT 1",
        "SELECT enqueued_at FROM outbox WHERE tenant_id = ?1 AND kind = ?2 AND first = 0 ORDER BY enqueued_at LIMIT 1",
        unknown,
    ]) {
        let row = sqlx::query(sql)
            .bind(numbers.tenant.clone())
            .bind(numbers.kind)
            .fetch_optional(&mut *connection)
            .await?;
        *oldest = row.map(|row| get(&row, 0).map(Timestamp::from_micros)).transpose()?;
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
    fn recent(&self) -> HashMap<&'static str, Count> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was begun earlier than what is there is too late.
    fn keep(&self, counts: HashMap<&'static str, Count>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (kind, count) in counts {
            if kept.get(kind).is_none_or(|kept| (kept.times, kept.up_to) <= (count.times, count.up_to)) {
                kept.insert(kind, count);
            }
        }
    }
}

impl Count {
    /// Counts what came since, or all where some left, and says how many rows the tenant has.
    async fn rows(
        &mut self,
        connection: &mut SqliteConnection,
        tenant: TenantId,
        kind: &'static Kind,
    ) -> Result<i64, Error> {
        self.follow(connection, kind).await?;
        self.add(connection, kind).await?;
        Ok(self.by_tenant.get(&tenant).copied().unwrap_or(0))
    }

    /// Begins anew where rows have left since.
    async fn follow(&mut self, connection: &mut SqliteConnection, kind: &'static Kind) -> Result<(), Error> {
        let sql = "SELECT coalesce(sum(archived), 0) FROM passages WHERE kind = ?1";
        let archived = get(&sqlx::query(sql).bind(kind.name).fetch_one(connection).await?, 0)?;
        if self.archived != archived {
            *self = Self { archived, times: self.times + 1, ..Self::default() };
        }
        Ok(())
    }

    async fn add(&mut self, connection: &mut SqliteConnection, kind: &'static Kind) -> Result<(), Error> {
        let rows = sqlx::query(statements::of(kind).counted).bind(self.up_to).fetch_all(connection).await?;
        for row in &rows {
            *self.by_tenant.entry(row::tenant(row, 0)?).or_default() += get::<i64>(row, 1)?;
            self.up_to = self.up_to.max(get(row, 2)?);
        }
        Ok(())
    }
}
