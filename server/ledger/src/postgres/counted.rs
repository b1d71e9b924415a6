//! How many rows a tenant has, counted on from where the last count ended.
//!
//! Positions are given before the commit, and the commits come in another order. So a count goes by the transaction that
//! brought a row: everything older than the oldest one still open is settled and kept; the rest is counted every time.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use model::{
    record::Kind,
    tenant::TenantId,
    time::{Instant, MINUTE},
};
use sqlx::Error;

use super::{row::get, standing::Asked, statements};

/// After so long all rows are counted again, in case some left the table by another door.
const RECOUNT_AFTER: i64 = 10 * MINUTE;

#[derive(Default)]
pub(super) struct Counted(Mutex<HashMap<TenantId, Counts>>);

struct Counts {
    since: Instant,
    by_kind: Vec<(&'static str, Count)>,
}

/// One kind's rows of one tenant.
#[derive(Clone, Debug)]
pub(super) struct Count {
    /// The oldest transaction that was open then, as PostgreSQL writes it.
    up_to: String,
    settled: i64,
}

impl Default for Count {
    fn default() -> Self {
        Self { up_to: "0".to_owned(), settled: 0 }
    }
}

impl Count {
    pub(super) async fn rows(&mut self, asked: &mut Asked<'_>, kind: &'static Kind) -> Result<i64, Error> {
        let query =
            asked.schema.query(&statements::of(kind).counted).bind(asked.tenant.0).bind(self.up_to.clone());
        let row = query.fetch_one(&mut *asked.connection).await?;
        let rows = self.settled + get::<i64>(&row, 2)?;
        self.settled += get::<i64>(&row, 1)?;
        self.up_to = get(&row, 0)?;
        Ok(rows)
    }
}

impl Counted {
    /// What was counted, and when that began.
    pub(super) fn recent(&self, tenant: TenantId, now: Instant) -> (Instant, Vec<(&'static str, Count)>) {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get(&tenant) {
            Some(counts) if now.since(counts.since) < RECOUNT_AFTER => (counts.since, counts.by_kind.clone()),
            _ => (now, Vec::new()),
        }
    }

    pub(super) fn keep(&self, tenant: TenantId, since: Instant, by_kind: Vec<(&'static str, Count)>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant, Counts { since, by_kind });
    }
}
