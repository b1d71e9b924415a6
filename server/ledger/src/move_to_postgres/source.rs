//! A ledger in a folder, to be read and left as it is. No other process has it meanwhile.

use std::{collections::BTreeMap, path::Path};

use futures::{TryStreamExt as _, stream::BoxStream};
use model::{breakdown::Breakdown, history::History, record::KINDS, tenant::TenantId, time::Timestamp};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Error, Row as _, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use super::{
    MoveError,
    plan::{CopiedColumn, CopiedTable},
};
use crate::{
    DeliveryCounts, LedgerLocation, OpenError,
    history::HistoryAsk,
    sqlite::{
        FILE, Reader,
        counted::Counted,
        delivery_counts, fault,
        folder::{self, FolderLock},
        history, hours, open,
        row::get,
    },
};

pub(crate) struct CopySource {
    readers: SqlitePool,
    /// Freed with it.
    _lock: FolderLock,
}

impl CopySource {
    pub(crate) async fn open(folder: &Path) -> Result<Self, MoveError> {
        let file = folder.join(FILE);
        if !file.is_file() {
            return Err(MoveError::NoLedger { folder: folder.to_owned() });
        }
        let lock = folder::claim(folder)?;
        let options = SqliteConnectOptions::new().filename(&file).read_only(true).disable_statement_logging();
        let source = Self {
            readers: SqlitePoolOptions::new().max_connections(2).connect_lazy_with(options),
            _lock: lock,
        };
        let (found, known) = (source.schema().await?, open::known_schema());
        if found > known {
            return Err(OpenError::NewerSchema { place: LedgerLocation::File(file), found, known }.into());
        }
        if found < known {
            return Err(MoveError::Older { folder: folder.to_owned(), found, known });
        }
        Ok(source)
    }

    pub(crate) fn failed(error: Error) -> MoveError {
        MoveError::Source(fault::of(error))
    }

    async fn schema(&self) -> Result<i64, MoveError> {
        self.number("SELECT coalesce(max(version), 0) FROM _sqlx_migrations").await
    }

    pub(crate) async fn count(&self, table: &str) -> Result<i64, MoveError> {
        self.number(&format!("SELECT count(*) FROM {table}")).await
    }

    async fn number(&self, sql: &str) -> Result<i64, MoveError> {
        let row = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_one(&self.readers).await;
        row.and_then(|row| row.try_get(0)).map_err(Self::failed)
    }

    /// Every table of ours that goes over, by name. What the backlog says is counted anew wherever the outbox goes.
    pub(crate) async fn tables(&self) -> Result<BTreeMap<String, CopiedTable>, MoveError> {
        self.described().await.map_err(Self::failed)
    }

    async fn described(&self) -> Result<BTreeMap<String, CopiedTable>, Error> {
        let mut tables: BTreeMap<String, CopiedTable> = BTreeMap::new();
        let rows = sqlx::query(
            "SELECT t.name, c.name, c.type, c.\"notnull\", c.dflt_value IS NOT NULL, c.pk \
             FROM pragma_table_list AS t JOIN pragma_table_info(t.name) AS c \
             WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
             AND t.name NOT IN ('_sqlx_migrations', 'backlog') AND t.name NOT LIKE 'rollup%' ORDER BY t.name, c.pk, c.cid",
        )
        .fetch_all(&self.readers)
        .await?;
        for row in &rows {
            let table = tables.entry(get(row, 0)?).or_default();
            let name: String = get(row, 1)?;
            if get::<i64>(row, 5)? > 0 {
                table.key.push(name.clone());
            }
            let may_lack = get::<i64>(row, 3)? == 0 || get::<i64>(row, 4)? != 0;
            table.columns.push(CopiedColumn { name, sort: get(row, 2)?, may_lack });
        }
        Ok(tables)
    }

    /// What a statement with one text a row brings.
    pub(crate) fn rows(&self, sql: String) -> BoxStream<'_, Result<String, Error>> {
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch(&self.readers)
    }

    pub(crate) async fn tenants(&self) -> Result<Vec<TenantId>, MoveError> {
        let ids: Vec<String> = self
            .rows("SELECT id FROM tenants ORDER BY id".to_owned())
            .try_collect()
            .await
            .map_err(Self::failed)?;
        let unknown = |id: &String| MoveError::Unknown { what: format!("the tenant {id}") };
        ids.iter().map(|id| id.parse().map(TenantId).map_err(|_| unknown(id))).collect()
    }

    /// What a question is answered with that is asked once: what was counted is not kept.
    fn reader<'a>(&'a self, counted: &'a Counted, hours: &'a hours::CountedUpTo) -> Reader<'a> {
        Reader { pool: &self.readers, kinds: KINDS, counted, hours, now: Timestamp::EARLIEST }
    }

    pub(crate) async fn delivery_counts(&self, tenant: TenantId) -> Result<DeliveryCounts, MoveError> {
        let (counted, hours) = Default::default();
        let counts = delivery_counts::delivery_counts(self.reader(&counted, &hours), tenant).await;
        counts.map_err(Self::failed)
    }

    pub(crate) async fn history(&self, ask: HistoryAsk<'_>) -> Result<(History, Vec<Breakdown>), MoveError> {
        let (counted, hours) = Default::default();
        history::history(self.reader(&counted, &hours), ask).await.map_err(Self::failed)
    }
}
