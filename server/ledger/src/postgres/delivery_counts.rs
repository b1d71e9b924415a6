//! Where a tenant's records stand, each figure from a source of its own, all of one moment.

use model::{delivery::Balance, record::Kind, tenant::TenantId, time::Timestamp};
use sqlx::Error;

use super::{Reader, counted::Count, row::get, statements, tenant_reader::TenantReader};
use crate::DeliveryCounts;

const PASSED: &str = "SELECT coalesce(sum(delivered), 0)::bigint, coalesce(sum(confirmed), 0)::bigint, \
     coalesce(sum(withdrawn_unsent), 0)::bigint, coalesce(sum(mirrored), 0)::bigint, coalesce(sum(changed), 0)::bigint, \
     coalesce(sum(removed), 0)::bigint, coalesce(sum(kept_out), 0)::bigint, \
     coalesce(sum(unsent), 0)::bigint, coalesce(sum(removed_unread), 0)::bigint, coalesce(sum(resent), 0)::bigint, \
     coalesce(sum(archived), 0)::bigint \
     FROM studio.passages WHERE tenant_id = $1 AND kind = $2";
const BACKLOG: &str = "SELECT coalesce(sum(waiting), 0)::bigint, coalesce(sum(waiting_first), 0)::bigint, \
     coalesce(sum(refused), 0)::bigint, coalesce(sum(refused_first), 0)::bigint, \
     coalesce(sum(dropped_first), 0)::bigint FROM studio.backlog WHERE tenant_id = $1 AND kind = $2";
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
        let balance = balance(&mut asked, &mut counts[at].1, kind, &mut total).await?;
        total.unconfirmed += balance.unconfirmed();
        total.balance.push(balance);
    }
    counted.keep(tenant, times, counts);
    Ok(total)
}

async fn balance(
    asked: &mut TenantReader<'_>,
    count: &mut Count,
    kind: &'static Kind,
    total: &mut DeliveryCounts,
) -> Result<Balance, Error> {
    let [received] = asked
        .numbers(
            kind,
            "SELECT coalesce(sum(taken), 0)::bigint FROM studio.receipt_hours WHERE tenant_id = $1 AND kind = $2",
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
    ] = asked.numbers(kind, PASSED).await?;
    let [waiting, pending, letters, dead, dropped] = asked.numbers(kind, BACKLOG).await?;
    let [rejected] = asked.numbers(kind, REJECTED).await?;
    let query = asked.schema.query(&statements::of(kind).withdrawn).bind(asked.tenant.0);
    let deleted = get(&query.fetch_one(&mut *asked.connection).await?, 0)?;
    let durable = count.rows(asked, kind, archived).await?;
    total.pending += waiting;
    total.dead += letters;
    total.reflected.changed += changed;
    total.reflected.withdrawn += removed;
    total.reflected.kept_out += kept_out;
    total.reflected.resent += resent;
    total.reflected.rejected += rejected;
    let query = asked.schema.query(&statements::of(kind).oldest_to_confirm).bind(asked.tenant.0);
    let row = query.fetch_optional(&mut *asked.connection).await?;
    let unread = row.map(|row| get(&row, 0).map(Timestamp::from_micros)).transpose()?;
    total.oldest_unconfirmed = total.oldest_unconfirmed.into_iter().chain(unread).min();
    let query = asked.schema.query(&statements::of(kind).oldest_first).bind(asked.tenant.0).bind(kind.name);
    let row = query.fetch_optional(&mut *asked.connection).await?;
    let first = row.map(|row| get(&row, 0).map(Timestamp::from_micros)).transpose()?;
    total.oldest_first = total.oldest_first.into_iter().chain(first).min();
    let oldest = asked.oldest(kind).await?;
    total.oldest_pending = total.oldest_pending.into_iter().chain(oldest).min();
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
