//! Takes requests in, many at a time: decides each record in order, then writes all that is new in few statements.

use std::collections::{BTreeMap, HashMap};

use model::{
    record::{Kind, Record},
    tenant::TenantId,
    time::Timestamp,
};
use sqlx::{Error, SqliteConnection};
use uuid::Uuid;

use super::{
    Step,
    backlog::{self, Came},
    row,
    statements::{self, Statements},
    writer_cache::WriterCache,
};
use crate::{
    HeldRecord, Outcome,
    affected::Affected as _,
    command::RecordsRequest,
    decision::{Decision, Fresh, Receipt, RecordKey, hour_of, ids_of},
    flow_counts::FlowCounts,
    row::{Row, named},
};

/// Decides and writes. The answers stand in the order of the requests, which are all of one kind.
pub(super) async fn store(step: &mut Step<'_>, requests: &mut [RecordsRequest]) -> Result<(), Error> {
    let Some(kind) = requests.first().map(|request| request.kind) else { return Ok(()) };
    let ids: Vec<Vec<Uuid>> = requests.iter().map(|request| ids_of(request, step.now, step.random)).collect();
    let held = existing(step.connection, kind, requests, &ids).await?;
    let mut decision = Decision::new(step.now, held);
    let answers: Vec<Vec<Outcome>> =
        requests.iter().zip(ids).map(|(request, ids)| decision.decide(request, ids)).collect();
    step.changed |= !decision.fresh.is_empty();
    let intake = Intake { kind, now: step.now, fresh: decision.fresh, receipts: decision.receipts };
    intake.write(step).await?;
    for (request, outcomes) in requests.iter_mut().zip(answers) {
        request.reply.fill(outcomes);
    }
    Ok(())
}

/// What is new of one group.
struct Intake<'a> {
    kind: &'static Kind,
    now: Timestamp,
    fresh: Vec<Fresh<'a>>,
    receipts: Vec<Receipt>,
}

async fn existing(
    connection: &mut SqliteConnection,
    kind: &'static Kind,
    requests: &[RecordsRequest],
    ids: &[Vec<Uuid>],
) -> Result<HashMap<RecordKey, HeldRecord>, Error> {
    let mut by_tenant: BTreeMap<TenantId, Vec<Uuid>> = BTreeMap::new();
    for (request, ids) in requests.iter().zip(ids) {
        by_tenant.entry(request.tenant).or_default().extend(ids);
    }
    let mut held = HashMap::new();
    for (tenant, ids) in by_tenant {
        for row in by_ids(connection, kind, tenant, &ids).await? {
            held.insert((tenant, row.held.stored.id), row.held);
        }
    }
    Ok(held)
}

/// The records of these ids, as far as they are there.
pub(super) async fn by_ids(
    connection: &mut SqliteConnection,
    kind: &'static Kind,
    tenant: TenantId,
    ids: &[Uuid],
) -> Result<Vec<Row>, Error> {
    let rows = sqlx::query(statements::of(kind).by_ids)
        .bind(json_of(ids))
        .bind(tenant.to_string())
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| row::read(kind, row, 0)).collect()
}

pub(super) fn json_of(ids: &[Uuid]) -> String {
    let mut json = String::with_capacity(ids.len() * 39 + 2);
    json.push('[');
    for (at, id) in ids.iter().enumerate() {
        json.push_str(if at == 0 { "\"" } else { ",\"" });
        json.push_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        json.push('"');
    }
    json.push(']');
    json
}

