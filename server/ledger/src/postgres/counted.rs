//! How many rows a tenant has, counted on from where the last count ended.
//!
//! Positions are given before the commit, and the commits come in another order. So a count goes by the transaction that
//! brought a row: everything older than the oldest one still open is settled and kept; the rest is counted every time.
//! In case some left the table by another door, all of them are counted anew now and then.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use model::{record::Kind, tenant::TenantId};
use sqlx::{Error, PgConnection};

use super::{row::get, schema::PostgresSchema, statements, tenant_reader::TenantReader};

#[derive(Default)]
pub(super) struct Counted(Mutex<CountedSoFar>);

#[derive(Default)]
struct CountedSoFar {
    /// How often all was counted anew.
    times: u64,
    by_tenant: HashMap<TenantId, Counts>,
}

/// One tenant's rows by kind.
pub(super) type Counts = Vec<(&'static str, Count)>;

/// One kind's rows of one tenant.
#[derive(Clone, Debug)]
pub(super) struct Count {
    /// The oldest transaction that was open then, as PostgreSQL writes it.
    up_to: String,
    settled: i64,
    /// How many had left by then, once that is known.
    archived: Option<i64>,
}

impl Default for Count {
    fn default() -> Self {
        Self { up_to: "0".to_owned(), settled: 0, archived: None }
    }
}

impl Count {
    /// `archived`: how many rows have left so far. Where that is another number than before, all are counted anew.
    pub(super) async fn rows(
        &mut self,
        asked: &mut TenantReader<'_>,
        kind: &'static Kind,
        archived: i64,
    ) -> Result<i64, Error> {
        if self.archived != Some(archived) {
            *self = Self { archived: Some(archived), ..Self::default() };
        }
        let query =
            asked.schema.query(&statements::of(kind).counted).bind(asked.tenant.0).bind(self.up_to.clone());
        let row = query.fetch_one(&mut *asked.connection).await?;
        let rows = self.settled + get::<i64>(&row, 2)?;
        self.settled += get::<i64>(&row, 1)?;
        self.up_to = get(&row, 0)?;
        Ok(rows)
    }
}

/// Counts all rows of all tenants.
pub(super) async fn recount(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
) -> Result<HashMap<TenantId, Counts>, Error> {
    let mut by_tenant: HashMap<TenantId, Counts> = HashMap::new();
    for kind in schema.kinds() {
        let query = schema.query(&statements::of(kind).all_counted);
        for row in &query.fetch_all(&mut *connection).await? {
            let count = Count { up_to: get(row, 1)?, settled: get(row, 2)?, archived: Some(get(row, 3)?) };
            by_tenant.entry(TenantId(get(row, 0)?)).or_default().push((kind.name, count));
        }
    }
    Ok(by_tenant)
}

impl Counted {
    /// What was counted, and how often all was counted anew before that.
    pub(super) fn recent(&self, tenant: TenantId) -> (u64, Counts) {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.times, kept.by_tenant.get(&tenant).cloned().unwrap_or_default())
    }

    /// What goes on from a count before the last one is too late.
    pub(super) fn keep(&self, tenant: TenantId, times: u64, counts: Counts) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.times == times {
            kept.by_tenant.insert(tenant, counts);
        }
    }

    pub(super) fn renew(&self, by_tenant: HashMap<TenantId, Counts>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.times += 1;
        kept.by_tenant = by_tenant;
    }
}
