//! Where a tenant's records stand, each figure from a source of its own, all in one snapshot of the file.

use model::{delivery::Balance, record::Kind, tenant::TenantId, time::Timestamp};
use sqlx::{Error, SqliteConnection};

use super::{Reader, counted::Count, row::get, statements};
use crate::DeliveryCounts;

const PASSED: &str = "SELECT coalesce(sum(delivered), 0), coalesce(sum(confirmed), 0), \
     coalesce(sum(withdrawn_unsent), 0), coalesce(sum(mirrored), 0), coalesce(sum(changed), 0), \
     coalesce(sum(removed), 0), coalesce(sum(kept_out), 0), \
     coalesce(sum(unsent), 0), coalesce(sum(removed_unread), 0), coalesce(sum(resent), 0), \
     coalesce(sum(archived), 0) \
     FROM passages WHERE tenant_id = ?1 AND kind = ?2";
const BACKLOG: &str = "SELECT coalesce(sum(waiting), 0), coalesce(sum(waiting_first), 0), coalesce(sum(refused), 0), \
     coalesce(sum(refused_first), 0), coalesce(sum(dropped_first), 0) FROM backlog WHERE tenant_id = ?1 AND kind = ?2";
const REJECTED: &str = "SELECT count(*) FROM rejects WHERE tenant_id = ?1 AND kind = ?2";

pub(crate) async fn delivery_counts(
    Reader { pool, kinds, counted, .. }: Reader<'_>,
    tenant: TenantId,
) -> Result<DeliveryCounts, Error> {
    // What was counted before the snapshot begins lies within it.
    let mut counts = counted.recent();
    let mut transaction = pool.begin().await?;
    let mut total = DeliveryCounts::default();
    for kind in kinds {
        let count = counts.entry(kind.name).or_default();
        let balance = balance(&mut transaction, count, tenant, kind, &mut total).await?;
        total.unconfirmed += balance.unconfirmed();
        total.balance.push(balance);
    }
    transaction.commit().await?;
    counted.keep(counts);
    Ok(total)
}

async fn balance(
    connection: &mut SqliteConnection,
    count: &mut Count,
    tenant: TenantId,
    kind: &'static Kind,
    total: &mut DeliveryCounts,
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
    total.pending += waiting;
    total.dead += letters;
    total.reflected.changed += changed;
    total.reflected.withdrawn += removed;
    total.reflected.kept_out += kept_out;
    total.reflected.resent += resent;
    total.reflected.rejected += rejected;
    let row = sqlx::query(statements.oldest_to_confirm)
        .bind(numbers.tenant.clone())
        .fetch_optional(&mut *connection)
        .await?;
    let unread = row.map(|row| get(&row, 0).map(Timestamp::from_micros)).transpose()?;
    total.oldest_unconfirmed = total.oldest_unconfirmed.into_iter().chain(unread).min();
    let [first, later, unknown] = oldest(connection, &numbers, statements.oldest_first).await?;
    total.oldest_pending = total.oldest_pending.into_iter().chain(first).chain(later).min();
    total.oldest_first = total.oldest_first.into_iter().chain(unknown).min();
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