impl Intake<'_> {
    async fn write(self, step: &mut Step<'_>) -> Result<(), Error> {
        if self.fresh.is_empty() {
            return Ok(());
        }
        self.write_tenants(step.connection, step.cache).await?;
        self.write_names(step.connection, step.cache).await?;
        let first = step.cache.claim(step.connection, self.kind, self.fresh.len()).await?;
        let statements = statements::of(self.kind);
        self.write_rows(step.connection, statements, first).await?;
        for (fresh, position) in self.fresh.iter().zip(first..) {
            step.rollups.add(fresh.tenant, position, fresh.record, 1);
        }
        let last = first + i64::try_from(self.fresh.len()).unwrap_or(0) - 1;
        match self.kind.due(self.now) {
            Some(due) => {
                let query = sqlx::query(statements.enqueue).bind(self.kind.name).bind(first).bind(last);
                query.bind(due.micros()).execute(&mut *step.connection).await?;
            }
            None => self.keep_here(step).await?,
        }
        self.write_receipts(step.connection, step.cache).await
    }

    async fn write_tenants(
        &self,
        connection: &mut SqliteConnection,
        cache: &mut WriterCache,
    ) -> Result<(), Error> {
        for fresh in &self.fresh {
            write_tenant(connection, cache, fresh.tenant, self.now).await?;
        }
        Ok(())
    }

    async fn write_names(
        &self,
        connection: &mut SqliteConnection,
        cache: &mut WriterCache,
    ) -> Result<(), Error> {
        for fresh in &self.fresh {
            write_names(connection, cache, fresh.tenant, fresh.record, self.now).await?;
        }
        Ok(())
    }

    async fn write_rows(
        &self,
        connection: &mut SqliteConnection,
        statements: &Statements,
        first: i64,
    ) -> Result<(), Error> {
        let mut position = first;
        // One statement takes the rows of one tenant; in a group there are mostly few.
        for of_tenant in self.fresh.chunk_by(|one, next| one.tenant == next.tenant) {
            let mut rest = of_tenant;
            while let Some(tenant) = rest.first().map(|fresh| fresh.tenant) {
                let (insert, size) = statements.insert.next(rest.len());
                let (now, after) = rest.split_at(size);
                let mut query = sqlx::query(insert).bind(tenant.to_string()).bind(self.now.micros());
                for fresh in now {
                    query = query.bind(position).bind(fresh.id);
                    query = fresh.record.values().iter().fold(query, row::bind);
                    position += 1;
                }
                let done = query.execute(&mut *connection).await?;
                done.ensure(now.len(), self.kind.table, now[0].id)?;
                rest = after;
            }
        }
        Ok(())
    }

    /// Notes what is never sent.
    async fn keep_here(&self, step: &mut Step<'_>) -> Result<(), Error> {
        for receipt in &self.receipts {
            let counts = FlowCounts { unsent: receipt.taken, ..FlowCounts::default() };
            step.passed(receipt.tenant, self.kind, hour_of(self.now), counts).await?;
        }
        Ok(())
    }

    async fn write_receipts(
        &self,
        connection: &mut SqliteConnection,
        cache: &mut WriterCache,
    ) -> Result<(), Error> {
        for of_tenant in self.receipts.chunk_by(|one, next| one.tenant == next.tenant) {
            let mut rest = of_tenant;
            while let Some(tenant) = rest.first().map(|receipt| receipt.tenant) {
                let (insert, size) = statements::receipts().next(rest.len());
                let (now, after) = rest.split_at(size);
                let mut query = sqlx::query(insert).bind(tenant.to_string()).bind(self.now.micros());
                for receipt in now {
                    query = query.bind(self.kind.name).bind(receipt.taken).bind(receipt.checksum);
                }
                query.execute(&mut *connection).await?;
                rest = after;
            }
        }
        self.add_to_hour(connection, cache).await
    }

    async fn add_to_hour(
        &self,
        connection: &mut SqliteConnection,
        cache: &mut WriterCache,
    ) -> Result<(), Error> {
        let mut sums: BTreeMap<TenantId, (i64, i64, i64)> = BTreeMap::new();
        for receipt in &self.receipts {
            let sum = sums.entry(receipt.tenant).or_default();
            *sum = (sum.0 + 1, sum.1 + receipt.taken, sum.2.wrapping_add(receipt.checksum));
        }
        for (tenant, (requests, taken, checksum)) in sums {
            if self.kind.due(self.now).is_some() {
                let came = Came { waiting: taken, first: taken };
                backlog::came(connection, (tenant, self.kind), hour_of(self.now), came).await?;
            }
            // SQLite turns a sum that overflows into a float, so the checksum is added up here.
            let so_far = cache.checksum(connection, self.kind, tenant, hour_of(self.now)).await?;
            *so_far = so_far.wrapping_add(checksum);
            sqlx::query(
                "INSERT INTO receipt_hours (tenant_id, kind, hour, requests, taken, checksum) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (tenant_id, kind, hour) DO UPDATE SET \
                 requests = requests + excluded.requests, taken = taken + excluded.taken, checksum = excluded.checksum",
            )
            .bind(tenant.to_string())
            .bind(self.kind.name)
            .bind(hour_of(self.now))
            .bind(requests)
            .bind(taken)
            .bind(*so_far)
            .execute(&mut *connection)
            .await?;
        }
        Ok(())
    }
}

/// Keeps that there is such a tenant.
pub(super) async fn write_tenant(
    connection: &mut SqliteConnection,
    cache: &mut WriterCache,
    tenant: TenantId,
    now: Timestamp,
) -> Result<(), Error> {
    if !cache.meets(tenant) {
        sqlx::query("INSERT INTO tenants (id, seen_at) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING")
            .bind(tenant.to_string())
            .bind(now.micros())
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// Keeps what a record points at, and the names that came with it, as far as they are news.
pub(super) async fn write_names(
    connection: &mut SqliteConnection,
    cache: &mut WriterCache,
    tenant: TenantId,
    record: &Record,
    now: Timestamp,
) -> Result<(), Error> {
    let kind = record.kind();
    for (at, table, _) in named(kind) {
        let (id, name) = (record.values()[kind.pointers[at].field].text(), record.names()[at].as_deref());
        let Some(names) = &statements::of(kind).names[at] else { continue };
        if id.is_empty() || !cache.is_news(table, tenant, id, name) {
            continue;
        }
        sqlx::query(names.keep)
            .bind(tenant.to_string())
            .bind(id.to_owned())
            .bind(name.map(str::to_owned))
            .bind(now.micros())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
