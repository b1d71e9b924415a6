//! A ledger that is only read, beside the server that writes it: of a folder another process may have the lock.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use model::{
    calendar::Window,
    clock::Clock,
    record::{KINDS, Kind},
    rng::Random,
    tenant::TenantId,
};
use sqlx::{
    ConnectOptions as _, Executor, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use tokio::sync::watch;

use crate::{
    DeliveryCounts, LedgerError, LedgerLocation, ListAsk, OpenError, RecordPage, RecountedFigures,
    RollupState, StoreSettings,
    opening::Opening,
    postgres::{self, Postgres},
    sqlite::{self, FILE, Reader, counted::Counted, fault, hours, open},
};

/// A ledger to be read, whether a server writes it meanwhile or not.
pub struct LedgerView {
    clock: Arc<dyn Clock>,
    store: ReadStore,
}

enum ReadStore {
    Folder(SqlitePool),
    Database(Box<Postgres>),
}

/// Why a ledger cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("there is no ledger in {}; set STUDIO_DATA to the folder of the server that is meant", folder.display())]
    NoLedger { folder: PathBuf },
    #[error(
        "the ledger in {} was written by an older version (its schema is {found}, this version knows {known}); start this \
         version's server on it once, and call this again", folder.display()
    )]
    Older { folder: PathBuf, found: i64, known: i64 },
}

impl LedgerView {
    /// Opens what is there. A ledger in a folder is left as it is; one in a database is brought up to date, as by a start.
    ///
    /// # Errors
    /// Each says what to do about it.
    pub async fn open(
        settings: StoreSettings,
        clock: Arc<dyn Clock>,
        random: impl Random,
    ) -> Result<Self, ViewError> {
        let store = match settings {
            StoreSettings::Folder(folder) => ReadStore::Folder(in_folder(&folder).await?),
            StoreSettings::Database(database) => {
                let changes = watch::Sender::new(0);
                let opening =
                    Opening { kinds: KINDS, clock: Arc::clone(&clock), random: Arc::new(random), changes };
                ReadStore::Database(Box::new(Postgres::open(database, opening).await?))
            }
        };
        Ok(Self { clock, store })
    }

    /// A page of records.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn list(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        ask: &ListAsk,
    ) -> Result<RecordPage, LedgerError> {
        match &self.store {
            ReadStore::Folder(pool) => {
                let (counted, hours) = Default::default();
                let reader = self.reader(pool, &counted, &hours);
                sqlite::list::list(reader, tenant, kind, ask).await.map_err(fault::of)
            }
            ReadStore::Database(store) => {
                postgres::reading!(store, reader => postgres::list::list(reader, tenant, kind, ask))
            }
        }
    }

    /// How the rollups of each kind are.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn rollups(&self) -> Result<Vec<RollupState>, LedgerError> {
        match &self.store {
            ReadStore::Folder(pool) => {
                let (counted, hours) = Default::default();
                let states = sqlite::rollups::states(self.reader(pool, &counted, &hours)).await;
                states.map_err(fault::of)
            }
            ReadStore::Database(store) => {
                postgres::reading!(store, reader => postgres::rollups::states(reader))
            }
        }
    }

    /// Where a tenant's records stand, all figures of one moment.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn delivery_counts(&self, tenant: TenantId) -> Result<DeliveryCounts, LedgerError> {
        match &self.store {
            ReadStore::Folder(pool) => {
                let (counted, hours) = Default::default();
                let reader = self.reader(pool, &counted, &hours);
                sqlite::delivery_counts::delivery_counts(reader, tenant).await.map_err(fault::of)
            }
            ReadStore::Database(store) => {
                postgres::reading!(store, reader => postgres::delivery_counts::delivery_counts(reader, tenant))
            }
        }
    }

    /// The figures of a window out of the rollups, and out of a plain count of the records, both of one moment.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn recount(&self, tenant: TenantId, window: &Window) -> Result<RecountedFigures, LedgerError> {
        match &self.store {
            ReadStore::Folder(pool) => {
                let (counted, hours) = Default::default();
                let reader = self.reader(pool, &counted, &hours);
                sqlite::recount::recount(reader, tenant, window).await.map_err(fault::of)
            }
            ReadStore::Database(store) => {
                postgres::reading!(store, reader => postgres::recount::recount(reader, tenant, window))
            }
        }
    }

    /// What a question to the file is answered with: what was counted is not kept.
    fn reader<'a>(
        &self,
        pool: &'a SqlitePool,
        counted: &'a Counted,
        hours: &'a hours::CountedUpTo,
    ) -> Reader<'a> {
        Reader { pool, kinds: KINDS, counted, hours, now: self.clock.now() }
    }

    /// Lets the connections go.
    pub async fn close(&self) {
        match &self.store {
            ReadStore::Folder(pool) => pool.close().await,
            ReadStore::Database(store) => store.close().await,
        }
    }
}

/// Asks the process that has a folder's ledger to make the rollups of all kinds anew; a server does so within seconds.
///
/// # Errors
/// When that cannot be written down there.
pub async fn wish_rollups(folder: &Path) -> Result<(), LedgerError> {
    sqlite::rollups::making::wish(&folder.join(FILE), KINDS).await.map_err(fault::of)
}

async fn in_folder(folder: &Path) -> Result<SqlitePool, ViewError> {
    let file = folder.join(FILE);
    if !file.is_file() {
        return Err(ViewError::NoLedger { folder: folder.to_owned() });
    }
    let options = SqliteConnectOptions::new().filename(&file).read_only(true).disable_statement_logging();
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        // What ends the question before it is taken off, as among the readers of a server.
        .after_release(|connection, _| {
            Box::pin(async move { sqlite::forget(connection).await.map(|()| true) })
        })
        .connect_lazy_with(options);
    check_schema(folder, &pool).await?;
    Ok(pool)
}

/// Whether the ledger of a folder has the schema of this version.
pub(crate) async fn check_schema(
    folder: &Path,
    reader: impl Executor<'_, Database = sqlx::Sqlite>,
) -> Result<(), ViewError> {
    let (file, known) = (folder.join(FILE), open::known_schema());
    let schema = "SELECT coalesce(max(version), 0) FROM _sqlx_migrations";
    let found: i64 = match sqlx::query_scalar(schema).fetch_one(reader).await {
        Ok(found) => found,
        Err(error) if fault::is_damage(&error) => {
            return Err(OpenError::Damaged { file, reason: error.to_string() }.into());
        }
        Err(error) => {
            let (place, reason) = (LedgerLocation::File(file), error.to_string());
            return Err(OpenError::Unavailable { place, reason }.into());
        }
    };
    match found {
        _ if found > known => {
            Err(OpenError::NewerSchema { place: LedgerLocation::File(file), found, known }.into())
        }
        _ if found < known => Err(ViewError::Older { folder: folder.to_owned(), found, known }),
        _ => Ok(()),
    }
}
