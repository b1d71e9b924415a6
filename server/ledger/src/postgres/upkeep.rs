//! What is done about the database while it is waited for by none: for all processes by one of them at a time, and beside
//! its writer.

use model::{tenant::TenantId, time::Timestamp};
use sqlx::{Error, PgConnection, Row};

use super::{InDatabase, StepIn, fence, rollups, row::get, schema::PostgresSchema};
use crate::{
    flow_counts::FlowCounts,
    upkeep::{self, COUNTED, RECEIPTS, TURNS, Tend},
    write::On,
};

/// Counting takes as long as there is to count.
pub(super) const LIMITS: &str =
    "SET LOCAL statement_timeout = '10min'; SET LOCAL idle_in_transaction_session_timeout = '1min'";

/// A database is looked after beside the writer.
impl On<InDatabase> for Tend {
    async fn perform(&mut self, _step: &mut StepIn<'_>) -> Result<i64, Error> {
        Ok(0)
    }
}

/// Says of how many hours the backlog was counted wrong. None where another process does all this just now.
pub(super) async fn tend(connection: &mut PgConnection, schema: &PostgresSchema) -> Result<usize, Error> {
    let told = schema.begin_writing(fence::PASS).fetch_all(&mut *connection).await?;
    let now = Timestamp::from_micros(told.last().ok_or(Error::RowNotFound)?.try_get(0)?);
    schema.script(LIMITS).execute(&mut *connection).await?;
    let mut wrong = 0;
    if is_alone(connection, schema).await? {
        let before = upkeep::oldest_hour(now);
        let mended = schema.query(&upkeep::mend(before, Some(0))).execute(&mut *connection).await?;
        wrong = usize::try_from(mended.rows_affected()).unwrap_or(usize::MAX);
        forget_receipts(connection, schema, upkeep::oldest_receipt(now)).await?;
        add_up(connection, schema, before).await?;
    }
    schema.script("COMMIT").execute(&mut *connection).await?;
    // In transactions of its own: writers wait for what one of them holds.
    rollups::merge(connection, schema).await?;
    Ok(wrong)
}

/// Whether no other process is at this until the transaction's end.
pub(super) async fn is_alone(connection: &mut PgConnection, schema: &PostgresSchema) -> Result<bool, Error> {
    let lock = schema
        .query("SELECT pg_try_advisory_xact_lock(hashtextextended('ledger upkeep of ' || $1, 0))")
        .bind(schema.name().to_owned());
    get(&lock.fetch_one(connection).await?, 0)
}

async fn forget_receipts(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    before: Timestamp,
) -> Result<(), Error> {
    let tenants =
        schema.query("SELECT id FROM studio.tenants ORDER BY id").fetch_all(&mut *connection).await?;
    for tenant in &tenants {
        let tenant = TenantId(get(tenant, 0)?);
        for _ in 0..TURNS {
            let gone = schema
                .query(
                    "DELETE FROM studio.receipts AS r USING (SELECT position FROM studio.receipts WHERE tenant_id = $1 \
                     ORDER BY position LIMIT $2) AS o WHERE r.tenant_id = $1 AND r.position = o.position AND r.at < $3",
                )
                .bind(tenant.0)
                .bind(RECEIPTS)
                .bind(before.micros())
                .execute(&mut *connection)
                .await?;
            if i64::try_from(gone.rows_affected()).unwrap_or(i64::MAX) < RECEIPTS {
                break;
            }
        }
    }
    Ok(())
}

/// What many wrote becomes one row, and hours before that one become hour 0. What is being written just now is left for the
/// next time.
async fn add_up(connection: &mut PgConnection, schema: &PostgresSchema, before: i64) -> Result<(), Error> {
    let old = "hour < $1 AND NOT (hour = 0 AND writer = 0)";
    let of_many = "writer <> 0 OR hour < $1 AND hour <> 0";
    let receipts = ["requests", "taken"];
    for (table, which, columns, checksum) in [
        ("passages", old, &FlowCounts::COLUMNS[..], false),
        ("receipt_hours", old, &receipts[..], true),
        ("backlog", of_many, &COUNTED[..], false),
    ] {
        let (mut all, mut sets) = (columns.join(", "), sums(columns));
        let mut summed =
            columns.iter().map(|column| format!("sum({column})::bigint")).collect::<Vec<_>>().join(", ");
        if checksum {
            all.push_str(", checksum");
            summed.push_str(", studio.wrapped(sum(checksum))");
            sets.push_str(", checksum = studio.wrapped(t.checksum::numeric + excluded.checksum)");
        }
        let sql = format!(
            "WITH free AS (SELECT tenant_id, kind, hour, writer FROM studio.{table} WHERE {which} FOR UPDATE SKIP LOCKED), \
             gone AS (DELETE FROM studio.{table} AS t USING free WHERE t.tenant_id = free.tenant_id AND t.kind = free.kind \
             AND t.hour = free.hour AND t.writer = free.writer RETURNING t.*), \
             rest AS (SELECT *, CASE WHEN hour < $1 THEN 0 ELSE hour END AS kept FROM gone) \
             INSERT INTO studio.{table} AS t (tenant_id, kind, hour, writer, {all}) \
             SELECT tenant_id, kind, kept, 0, {summed} FROM rest GROUP BY tenant_id, kind, kept \
             ON CONFLICT (tenant_id, kind, hour, writer) DO UPDATE SET {sets}"
        );
        schema.query(&sql).bind(before).execute(&mut *connection).await?;
    }
    Ok(())
}

fn sums(columns: &[&str]) -> String {
    columns
        .iter()
        .map(|column| format!("{column} = t.{column} + excluded.{column}"))
        .collect::<Vec<_>>()
        .join(", ")
}
