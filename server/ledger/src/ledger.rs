//! The ledger: what the server and the pipeline may ask of it, whichever store stands behind. Each question stands in the
//! file of its subject; here is what all of them go through.

use std::{path::PathBuf, sync::Arc, time::Duration};

use model::{
    clock::Clock,
    record::{Kinds, Record},
    rng::Random,
    tenant::TenantId,
};
use tokio::sync::watch;

use crate::{
    LedgerError, LedgerLocation, OpenError, Outcome, WriteHealth,
    database::Database,
    opening::Opening,
    postgres::{InDatabase, Postgres},
    sqlite::{FILE, InFile, Sqlite},
    write::On,
};

/// Where the ledger lives.
#[derive(Clone, Debug)]
pub enum StoreSettings {
    /// Holds `ledger.sqlite` and its lock; made when it is missing. One process's at a time.
    Folder(PathBuf),
    /// PostgreSQL, which any number of processes share.
    Database(Database),
}

/// Which store it is.
pub(crate) enum Store {
    Folder(Sqlite),
    Database(Postgres),
}

/// Asks whichever store it is for what both can do.
macro_rules! either {
    ($ledger:ident, $store:ident => $question:expr) => {
        match $ledger.behind() {
            Store::Folder($store) => $question,
            Store::Database($store) => $question,
        }
    };
}

/// Asks a question of the store: both have a function of this module and name, which takes a reader and these arguments.
macro_rules! read {
    ($ledger:ident, $module:ident::$question:ident($($argument:expr),*)) => {
        match $ledger.behind() {
            $crate::ledger::Store::Folder(store) => {
                let answer = $crate::sqlite::$module::$question(store.reader(), $($argument),*);
                answer.await.map_err(|error| store.refusal(error))
            }
            $crate::ledger::Store::Database(store) => {
                $crate::postgres::reading!(store, reader => {
                    $crate::postgres::$module::$question(reader, $($argument),*)
                })
            }
        }
    };
}

mod balance;
mod delivery;
mod mirror;
mod panel;
mod people;
mod records;
mod rollups;
mod service_keys;
mod share_links;

/// Durable records of every kind. Cheap to clone; every clone is the same ledger.
///
/// Every question may be answered by a `LedgerError`, which says why there is no answer now; then nothing was kept.
#[derive(Clone)]
pub struct Ledger {
    store: Arc<Store>,
    place: Arc<LedgerLocation>,
    changes: watch::Sender<u64>,
    /// Others fetch what waits, without a lease: nothing tells what they have in hand.
    fetched: bool,
}

impl Ledger {
    /// Opens the ledger and brings its schema up to date. A folder is this process's alone, so that the leases of the
    /// process before are taken back; in a database they run out.
    ///
    /// # Errors
    /// Each says what to do about it.
    pub async fn open(
        kinds: Kinds,
        settings: StoreSettings,
        clock: Arc<dyn Clock>,
        random: impl Random,
    ) -> Result<Self, OpenError> {
        let changes = watch::Sender::new(0);
        let opening = Opening { kinds, clock, random: Arc::new(random), changes: changes.clone() };
        let place = Arc::new(settings.place());
        let store = match settings {
            StoreSettings::Folder(folder) => Store::Folder(Sqlite::open(folder, opening).await?),
            StoreSettings::Database(database) => Store::Database(Postgres::open(database, opening).await?),
        };
        Ok(Self { store: Arc::new(store), place, changes, fetched: false })
    }

    /// Where a flow fetches what waits: what is withdrawn may be in its hands, so that its deletion waits in any case.
    #[must_use]
    pub fn fetched_by_others(self) -> Self {
        Self { fetched: true, ..self }
    }

    /// Finishes what was taken on, folds the file together and frees the folder. What is asked later is answered `Closed`.
    pub async fn close(&self) {
        either!(self, store => store.close().await);
    }

    /// Takes records of one kind in. One call is one request: its records are decided in order, as if sent one after another, and
    /// it is answered when all that is new is on disk.
    pub async fn store(&self, tenant: TenantId, records: Vec<Record>) -> Result<Vec<Outcome>, LedgerError> {
        either!(self, store => store.writer.store(tenant, records).await)
    }

    /// Moves with every change of this process that can change a figure, a list or the balance, once it is committed, and
    /// when writing stops or goes on.
    /// What other processes write into the same database moves nothing here: look again after a while.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// How writing goes, as its last attempts came out. Kept until a write of the same sort succeeds.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<WriteHealth> {
        either!(self, store => store.writer.health())
    }

    /// Whether the ledger reads and writes now.
    pub async fn healthy(&self) -> Result<(), LedgerError> {
        either!(self, store => store.healthy().await)
    }

    /// How many bytes wait in a log for their place in the ledger's file; none where the ledger is no file.
    #[must_use]
    pub fn log_size(&self) -> Option<u64> {
        match self.behind() {
            Store::Folder(store) => Some(store.log_size()),
            Store::Database(_) => None,
        }
    }

    /// How much waits to be written, in bytes, and for how long the oldest of it has.
    #[must_use]
    pub fn queue(&self) -> (usize, Duration) {
        either!(self, store => store.writer.backlog())
    }

    async fn write<W: On<InFile> + On<InDatabase>>(&self, write: W) -> Result<W::Answer, LedgerError> {
        either!(self, store => store.writer.write(write).await)
    }

    fn behind(&self) -> &Store {
        &self.store
    }
}

impl StoreSettings {
    /// Which ledger is meant, as its keeper knows it.
    #[must_use]
    pub fn place(&self) -> LedgerLocation {
        match self {
            Self::Folder(folder) => LedgerLocation::File(folder.join(FILE)),
            Self::Database(database) => database.place(),
        }
    }
}
