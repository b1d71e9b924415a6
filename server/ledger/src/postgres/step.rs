//! What the steps of a writing transaction work with, and what they leave for its end.
//!
//! The order of locks, the same in every process: rows that come in, by their ids; rows that stand, by their positions;
//! the outbox entries of rows that are locked already; and only then what many share, tenants and names. Leases come
//! last and skip what is locked. So no process that holds what another waits for ever waits for that other.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use model::{
    record::{Kind, Record},
    rng::Random,
    tenant::TenantId,
    time::Timestamp,
};
use sqlx::{Error, PgConnection, Row as _, postgres::PgRow};

use super::{rollups, schema::PostgresSchema};
use crate::{
    decision::{Receipt, hour_of},
    flow_counts::FlowCounts,
    rollups::{RollupChanges, RollupGenerations},
    row::named,
    write::Backend,
};

pub(crate) struct Step<'a> {
    pub(crate) connection: &'a mut PgConnection,
    pub(crate) schema: &'a PostgresSchema,
    pub(crate) random: &'a dyn Random,
    /// The database's time.
    pub(crate) now: Timestamp,
    /// This process's own time, by which askers reckon pauses.
    pub(crate) asked_at: Timestamp,
    /// Whose rows in the hours are ours.
    pub(crate) writer: i64,
    /// Whether anything changed that others can see.
    pub(crate) changed: bool,
    pub(crate) closing: Closing,
}

/// Written with PostgreSQL.
#[derive(Default)]
pub(crate) struct InDatabase;

impl Backend for InDatabase {
    type Step<'a> = Step<'a>;
}

/// What a transaction that writes was told at its beginning.
pub(crate) struct WritingBegun {
    /// The database's time.
    pub(crate) now: Timestamp,
    pub(crate) generations: RollupGenerations,
}

impl WritingBegun {
    /// `told` is what came of [`PostgresSchema::begin_writing`].
    pub(crate) fn of(schema: &PostgresSchema, told: &[PgRow]) -> Result<Self, Error> {
        let last = told.last().ok_or(Error::RowNotFound)?;
        let generations = rollups::making::generations(schema.kinds(), last.try_get(1)?)?;
        Ok(Self { now: Timestamp::from_micros(last.try_get(0)?), generations })
    }
}

/// By tenant and id.
type LockedNames = BTreeMap<(TenantId, String), Option<String>>;

