//! The ledger in one SQLite file: one writer that groups requests, a few readers beside it.

mod backlog;
mod backup;
pub(crate) mod campaigns;
mod change;
pub(crate) mod change_cursor;
mod clock;
pub(crate) mod confirm;
pub(crate) mod counted;
pub(crate) mod dead_letters;
pub(crate) mod delivery_counts;
pub(crate) mod fault;
mod files;
pub(crate) mod folder;
pub(crate) mod handlings;
pub(crate) mod history;
pub(crate) mod hours;
pub(crate) mod identity;
mod intake;
mod interruptible;
mod lease;
pub(crate) mod list;
mod log;
pub(crate) mod mirror;
pub(crate) mod open;
mod outbox;
pub(crate) mod panel;
pub(crate) mod people;
mod probe;
mod reader;
pub(crate) mod record_status;
pub(crate) mod recount;
pub(crate) mod rollups;
pub(crate) mod row;
pub(crate) mod service_keys;
mod settle;
pub(crate) mod share_links;
pub(crate) mod spending;
mod statements;
mod step;
mod wanted;
mod writer;
mod writer_cache;

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use model::{clock::Clock, record::Kinds};
use sqlx::{Error, SqlitePool};

pub use self::backup::{BackupError, back_up, restore, whose};
use self::{counted::Counted, files::LedgerFiles, folder::FolderLock, log::Log, writer_cache::WriterCache};
pub(crate) use self::{
    files::FILE,
    reader::Reader,
    step::{InFile, Step, StepIn},
    wanted::forget,
};
use crate::{
    LedgerError, OpenError,
    health::Notes,
    opening::Opening,
    rollups::{RollupTurn, RollupWork},
    upkeep::{self, Tend},
    writer_handle::WriterHandle,
};

/// An asker gives up after five seconds.
const PROBE: Duration = Duration::from_secs(4);

/// One open SQLite ledger.
pub(crate) struct Sqlite {
    files: LedgerFiles,
    kinds: Kinds,
    readers: SqlitePool,
    pub(crate) writer: WriterHandle<InFile>,
    clock: Arc<dyn Clock>,
    counted: Counted,
    hours: hours::CountedUpTo,
    /// Whether rollups that are neither read nor under way may be left.
    sweeps: AtomicBool,
    /// Freed when the ledger closes, or with the process.
    lock: Mutex<Option<FolderLock>>,
}

impl Sqlite {
    pub(crate) async fn open(folder: PathBuf, opening: Opening) -> Result<Self, OpenError> {
        Self::open_bounded(folder, log::MOST, opening).await
    }

    /// With a log of no more than about that many bytes.
    async fn open_bounded(
        folder: PathBuf,
        log_most: u64,
        Opening { kinds, clock, random, changes }: Opening,
    ) -> Result<Self, OpenError> {
        let lock = folder::claim(&folder)?;
        let files = LedgerFiles::of(folder, log_most)?;
        let mut connection = open::migrated(&files).await?;
        open::set_right(&files, kinds, &mut connection, clock.now()).await?;
        rollups::making::begin_missing(&mut connection, kinds)
            .await
            .map_err(|error| open::refusal(&files, &error))?;
        let readers = open::readers(&files);
        let notes = Notes::new(Arc::clone(&clock), changes.clone());
        let writer = WriterHandle::open(notes.clone(), {
            let (files, clock, mut connection) = (files.clone(), Arc::clone(&clock), Some(connection));
            let readers = readers.clone();
            move |queue| {
                let log = Log::new(&files, readers.clone());
                let writer = writer::Writer {
                    files: files.clone(),
                    kinds,
                    connection: connection.take(),
                    cache: WriterCache::default(),
                    clock: Arc::clone(&clock),
                    random: Arc::clone(&random),
                    changes: changes.clone(),
                    log,
                    notes: notes.clone(),
                    seen: None,
                    epoch: 0,
                };
                writer.run(queue)
            }
        });
        Ok(Self {
            files,
            kinds,
            readers,
            writer,
            clock,
            counted: Counted::default(),
            hours: hours::CountedUpTo::default(),
            sweeps: AtomicBool::new(true),
            lock: Mutex::new(Some(lock)),
        })
    }

    /// What a question is answered with.
    pub(crate) fn reader(&self) -> Reader<'_> {
        let (pool, kinds, now) = (&self.readers, self.kinds, self.clock.now());
        Reader { pool, kinds, counted: &self.counted, hours: &self.hours, now }
    }

    /// Why nothing can be read. A connection that cannot be opened does not say that the file is gone.
    pub(crate) fn refusal(&self, error: Error) -> LedgerError {
        match self.files.file_is_there() {
            Err(gone) if fault::is_of_surroundings(&error) => gone,
            _ => fault::of(error),
        }
    }

    pub(crate) async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Whether it reads, and whether it writes.
    pub(crate) async fn healthy(&self) -> Result<(), LedgerError> {
        let reads = async {
            self.files.file_is_there()?;
            let mut connection = self.readers.acquire().await.map_err(|error| self.refusal(error))?;
            sqlx::query("SELECT count(*) FROM tenants")
                .fetch_one(&mut *connection)
                .await
                .map_err(|error| self.refusal(error))?;
            Ok(())
        };
        self.writer.probed(reads, PROBE).await
    }

    /// Counts anew what is counted as it changes, adds up old hours and lets old receipts go. Says of how many hours the
    /// backlog was counted wrong; it is right afterwards.
    pub(crate) async fn tend(&self) -> Result<usize, LedgerError> {
        counted::recount(&self.readers, self.kinds, &self.counted)
            .await
            .map_err(|error| self.refusal(error))?;
        let before = upkeep::oldest_hour(self.clock.now());
        let wrong = backlog::wrong(&self.readers, before).await.map_err(|error| self.refusal(error))?;
        let mut gone = self.writer.write(Tend { mends: wrong > 0 }).await?;
        for _ in 1..upkeep::TURNS {
            if gone < upkeep::RECEIPTS {
                break;
            }
            gone = self.writer.write(Tend { mends: false }).await?;
        }
        Ok(wrong)
    }

    /// Asks for rollups anew.
    pub(crate) async fn wish_rollups(&self) -> Result<(), LedgerError> {
        rollups::making::wish(&self.files.ledger, self.kinds).await.map_err(|error| self.refusal(error))
    }

    /// One step towards rollups that are wanted or under way; says whether another one follows.
    pub(crate) async fn make_rollups(&self, most: i64) -> Result<bool, LedgerError> {
        let sweeps = self.sweeps.load(Relaxed);
        let next = rollups::making::next(&self.readers, self.kinds, most, sweeps)
            .await
            .map_err(|error| self.refusal(error))?;
        let Some(work) = next else { return Ok(false) };
        let is_sweep = matches!(work, RollupWork::Sweep(_));
        let turn = self.writer.write(work).await?;
        turn.tell(most);
        self.sweeps.store(!is_sweep || turn != RollupTurn::Idle, Relaxed);
        Ok(true)
    }

    /// How many bytes wait beside the file for their place in it.
    pub(crate) fn log_size(&self) -> u64 {
        self.files.log_size()
    }
}

#[cfg(test)]
mod tests;
