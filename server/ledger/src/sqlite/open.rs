//! Opening the file: its connections, its schema, and whether it is sound.

use std::{
    fs::{self, File},
    path::Path,
    time::Duration,
};

use model::{record::Kinds, time::Timestamp};
use sqlx::{
    ConnectOptions, Connection, Row, SqliteConnection, SqlitePool,
    migrate::MigrateError,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{clock, fault, files::LedgerFiles, log, wanted};
use crate::{OpenError, migrations};

/// Up to this size a file is read through for damage before it is used; that takes a tenth of a second.
const CHECKED_AT_START_MAX: u64 = 32 * 1024 * 1024;
/// Two for what single askers want to know, two for what is shown to all, and one for everything else.
pub(crate) const READERS: u32 = 5;
/// What SQLite writes at once.
const PAGE: u64 = 4096;
fn options(files: &LedgerFiles) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(&files.ledger)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .statement_cache_capacity(256)
        // Threads take turns less often.
        .row_buffer_size(1_024)
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging()
}

/// The writer's connection, of which there is one.
pub(crate) async fn connect(files: &LedgerFiles) -> Result<SqliteConnection, sqlx::Error> {
    let mut connection = options(files)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // 64 MB before they go to their places: under load the same pages of the ids' index come again and again, and are
        // written there once.
        .pragma("wal_autocheckpoint", (files.log_most / 4 / PAGE).to_string())
        .pragma("journal_size_limit", (files.log_most / 4).to_string())
        .pragma("cache_size", "-65536")
        .connect()
        .await?;
    // The first read opens the log.
    sqlx::raw_sql("SELECT count(*) FROM sqlite_schema").execute(&mut connection).await?;
    files.remember_log();
    Ok(connection)
}

/// Connections that cannot write.
pub(crate) fn readers(files: &LedgerFiles) -> SqlitePool {
    let options = options(files).pragma("query_only", "ON").pragma("cache_size", "-2560");
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(Duration::from_secs(10))
        .test_before_acquire(false)
        .after_release(|connection, _| {
            Box::pin(async move { wanted::forget(connection).await.map(|()| true) })
        })
        .connect_lazy_with(options)
}

/// Gives back the memory of pages that are at hand only to be written to again, and leaves nothing to do in the log.
pub(crate) async fn rest(connection: &mut SqliteConnection) {
    if let Err(error) = sqlx::raw_sql("PRAGMA shrink_memory").execute(&mut *connection).await {
        tracing::warn!(%error, "the ledger's writer keeps its memory while it rests");
    }
    log::rest(connection).await;
}

/// Opens the file, looks whether it is sound, and brings its schema up to date.
pub(crate) async fn migrated(files: &LedgerFiles) -> Result<SqliteConnection, OpenError> {
    let mut connection = connect(files).await.map_err(|error| refusal(files, &error))?;
    let (found, known) = (schema(files, &mut connection).await?, known_schema());
    if found > known {
        return Err(OpenError::NewerSchema { place: files.place(), found, known });
    }
    check(files, &mut connection).await?;
    if found > 0 && found < known {
        tracing::info!(
            schema.found = found,
            schema.version = known,
            "the ledger comes from an older version and is brought up to date"
        );
    }
    migrate(&mut connection).await.map_err(|error| match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)
            if fault::is_of_surroundings(&error) =>
        {
            refusal(files, &error)
        }
        other => OpenError::Migration { place: files.place(), reason: other.to_string() },
    })?;
    take_back_leases(&mut connection).await.map_err(|error| refusal(files, &error))?;
    sync_folder(&files.folder)
        .map_err(|error| OpenError::Folder { folder: files.folder.clone(), reason: error.to_string() })?;
    Ok(connection)
}

/// An index over everything is sorted on disk meanwhile: in memory that has no limit.
pub(crate) async fn migrate(connection: &mut SqliteConnection) -> Result<(), MigrateError> {
    sqlx::raw_sql("PRAGMA temp_store = FILE").execute(&mut *connection).await?;
    migrations::SQLITE.run(&mut *connection).await?;
    sqlx::raw_sql("PRAGMA temp_store = MEMORY").execute(connection).await?;
    Ok(())
}

/// The schema that this version knows.
pub(crate) fn known_schema() -> i64 {
    migrations::SQLITE.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// The schema of the file; 0 while it is empty.
async fn schema(files: &LedgerFiles, connection: &mut SqliteConnection) -> Result<i64, OpenError> {
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'";
    let newest = "SELECT coalesce(max(version), 0) FROM _sqlx_migrations";
    let number = async |connection: &mut SqliteConnection, sql: &'static str| {
        let row = sqlx::query(sql).fetch_one(connection).await?;
        row.try_get::<i64, _>(0)
    };
    if number(connection, tables).await.map_err(|error| refusal(files, &error))? == 0 {
        return Ok(0);
    }
    number(connection, newest).await.map_err(|error| refusal(files, &error))
}

async fn check(files: &LedgerFiles, connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let size = fs::metadata(&files.ledger).map_or(0, |about| about.len());
    if size > CHECKED_AT_START_MAX {
        return Ok(());
    }
    let found = integrity(connection).await.map_err(|error| refusal(files, &error))?;
    match found {
        None => Ok(()),
        Some(reason) => Err(OpenError::Damaged { file: files.ledger.clone(), reason }),
    }
}

/// What SQLite finds wrong with the file, if anything.
pub(crate) async fn integrity(connection: &mut SqliteConnection) -> Result<Option<String>, sqlx::Error> {
    let row = sqlx::query("PRAGMA quick_check(1)").fetch_one(connection).await?;
    let found: String = row.try_get(0)?;
    Ok((found != "ok").then_some(found))
}

/// The process that held a lease is gone: the folder is ours alone.
async fn take_back_leases(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let sql = "UPDATE outbox SET leased_until = NULL, due_at = enqueued_at WHERE leased_until IS NOT NULL";
    sqlx::query(sql).execute(&mut *connection).await?;
    let sql = "UPDATE marks SET leased_until = NULL WHERE leased_until IS NOT NULL";
    sqlx::query(sql).execute(connection).await.map(|_| ())
}

/// What the clock of the time before left behind is brought in line with this one.
pub(crate) async fn set_right(
    files: &LedgerFiles,
    kinds: Kinds,
    connection: &mut SqliteConnection,
    now: Timestamp,
) -> Result<(), OpenError> {
    clock::at_start(kinds, connection, now).await.map_err(|error| refusal(files, &error))
}

pub(crate) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

pub(super) fn refusal(files: &LedgerFiles, error: &sqlx::Error) -> OpenError {
    let reason = error.to_string();
    if fault::is_damage(error) {
        return OpenError::Damaged { file: files.ledger.clone(), reason };
    }
    OpenError::Unavailable { place: files.place(), reason }
}

/// Ends a connection in order, so that the file beside it is folded in.
pub(crate) async fn disconnect(connection: SqliteConnection) {
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "the ledger's connection ended with an error");
    }
}
