//! Where a tenant's records stand, each figure from a source of its own, all in one snapshot of the file.

use std::sync::LazyLock;

use model::{record::Kind, tenant::TenantId, time::Timestamp};
use sqlx::{Error, SqliteConnection};

use super::{Reader, counted::Count, row::get, statements};
use crate::{
    DeliveryCounts,
    delivery_counts::{BACKLOG_SUMS, KindCounts, PASSAGE_SUMS},
};

const RECEIVED: &str = "SELECT coalesce(sum(taken), 0) FROM receipt_hours WHERE tenant_id = ?1 AND kind = ?2";
static PASSED: LazyLock<String> = LazyLock::new(|| sums("passages", &PASSAGE_SUMS));
static BACKLOG: LazyLock<String> = LazyLock::new(|| sums("backlog", &BACKLOG_SUMS));
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
        total.add(kind, &kind_counts(&mut transaction, count, tenant, kind).await?);
    }
    transaction.commit().await?;
    counted.keep(counts);
    Ok(total)
}

async fn kind_counts(
    connection: &mut SqliteConnection,
    count: &mut Count,
    tenant: TenantId,
    kind: &'static Kind,
) -> Result<KindCounts, Error> {
    let statements = statements::of(kind);
    let numbers = Numbers { tenant: tenant.to_string(), kind: kind.name };
    let [received] = numbers.read(connection, RECEIVED).await?;
    let passages = numbers.read(connection, &PASSED).await?;
    let backlog = numbers.read(connection, &BACKLOG).await?;
    let [rejected] = numbers.read(connection, REJECTED).await?;
    let [withdrawn] = numbers.read(connection, statements.withdrawn).await?;
    let durable = count.rows(connection, tenant, kind).await?;
    let row = sqlx::query(statements.oldest_to_confirm)
        .bind(numbers.tenant.clone())
        .fetch_optional(&mut *connection)
        .await?;
    let oldest_unconfirmed = row.map(|row| get(&row, 0).map(Timestamp::from_micros)).transpose()?;
    let [first, later, oldest_first] = oldest(connection, &numbers, statements.oldest_first).await?;
    let oldest_pending = first.into_iter().chain(later).min();
    Ok(KindCounts {
        received,
        passages,
        backlog,
        rejected,
        withdrawn,
        durable,
        oldest_unconfirmed,
        oldest_first,
        oldest_pending,
    })
}

fn sums(table: &str, columns: &[&str]) -> String {
    let sums: Vec<_> = columns.iter().map(|column| format!("coalesce(sum({column}), 0)")).collect();
    format!("SELECT {} FROM {table} WHERE tenant_id = ?1 AND kind = ?2", sums.join(", "))
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