/// What is written at the end.
#[derive(Default)]
pub(crate) struct Closing {
    /// By table, then tenant and id: the newest name that came.
    names: BTreeMap<&'static str, LockedNames>,
    passages: BTreeMap<(TenantId, &'static str, i64), FlowCounts>,
    receipts: Vec<(&'static str, Receipt)>,
    pub(super) rollups: RollupChanges,
    /// Whose records came by another way than a request.
    tenants: BTreeSet<TenantId>,
}

/// How implementations of writes name a step, so that its lifetime is bound as early as in the trait.
pub(crate) type StepIn<'a> = <InDatabase as Backend>::Step<'a>;

impl Closing {
    /// Of a transaction that sees these generations.
    pub(crate) fn of(generations: RollupGenerations) -> Self {
        Self { rollups: RollupChanges::of(generations), ..Self::default() }
    }
}

impl Step<'_> {
    /// Keeps what a record points at, and the names that came with it.
    pub(crate) fn named(&mut self, tenant: TenantId, record: &Record) {
        for (at, table, _) in named(record.kind()) {
            let id = record.values()[record.kind().pointers[at].field].text();
            if id.is_empty() {
                continue;
            }
            let names = self.closing.names.entry(table).or_default();
            let name = names.entry((tenant, id.to_owned())).or_default();
            if let Some(news) = &record.names()[at] {
                *name = Some(news.clone());
            }
        }
    }

    pub(crate) fn passed(&mut self, tenant: TenantId, kind: &'static Kind, hour: i64, counts: FlowCounts) {
        let sum = self.closing.passages.entry((tenant, kind.name, hour)).or_default();
        *sum += counts;
    }

    pub(crate) fn saw_tenant(&mut self, tenant: TenantId) {
        self.closing.tenants.insert(tenant);
    }

    pub(crate) fn received(&mut self, kind: &'static Kind, receipts: Vec<Receipt>) {
        self.closing.receipts.extend(receipts.into_iter().map(|receipt| (kind.name, receipt)));
    }

    /// Writes what was left for the end.
    pub(crate) async fn close(&mut self) -> Result<(), Error> {
        let closing = std::mem::take(&mut self.closing);
        self.write_receipts(&closing).await?;
        self.write_tenants(&closing).await?;
        self.write_passages(&closing).await?;
        for (table, names) in &closing.names {
            self.write_names(table, names).await?;
        }
        rollups::write(self, &closing.rollups).await
    }

    /// Looks first: a lock on a name that stays as it is would make everybody else wait for this commit.
    async fn write_names(&mut self, table: &str, names: &LockedNames) -> Result<(), Error> {
        let sql = format!(
            "INSERT INTO studio.{table} (tenant_id, id, name, named_at) \
             SELECT w.tenant_id, w.id, w.name, $4 FROM unnest($1::uuid[], $2::text[], $3::text[]) \
             AS w (tenant_id, id, name) WHERE NOT EXISTS (SELECT 1 FROM studio.{table} AS n \
             WHERE n.tenant_id = w.tenant_id AND n.id = w.id AND (w.name IS NULL OR n.name = w.name)) \
             ORDER BY w.tenant_id, w.id COLLATE \"C\" \
             ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name, named_at = excluded.named_at \
             WHERE excluded.name IS NOT NULL"
        );
        let tenants: Vec<_> = names.keys().map(|(tenant, _)| tenant.0).collect();
        let ids: Vec<String> = names.keys().map(|(_, id)| id.clone()).collect();
        let texts: Vec<Option<String>> = names.values().cloned().collect();
        let query = self.schema.query(&sql).bind(tenants).bind(ids).bind(texts).bind(self.now.micros());
        query.execute(&mut *self.connection).await.map(|_| ())
    }

    /// The receipts, the hours that they fall into, and whose they are. Of tenants it looks first: an INSERT that meets
    /// another's waits for that one's commit.
    async fn write_receipts(&mut self, closing: &Closing) -> Result<(), Error> {
        let receipts = &closing.receipts;
        if receipts.is_empty() {
            return Ok(());
        }
        self.schema
            .query(
                "WITH come AS (SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[]) \
                 AS c (tenant_id, kind, taken, checksum)), \
                 receipt AS (INSERT INTO studio.receipts (tenant_id, kind, at, taken, checksum) \
                 SELECT tenant_id, kind, $5, taken, checksum FROM come), \
                 met AS (INSERT INTO studio.tenants (id, seen_at) SELECT DISTINCT tenant_id, $5 FROM come \
                 WHERE NOT EXISTS (SELECT 1 FROM studio.tenants AS t WHERE t.id = come.tenant_id) \
                 ORDER BY tenant_id ON CONFLICT (id) DO NOTHING) \
                 INSERT INTO studio.receipt_hours AS h (tenant_id, kind, hour, writer, requests, taken, checksum) \
                 SELECT tenant_id, kind, $6, $7, count(*), sum(taken)::bigint, studio.wrapped(sum(checksum)) \
                 FROM come GROUP BY tenant_id, kind ORDER BY tenant_id, kind \
                 ON CONFLICT (tenant_id, kind, hour, writer) DO UPDATE SET \
                 requests = h.requests + excluded.requests, taken = h.taken + excluded.taken, \
                 checksum = studio.wrapped(h.checksum::numeric + excluded.checksum)",
            )
            .bind(receipts.iter().map(|(_, receipt)| receipt.tenant.0).collect::<Vec<_>>())
            .bind(receipts.iter().map(|(kind, _)| *kind).collect::<Vec<_>>())
            .bind(receipts.iter().map(|(_, receipt)| receipt.taken).collect::<Vec<_>>())
            .bind(receipts.iter().map(|(_, receipt)| receipt.checksum).collect::<Vec<_>>())
            .bind(self.now.micros())
            .bind(hour_of(self.now))
            .bind(self.writer)
            .execute(&mut *self.connection)
            .await
            .map(|_| ())
    }

    async fn write_tenants(&mut self, closing: &Closing) -> Result<(), Error> {
        if closing.tenants.is_empty() {
            return Ok(());
        }
        self.schema
            .query(
                "INSERT INTO studio.tenants (id, seen_at) SELECT come.id, $2 FROM unnest($1::uuid[]) AS come (id) \
                 WHERE NOT EXISTS (SELECT 1 FROM studio.tenants AS t WHERE t.id = come.id) \
                 ORDER BY come.id ON CONFLICT (id) DO NOTHING",
            )
            .bind(closing.tenants.iter().map(|tenant| tenant.0).collect::<Vec<_>>())
            .bind(self.now.micros())
            .execute(&mut *self.connection)
            .await
            .map(|_| ())
    }

    async fn write_passages(&mut self, closing: &Closing) -> Result<(), Error> {
        static NOTE: LazyLock<String> = LazyLock::new(|| {
            let columns = FlowCounts::COLUMNS.join(", ");
            let arrays: String =
                (0..FlowCounts::COLUMNS.len()).map(|at| format!(", ${}::bigint[]", at + 5)).collect();
            let sums = FlowCounts::COLUMNS
                .map(|column| format!("{column} = p.{column} + excluded.{column}"))
                .join(", ");
            format!(
                "INSERT INTO studio.passages AS p (tenant_id, kind, hour, writer, {columns}) \
                 SELECT tenant_id, kind, hour, $4, {columns} \
                 FROM unnest($1::uuid[], $2::text[], $3::bigint[]{arrays}) AS come (tenant_id, kind, hour, {columns}) \
                 ON CONFLICT (tenant_id, kind, hour, writer) DO UPDATE SET {sums}"
            )
        });
        let passages = &closing.passages;
        if passages.is_empty() {
            return Ok(());
        }
        let numbers: Vec<_> = passages.values().map(FlowCounts::numbers).collect();
        let query = self
            .schema
            .query(&NOTE)
            .bind(passages.keys().map(|(tenant, ..)| tenant.0).collect::<Vec<_>>())
            .bind(passages.keys().map(|(_, kind, _)| *kind).collect::<Vec<_>>())
            .bind(passages.keys().map(|(.., hour)| *hour).collect::<Vec<_>>())
            .bind(self.writer);
        (0..FlowCounts::COLUMNS.len())
            .fold(query, |query, at| query.bind(numbers.iter().map(|row| row[at]).collect::<Vec<_>>()))
            .execute(&mut *self.connection)
            .await
            .map(|_| ())
    }
}

#[cfg(test)]
impl Step<'_> {
    pub(crate) async fn run(&mut self, sql: &str) -> Result<(), Error> {
        self.schema.script(sql).execute(&mut *self.connection).await.map(|_| ())
    }
}
