//! The organisation's file: SQLite in WAL mode with full sync, so that what was acknowledged is on disk. One writer,
//! a few readers.

mod collation;
pub(crate) mod definitions;
mod layout;
mod statement_budget;
mod transaction;

use std::path::Path;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Sqlite};
use tokio::sync::{Mutex, MutexGuard};

pub(crate) use collation::compare;
pub(crate) use layout::{add_users, create_rows, index_sql, key_sql, prepare};
pub(crate) use transaction::{Transaction, run, sql};

/// Readers: as many as there are likely to be processors to use them, at 2 MiB of cache each.
const READERS: u32 = 4;

pub(crate) struct RowStore {
    writer: Mutex<SqliteConnection>,
    /// `None` for an organisation in memory, which the writer's connection alone can see.
    readers: Option<SqlitePool>,
}

/// A connection to read from.
pub(crate) enum StoreReader<'a> {
    Own(PoolConnection<Sqlite>),
    Shared(MutexGuard<'a, SqliteConnection>),
    /// Inside a transaction, which sees what it has written itself.
    Within(&'a mut SqliteConnection),
}

impl StoreReader<'_> {
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        match self {
            Self::Own(connection) => connection,
            Self::Shared(guard) => guard,
            Self::Within(connection) => connection,
        }
    }
}

impl RowStore {
    /// Opens the organisation's file, making it if there is none; `None` opens one in memory.
    pub(crate) async fn open(file: Option<&Path>) -> Result<Self, sqlx::Error> {
        let Some(file) = file else {
            let options = options(SqliteConnectOptions::new().in_memory(true));
            let mut writer = options.connect().await?;
            prepare(&mut writer).await?;
            return Ok(Self { writer: Mutex::new(writer), readers: None });
        };
        let options = options(SqliteConnectOptions::new().filename(file).create_if_missing(true))
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10));
        let mut writer = options.clone().pragma("cache_size", "-8000").connect().await?;
        prepare(&mut writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .idle_timeout(Duration::from_secs(60))
            .max_lifetime(None)
            .connect_lazy_with(options.read_only(true).pragma("cache_size", "-2000"));
        Ok(Self { writer: Mutex::new(writer), readers: Some(readers) })
    }

    pub(crate) async fn read(&self) -> Result<StoreReader<'_>, sqlx::Error> {
        Ok(match &self.readers {
            Some(pool) => StoreReader::Own(pool.acquire().await?),
            None => StoreReader::Shared(self.writer.lock().await),
        })
    }

    pub(crate) async fn write(&self) -> MutexGuard<'_, SqliteConnection> {
        self.writer.lock().await
    }

    pub(crate) async fn close(self) {
        if let Some(readers) = self.readers {
            readers.close().await;
        }
        if let Err(error) = self.writer.into_inner().close().await {
            tracing::warn!(%error, "the organisation's file was not closed in order");
        }
    }
}

fn options(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .collation("dataverse", compare)
        .foreign_keys(false)
        .statement_cache_capacity(64)
        .log_statements(tracing::log::LevelFilter::Off)
        .pragma("temp_store", "memory")
}
