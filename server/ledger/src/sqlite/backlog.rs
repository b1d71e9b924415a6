//! How much waits and how much is refused, kept as it changes; and what becomes of old hours and receipts.

use std::collections::HashMap;

use model::{record::Kind, tenant::TenantId};
use sqlx::{AssertSqlSafe, Error, SqliteConnection, SqlitePool};

use super::{InFile, Step, StepIn, row::get};
use crate::{
    flow_counts::FlowCounts,
    upkeep::{self, COUNTED, RECEIPTS, Tend},
    write::On,
};

/// What was put into the outbox.
pub(super) struct Came {
    pub(super) waiting: i64,
    /// Of these, what Dataverse never acknowledged before.
    pub(super) first: i64,
}

/// Notes what was put into the outbox and waits since that hour. What leaves it, and what becomes of letters, is noted by
/// triggers, as it happens.
pub(super) async fn came(
    connection: &mut SqliteConnection,
    (tenant, kind): (TenantId, &'static Kind),
    hour: i64,
    came: Came,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO backlog (tenant_id, kind, hour, waiting, waiting_first) VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT (tenant_id, kind, hour) DO UPDATE SET \
         waiting = waiting + excluded.waiting, waiting_first = waiting_first + excluded.waiting_first",
    )
    .bind(tenant.to_string())
    .bind(kind.name)
    .bind(hour)
    .bind(came.waiting)
    .bind(came.first)
    .execute(connection)
    .await
    .map(|_| ())
}

/// Of how many hours it was counted wrong. Hours before that one are taken as one.
pub(super) async fn wrong(readers: &SqlitePool, before: i64) -> Result<usize, Error> {
    let differences = upkeep::differences(before).replace("studio.", "");
    let rows = sqlx::query(AssertSqlSafe(differences)).fetch_all(readers).await?;
    Ok(rows.len())
}

/// Mends what was counted wrong, adds up old hours, and lets old receipts go: says how many of these.
impl On<InFile> for Tend {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<i64, Error> {
        if self.mends {
            mend(step).await?;
        }
        let before = upkeep::oldest_hour(step.now);
        add_up(step.connection, "passages", &FlowCounts::COLUMNS, before).await?;
        add_up(step.connection, "backlog", &COUNTED, before).await?;
        add_up_receipts(step.connection, before).await?;
        let gone = sqlx::query(
        "DELETE FROM receipts WHERE position IN (SELECT position FROM receipts ORDER BY position LIMIT ?1) AND at < ?2",
    )
    .bind(RECEIPTS)
    .bind(upkeep::oldest_receipt(step.now).micros())
    .execute(&mut *step.connection)
    .await?;
        Ok(i64::try_from(gone.rows_affected()).unwrap_or(i64::MAX))
    }
}

/// Counts everything anew.
pub(super) async fn mend(step: &mut Step<'_>) -> Result<(), Error> {
    let mend = upkeep::mend(upkeep::oldest_hour(step.now), None).replace("studio.", "");
    step.changed = true;
    sqlx::query(AssertSqlSafe(mend)).execute(&mut *step.connection).await.map(|_| ())
}

/// Puts the hours before that one into hour 0.
async fn add_up(
    connection: &mut SqliteConnection,
    table: &str,
    columns: &[&str],
    before: i64,
) -> Result<(), Error> {
    let all = columns.join(", ");
    let summed = columns.iter().map(|column| format!("sum({column})")).collect::<Vec<_>>().join(", ");
    for sql in [
        format!(
            "INSERT INTO {table} (tenant_id, kind, hour, {all}) SELECT tenant_id, kind, 0, {summed} FROM {table} \
             WHERE hour < ?1 AND hour <> 0 GROUP BY tenant_id, kind \
             ON CONFLICT (tenant_id, kind, hour) DO UPDATE SET {}",
            sums(columns)
        ),
        format!("DELETE FROM {table} WHERE hour < ?1 AND hour <> 0"),
    ] {
        sqlx::query(AssertSqlSafe(sql)).bind(before).execute(&mut *connection).await?;
    }
    Ok(())
}

/// The same for receipts: SQLite turns a sum that overflows into a float, so the checksums are added up here.
async fn add_up_receipts(connection: &mut SqliteConnection, before: i64) -> Result<(), Error> {
    let rows =
        sqlx::query("SELECT tenant_id, kind, requests, taken, checksum FROM receipt_hours WHERE hour < ?1")
            .bind(before)
            .fetch_all(&mut *connection)
            .await?;
    let mut sums: HashMap<(String, String), (i64, i64, i64)> = HashMap::new();
    for row in &rows {
        let sum = sums.entry((get(row, 0)?, get(row, 1)?)).or_default();
        let checksum = sum.2.wrapping_add(get(row, 4)?);
        *sum = (sum.0 + get::<i64>(row, 2)?, sum.1 + get::<i64>(row, 3)?, checksum);
    }
    if rows.len() == sums.len() {
        return Ok(());
    }
    sqlx::query("DELETE FROM receipt_hours WHERE hour < ?1").bind(before).execute(&mut *connection).await?;
    for ((tenant, kind), (requests, taken, checksum)) in sums {
        sqlx::query(
            "INSERT INTO receipt_hours (tenant_id, kind, hour, requests, taken, checksum) VALUES (?1, ?2, 0, ?3, ?4, ?5)",
        )
        .bind(tenant)
        .bind(kind)
        .bind(requests)
        .bind(taken)
        .bind(checksum)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

fn sums(columns: &[&str]) -> String {
    columns
        .iter()
        .map(|column| format!("{column} = {column} + excluded.{column}"))
        .collect::<Vec<_>>()
        .join(", ")
}
