//! How many rows a tenant has, counted on from where the last count ended.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use model::{
    record::{Kind, Kinds},
    tenant::TenantId,
};
use sqlx::{Error, SqliteConnection, SqlitePool};

use super::{
    row::{self, get},
    statements,
};

/// How many rows there are up to a position. As long as none is archived, only later ones have to be counted; in case some
/// left the file by another door, all of them are now and then.
#[derive(Default)]
pub(crate) struct Counted(Mutex<HashMap<&'static str, Count>>);

#[derive(Clone, Default)]
pub(crate) struct Count {
    up_to: i64,
    /// How many rows of all tenants had left by then.
    archived: i64,
    /// How often it was begun anew.
    times: u64,
    by_tenant: HashMap<TenantId, i64>,
}

/// Counts all rows anew.
pub(crate) async fn recount(pool: &SqlitePool, kinds: Kinds, counted: &Counted) -> Result<(), Error> {
    let before = counted.recent();
    let mut counts = HashMap::new();
    for kind in kinds {
        let times = before.get(kind.name).map_or(0, |count| count.times) + 1;
        let mut count = Count { times, ..Count::default() };
        let mut transaction = pool.begin().await?;
        count.follow(&mut transaction, kind).await?;
        count.add(&mut transaction, kind).await?;
        transaction.commit().await?;
        counts.insert(kind.name, count);
    }
    counted.keep(counts);
    Ok(())
}

impl Counted {
    pub(crate) fn recent(&self) -> HashMap<&'static str, Count> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was begun earlier than what is there is too late.
    pub(crate) fn keep(&self, counts: HashMap<&'static str, Count>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (kind, count) in counts {
            if kept.get(kind).is_none_or(|kept| (kept.times, kept.up_to) <= (count.times, count.up_to)) {
                kept.insert(kind, count);
            }
        }
    }
}

impl Count {
    /// Counts what came since, or all where some left, and says how many rows the tenant has.
    pub(crate) async fn rows(
        &mut self,
        connection: &mut SqliteConnection,
        tenant: TenantId,
        kind: &'static Kind,
    ) -> Result<i64, Error> {
        self.follow(connection, kind).await?;
        self.add(connection, kind).await?;
        Ok(self.by_tenant.get(&tenant).copied().unwrap_or(0))
    }

    /// Begins anew where rows have left since.
    async fn follow(&mut self, connection: &mut SqliteConnection, kind: &'static Kind) -> Result<(), Error> {
        let sql = "SELECT coalesce(sum(archived), 0) FROM passages WHERE kind = ?1";
        let archived = get(&sqlx::query(sql).bind(kind.name).fetch_one(connection).await?, 0)?;
        if self.archived != archived {
            *self = Self { archived, times: self.times + 1, ..Self::default() };
        }
        Ok(())
    }

    async fn add(&mut self, connection: &mut SqliteConnection, kind: &'static Kind) -> Result<(), Error> {
        let rows = sqlx::query(statements::of(kind).counted).bind(self.up_to).fetch_all(connection).await?;
        for row in &rows {
            *self.by_tenant.entry(row::tenant(row, 0)?).or_default() += get::<i64>(row, 1)?;
            self.up_to = self.up_to.max(get(row, 2)?);
        }
        Ok(())
    }
}
