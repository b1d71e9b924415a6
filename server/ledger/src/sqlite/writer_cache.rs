//! What the writer knows without asking the file, as of its last commit.

use std::collections::{HashMap, HashSet};

use model::{record::Kind, tenant::TenantId};
use sqlx::{Error, SqliteConnection};

use super::{row::get, statements};
use crate::rollups::{RollupGenerations, SeriesKey};

/// How many names are kept at hand; past that they are looked up again.
const NAMES_MAX: usize = 50_000;

/// Thrown away when a commit fails.
#[derive(Default)]
pub(super) struct WriterCache {
    newest: HashMap<&'static str, i64>,
    tenants: HashSet<TenantId>,
    /// Of each tenant's newest hour with receipts: which it is, and their sum so far.
    checksums: HashMap<(&'static str, TenantId), (i64, i64)>,
    names: HashMap<(&'static str, TenantId, String), Option<String>>,
    /// In which generations records are added up; none before the first commit.
    pub(super) generations: Option<RollupGenerations>,
    /// Where series of rollups are.
    series: HashMap<SeriesKey, i64>,
}

impl WriterCache {
    /// Takes the next `count` positions of a kind's table and says the first of them. None comes twice, whatever leaves.
    pub(super) async fn claim(
        &mut self,
        connection: &mut SqliteConnection,
        kind: &'static Kind,
        count: usize,
    ) -> Result<i64, Error> {
        let newest = match self.newest.get(kind.name) {
            Some(newest) => *newest,
            None => {
                let row =
                    sqlx::query(statements::of(kind).newest_claimed).fetch_one(&mut *connection).await?;
                get(&row, 0)?
            }
        };
        let claimed = newest.saturating_add(i64::try_from(count).unwrap_or(i64::MAX));
        sqlx::query(
            "INSERT INTO positions (table_name, newest) VALUES (?1, ?2) \
             ON CONFLICT (table_name) DO UPDATE SET newest = excluded.newest",
        )
        .bind(kind.table)
        .bind(claimed)
        .execute(connection)
        .await?;
        self.newest.insert(kind.name, claimed);
        Ok(newest + 1)
    }

    /// The sum of an hour's receipts so far, to be added to.
    pub(super) async fn checksum(
        &mut self,
        connection: &mut SqliteConnection,
        kind: &'static Kind,
        tenant: TenantId,
        hour: i64,
    ) -> Result<&mut i64, Error> {
        let known = self.checksums.entry((kind.name, tenant)).or_insert((i64::MIN, 0));
        if known.0 != hour {
            let sum = sqlx::query(
                "SELECT checksum FROM receipt_hours WHERE tenant_id = ?1 AND kind = ?2 AND hour = ?3",
            )
            .bind(tenant.to_string())
            .bind(kind.name)
            .bind(hour)
            .fetch_optional(connection)
            .await?;
            *known = (hour, sum.map_or(Ok(0), |row| get(&row, 0))?);
        }
        Ok(&mut known.1)
    }

    /// Where a series is, if that is at hand.
    pub(super) fn series(&self, key: &SeriesKey) -> Option<i64> {
        self.series.get(key).copied()
    }

    pub(super) fn keep_series(&mut self, key: SeriesKey, id: i64) {
        if self.series.len() >= NAMES_MAX {
            self.series.clear();
        }
        self.series.insert(key, id);
    }

    /// Whether this tenant was seen here before.
    pub(super) fn meets(&mut self, tenant: TenantId) -> bool {
        !self.tenants.insert(tenant)
    }

    /// Whether `table` may still lack this name.
    pub(super) fn is_news(
        &mut self,
        table: &'static str,
        tenant: TenantId,
        id: &str,
        name: Option<&str>,
    ) -> bool {
        if self.names.len() >= NAMES_MAX {
            self.names.clear();
        }
        let key = (table, tenant, id.to_owned());
        match self.names.get_mut(&key) {
            Some(known) if name.is_none() || known.as_deref() == name => false,
            Some(known) => {
                *known = name.map(str::to_owned);
                true
            }
            None => {
                self.names.insert(key, name.map(str::to_owned));
                true
            }
        }
    }
}
