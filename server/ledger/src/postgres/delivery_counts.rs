//! Where a tenant's records stand, each figure from a source of its own, all of one moment.

use model::{record::Kind, tenant::TenantId, time::Timestamp};
use sqlx::Error;

use super::{Reader, counted::Count, row::get, statements, tenant_reader::TenantReader};
use crate::{
    DeliveryCounts,
    delivery_counts::{BACKLOG_SUMS, KindCounts, PASSAGE_SUMS},
};

const RECEIVED: &str =
    "SELECT coalesce(sum(taken), 0)::bigint FROM studio.receipt_hours WHERE tenant_id = $1 AND kind = $2";
const REJECTED: &str = "SELECT count(*) FROM studio.rejects WHERE tenant_id = $1 AND kind = $2";
/// The last condition is always true, and lets the index by that time be taken.
pub(super) const OLDEST: &str =
    "SELECT min(enqueued_at) FROM studio.outbox WHERE tenant_id = $1 AND kind = $2 AND enqueued_at > 0";

pub(crate) async fn delivery_counts(reader: Reader<'_>, tenant: TenantId) -> Result<DeliveryCounts, Error> {
    let counted = reader.counted;
    let (times, mut counts) = counted.recent(tenant);
    let mut asked = reader.of(tenant);
    let mut total = DeliveryCounts::default();
    for kind in asked.schema.kinds() {
        let at = counts.iter().position(|(name, _)| *name == kind.name).unwrap_or_else(|| {
            counts.push((kind.name, Count::default()));
            counts.len() - 1
        });
        total.add(kind, &kind_counts(&mut asked, &mut counts[at].1, kind).await?);
    }
    counted.keep(tenant, times, counts);
    Ok(total)
}

async fn kind_counts(
    asked: &mut TenantReader<'_>,
    count: &mut Count,
    kind: &'static Kind,
) -> Result<KindCounts, Error> {
    let statements = statements::of(kind);
    let [received] = asked.numbers(kind, RECEIVED).await?;
    let passages: [i64; PASSAGE_SUMS.len()] = asked.numbers(kind, &sums("passages", &PASSAGE_SUMS)).await?;
    let backlog = asked.numbers(kind, &sums("backlog", &BACKLOG_SUMS)).await?;
    let [rejected] = asked.numbers(kind, REJECTED).await?;
    let query = asked.schema.query(&statements.withdrawn).bind(asked.tenant.0);
    let withdrawn = get(&query.fetch_one(&mut *asked.connection).await?, 0)?;
    let [.., archived] = passages;
    let durable = count.rows(asked, kind, archived).await?;
    let query = asked.schema.query(&statements.oldest_to_confirm).bind(asked.tenant.0);
    let row = query.fetch_optional(&mut *asked.connection).await?;
    let oldest_unconfirmed = row.map(|row| get(&row, 0).map(Timestamp::from_micros)).transpose()?;
    let query = asked.schema.query(&statements.oldest_first).bind(asked.tenant.0).bind(kind.name);
    let row = query.fetch_optional(&mut *asked.connection).await?;
    let oldest_first = row.map(|row| get(&row, 0).map(Timestamp::from_micros)).transpose()?;
    let oldest_pending = asked.oldest(kind).await?;
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
    let sums: Vec<_> = columns.iter().map(|column| format!("coalesce(sum({column}), 0)::bigint")).collect();
    format!("SELECT {} FROM studio.{table} WHERE tenant_id = $1 AND kind = $2", sums.join(", "))
}

impl TenantReader<'_> {
    async fn oldest(&mut self, kind: &Kind) -> Result<Option<Timestamp>, Error> {
        let row = self
            .schema
            .query(OLDEST)
            .bind(self.tenant.0)
            .bind(kind.name)
            .fetch_one(&mut *self.connection)
            .await?;
        Ok(get::<Option<i64>>(&row, 0)?.map(Timestamp::from_micros))
    }
}
