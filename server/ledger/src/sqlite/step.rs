//! What the steps of a writing transaction work with.

use std::sync::LazyLock;

use model::{
    record::{Kind, Kinds},
    rng::Random,
    tenant::TenantId,
    time::Timestamp,
};
use sqlx::{Error, SqliteConnection, query::Query};

use super::{files::LedgerFiles, writer_cache::WriterCache};
use crate::{flow_counts::FlowCounts, rollups::RollupChanges, write::Backend};

pub(crate) struct Step<'a> {
    pub(super) files: &'a LedgerFiles,
    pub(super) kinds: Kinds,
    pub(super) connection: &'a mut SqliteConnection,
    pub(super) cache: &'a mut WriterCache,
    pub(super) random: &'a dyn Random,
    pub(super) now: Timestamp,
    /// The last epoch that a lease was given.
    pub(super) epoch: &'a mut i64,
    /// Whether anything changed that others can see.
    pub(super) changed: bool,
    /// Written at the end.
    pub(super) rollups: RollupChanges,
}

/// Written with SQLite.
#[derive(Default)]
pub(crate) struct InFile;

impl Backend for InFile {
    type Step<'a> = Step<'a>;
}

/// How implementations of writes name a step, so that its lifetime is bound as early as in the trait.
pub(crate) type StepIn<'a> = <InFile as Backend>::Step<'a>;

impl Step<'_> {
    /// An epoch that no lease had before: entries leave the outbox and come back.
    pub(super) fn new_epoch(&mut self) -> i64 {
        *self.epoch = self.now.micros().max(*self.epoch + 1);
        *self.epoch
    }

    /// Adds to what is counted of that hour.
    pub(super) async fn passed(
        &mut self,
        tenant: TenantId,
        kind: &'static Kind,
        hour: i64,
        counts: FlowCounts,
    ) -> Result<(), Error> {
        static ADD: LazyLock<String> = LazyLock::new(|| {
            let columns = FlowCounts::COLUMNS.join(", ");
            let marks = FlowCounts::COLUMNS.map(|_| "?").join(", ");
            let sums = FlowCounts::COLUMNS
                .map(|column| format!("{column} = {column} + excluded.{column}"))
                .join(", ");
            format!(
                "INSERT INTO passages (tenant_id, kind, hour, {columns}) VALUES (?, ?, ?, {marks}) \
                 ON CONFLICT (tenant_id, kind, hour) DO UPDATE SET {sums}"
            )
        });
        let query = sqlx::query(ADD.as_str()).bind(tenant.to_string()).bind(kind.name).bind(hour);
        let query = counts.numbers().into_iter().fold(query, Query::bind);
        query.execute(&mut *self.connection).await.map(|_| ())
    }
}

#[cfg(test)]
impl Step<'_> {
    pub(crate) async fn run(&mut self, sql: &str) -> Result<(), Error> {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut *self.connection).await.map(|_| ())
    }
}

/// A list as a statement takes it.
pub(super) fn json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "[]".to_owned())
}
