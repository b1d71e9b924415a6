//! What the steps of a writing transaction work with, and what they leave for its end.
//!
//! The order of locks, the same in every process: rows that come in, by their ids; rows that stand, by their positions;
//! the outbox entries of rows that are locked already; and only then what many share, tenants and names. Leases come
//! last and skip what is locked. So nobody who holds what another waits for ever waits for that other.

use std::collections::BTreeMap;

use model::{
    record::{KINDS, Kind, Record},
    tenant::TenantId,
    time::Instant,
};
use sqlx::{Error, PgConnection};

use super::{schema::Schema, statements};
use crate::{amendment::Passage, chance::Chance, decision::hour_of};

pub(super) struct Step<'a> {
    pub(super) connection: &'a mut PgConnection,
    pub(super) schema: &'a Schema,
    pub(super) chance: &'a dyn Chance,
    /// The database's time.
    pub(super) now: Instant,
    /// Whose rows in the hours are ours.
    pub(super) writer: i64,
    /// Whether anything changed that others can see.
    pub(super) changed: bool,
    pub(super) closing: Closing,
}

/// What is written at the end.
#[derive(Default)]
pub(super) struct Closing {
    tenants: BTreeMap<TenantId, ()>,
    /// By kind, then tenant and id: the newest name that came.
    names: BTreeMap<&'static str, BTreeMap<(TenantId, String), Option<String>>>,
    passages: BTreeMap<(TenantId, &'static str, i64), Passage>,
    receipts: BTreeMap<(TenantId, &'static str), Received>,
}

/// The receipts of one table in this transaction.
#[derive(Clone, Copy, Debug, Default)]
struct Received {
    requests: i64,
    taken: i64,
    checksum: i64,
}

impl Step<'_> {
    pub(super) fn met(&mut self, tenant: TenantId) {
        self.closing.tenants.insert(tenant, ());
    }

    /// Keeps the name that came with a record.
    pub(super) fn named(&mut self, kind: &'static Kind, tenant: TenantId, record: &Record) {
        let Some(naming) = &kind.naming else { return };
        let id = record.values[naming.of].text().to_owned();
        let name = self.closing.names.entry(kind.name).or_default().entry((tenant, id)).or_default();
        if record.name.is_some() {
            name.clone_from(&record.name);
        }
    }

    pub(super) fn passed(&mut self, tenant: TenantId, kind: &'static Kind, hour: i64, passage: Passage) {
        let sum = self.closing.passages.entry((tenant, kind.name, hour)).or_default();
        sum.delivered += passage.delivered;
        sum.confirmed += passage.confirmed;
        sum.withdrawn_unsent += passage.withdrawn_unsent;
    }

    pub(super) fn received(&mut self, tenant: TenantId, kind: &'static Kind, taken: i64, checksum: i64) {
        let sum = self.closing.receipts.entry((tenant, kind.name)).or_default();
        sum.requests += 1;
        sum.taken += taken;
        sum.checksum = sum.checksum.wrapping_add(checksum);
    }

    /// Writes what was left for the end.
    pub(super) async fn close(&mut self) -> Result<(), Error> {
        let closing = std::mem::take(&mut self.closing);
        self.write_receipts(&closing).await?;
        self.write_passages(&closing).await?;
        self.write_tenants(&closing).await?;
        for kind in KINDS {
            if let Some(names) = closing.names.get(kind.name) {
                self.write_names(kind, names).await?;
            }
        }
        Ok(())
    }

    /// Looks first: an INSERT that meets another's would wait for that one's commit.
    async fn write_tenants(&mut self, closing: &Closing) -> Result<(), Error> {
        if closing.tenants.is_empty() {
            return Ok(());
        }
        let tenants: Vec<_> = closing.tenants.keys().map(|tenant| tenant.0).collect();
        self.schema
            .query(
                "INSERT INTO studio.tenants (id, seen_at) SELECT seen.id, $2 FROM unnest($1::uuid[]) AS seen (id) \
                 WHERE NOT EXISTS (SELECT 1 FROM studio.tenants AS t WHERE t.id = seen.id) \
                 ORDER BY seen.id ON CONFLICT (id) DO NOTHING",
            )
            .bind(tenants)
            .bind(self.now.micros())
            .execute(&mut *self.connection)
            .await
            .map(|_| ())
    }

    async fn write_names(
        &mut self,
        kind: &'static Kind,
        names: &BTreeMap<(TenantId, String), Option<String>>,
    ) -> Result<(), Error> {
        let Some(sql) = &statements::of(kind).name else { return Ok(()) };
        let tenants: Vec<_> = names.keys().map(|(tenant, _)| tenant.0).collect();
        let ids: Vec<String> = names.keys().map(|(_, id)| id.clone()).collect();
        let texts: Vec<Option<String>> = names.values().cloned().collect();
        let query = self.schema.query(sql).bind(tenants).bind(ids).bind(texts).bind(self.now.micros());
        query.execute(&mut *self.connection).await.map(|_| ())
    }

    async fn write_receipts(&mut self, closing: &Closing) -> Result<(), Error> {
        for ((tenant, kind), received) in &closing.receipts {
            self.schema
                .query(
                    "INSERT INTO studio.receipt_hours AS h (tenant_id, kind, hour, writer, requests, taken, checksum) \
                     SELECT $1, $2, $3, $4, $5, $6, $7 ON CONFLICT (tenant_id, kind, hour, writer) DO UPDATE SET \
                     requests = h.requests + excluded.requests, taken = h.taken + excluded.taken, \
                     checksum = studio.wrapped(h.checksum::numeric + excluded.checksum)",
                )
                .bind(tenant.0)
                .bind(*kind)
                .bind(hour_of(self.now))
                .bind(self.writer)
                .bind(received.requests)
                .bind(received.taken)
                .bind(received.checksum)
                .execute(&mut *self.connection)
                .await?;
        }
        Ok(())
    }

    async fn write_passages(&mut self, closing: &Closing) -> Result<(), Error> {
        for ((tenant, kind, hour), passage) in &closing.passages {
            self.schema
                .query(
                    "INSERT INTO studio.passages AS p (tenant_id, kind, hour, writer, delivered, confirmed, \
                     withdrawn_unsent) SELECT $1, $2, $3, $4, $5, $6, $7 \
                     ON CONFLICT (tenant_id, kind, hour, writer) DO UPDATE SET \
                     delivered = p.delivered + excluded.delivered, confirmed = p.confirmed + excluded.confirmed, \
                     withdrawn_unsent = p.withdrawn_unsent + excluded.withdrawn_unsent",
                )
                .bind(tenant.0)
                .bind(*kind)
                .bind(*hour)
                .bind(self.writer)
                .bind(passage.delivered)
                .bind(passage.confirmed)
                .bind(passage.withdrawn_unsent)
                .execute(&mut *self.connection)
                .await?;
        }
        Ok(())
    }
}
