//! The ledger in one SQLite file: one writer that groups requests, a few readers beside it.

mod backlog;
mod backup;
mod change;
mod clock;
mod confirm;
mod delivery;
mod fault;
mod folder;
mod handlings;
mod history;
mod hours;
mod identity;
mod intake;
mod known;
mod lease;
mod letters;
mod list;
mod log;
mod marks;
mod mirror;
mod open;
mod row;
mod source;
mod spending;
mod standing;
mod statements;
mod wanted;
mod writer;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use model::{
    calendar::Window,
    clock::Clock,
    history::{Filter, History},
    record::{Kind, Kinds},
    tenant::TenantId,
    time::Timestamp,
};
use sqlx::SqlitePool;
use uuid::Uuid;

pub use self::backup::{BackupError, back_up, restore, whose};
use self::{folder::FolderLock, known::Known, log::Log, open::Files, standing::Counted};
pub(crate) use self::{open::FILE, source::Source};
use crate::{
    Answer, DeadLetter, Handling, Held, HourBalance, Identity, LedgerError, ListAsk, OpenError, Page,
    Question, Reject, Standing, There, Unconfirmed, desk::Desk, health::Notes, hours::Stretch,
    opening::Opening, upkeep,
};

/// Who probes gives up after five seconds.
const PROBE: Duration = Duration::from_secs(4);

/// One open SQLite ledger.
pub(crate) struct Sqlite {
    files: Files,
    kinds: Kinds,
    readers: SqlitePool,
    pub(crate) desk: Desk,
    clock: Arc<dyn Clock>,
    counted: Counted,
    hours: hours::Counted,
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
        let files = Files::of(folder, log_most)?;
        let mut connection = open::migrated(&files).await?;
        open::set_right(&files, kinds, &mut connection, clock.now()).await?;
        let readers = open::readers(&files);
        let notes = Notes::new(Arc::clone(&clock), changes.clone());
        let desk = Desk::open(notes.clone(), {
            let (files, clock, mut connection) = (files.clone(), Arc::clone(&clock), Some(connection));
            let readers = readers.clone();
            move |queue| {
                let log = Log::new(&files, readers.clone());
                let writer = writer::Writer {
                    files: files.clone(),
                    kinds,
                    connection: connection.take(),
                    known: Known::default(),
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
            desk,
            clock,
            counted: Counted::default(),
            hours: hours::Counted::default(),
            lock: Mutex::new(Some(lock)),
        })
    }

    /// What is needed to ask about all kinds.
    const fn asked(&self) -> (&SqlitePool, Kinds) {
        (&self.readers, self.kinds)
    }

    pub(crate) async fn close(&self) {
        self.desk.close().await;
        self.readers.close().await;
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Whether it reads, and whether it writes.
    pub(crate) async fn healthy(&self) -> Result<(), LedgerError> {
        let reads = async {
            self.files.file_is_there()?;
            let mut connection = self.readers.acquire().await.map_err(fault::of)?;
            sqlx::query("SELECT count(*) FROM tenants")
                .fetch_one(&mut *connection)
                .await
                .map_err(fault::of)?;
            Ok(())
        };
        self.desk.probed(reads, PROBE).await
    }

    /// Counts anew what is counted as it changes, adds up old hours and lets old receipts go. Says of how many hours the
    /// backlog was counted wrong; it is right afterwards.
    pub(crate) async fn tend(&self) -> Result<usize, LedgerError> {
        standing::recount(self.asked(), &self.counted).await.map_err(fault::of)?;
        let before = upkeep::oldest_hour(self.clock.now());
        let wrong = backlog::wrong(&self.readers, before).await.map_err(fault::of)?;
        let mut gone = self.desk.tend(wrong > 0).await?;
        for _ in 1..upkeep::TURNS {
            if gone < upkeep::RECEIPTS {
                break;
            }
            gone = self.desk.tend(false).await?;
        }
        Ok(wrong)
    }

    /// How many bytes wait beside the file for their place in it.
    pub(crate) fn log_size(&self) -> u64 {
        self.files.log_size()
    }

    pub(crate) async fn identity(&self) -> Result<Identity, LedgerError> {
        let mut connection = self.readers.acquire().await.map_err(fault::of)?;
        identity::read(&mut connection).await.map_err(fault::of)
    }

    pub(crate) async fn unconfirmed(
        &self,
        until: Timestamp,
        after: Option<&Unconfirmed>,
        most: usize,
    ) -> Result<Vec<Unconfirmed>, LedgerError> {
        confirm::waiting(self.asked(), until, after, most).await.map_err(fault::of)
    }

    pub(crate) async fn read(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        id: Uuid,
    ) -> Result<Option<Held>, LedgerError> {
        list::read(&self.readers, tenant, kind, id).await.map_err(fault::of)
    }

    pub(crate) async fn list(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        ask: &ListAsk,
    ) -> Result<Page, LedgerError> {
        list::list(&self.readers, tenant, kind, ask).await.map_err(fault::of)
    }

    pub(crate) async fn names(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        pointer: usize,
        text: Option<&str>,
        most: usize,
    ) -> Result<Vec<(String, Option<String>)>, LedgerError> {
        list::names(&self.readers, tenant, kind, pointer, text, most).await.map_err(fault::of)
    }

    pub(crate) async fn history(
        &self,
        tenant: TenantId,
        window: &Window,
        filter: &Filter,
    ) -> Result<History, LedgerError> {
        history::history(&self.readers, tenant, window, filter).await.map_err(fault::of)
    }

    pub(crate) async fn standing(&self, tenant: TenantId) -> Result<Standing, LedgerError> {
        standing::standing(self.asked(), &self.counted, tenant).await.map_err(fault::of)
    }

    pub(crate) async fn dead_letters(
        &self,
        tenant: TenantId,
        most: usize,
    ) -> Result<Vec<DeadLetter>, LedgerError> {
        letters::dead_letters(self.asked(), tenant, most).await.map_err(fault::of)
    }

    pub(crate) async fn dead_letter(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        id: Uuid,
    ) -> Result<Option<DeadLetter>, LedgerError> {
        letters::dead_letter(&self.readers, tenant, kind, id).await.map_err(fault::of)
    }

    pub(crate) async fn handlings(
        &self,
        tenant: TenantId,
        most: usize,
    ) -> Result<Vec<Handling>, LedgerError> {
        handlings::handlings(self.asked(), tenant, most).await.map_err(fault::of)
    }

    pub(crate) async fn questions(&self) -> Result<Vec<(&'static Kind, Question)>, LedgerError> {
        let marks = marks::all(self.asked()).await.map_err(fault::of)?;
        Ok(marks.into_iter().filter_map(|(kind, mark)| Some((kind, mark.question?))).collect())
    }

    pub(crate) async fn policies(&self) -> Result<Vec<(&'static Kind, Answer)>, LedgerError> {
        let marks = marks::all(self.asked()).await.map_err(fault::of)?;
        Ok(marks.into_iter().filter_map(|(kind, mark)| Some((kind, mark.policy?))).collect())
    }

    pub(crate) async fn removed_unasked(
        &self,
        kind: &'static Kind,
        since: Timestamp,
    ) -> Result<i64, LedgerError> {
        mirror::removed_unasked(&self.readers, kind, since).await.map_err(fault::of)
    }

    pub(crate) async fn standing_there(
        &self,
        kind: &'static Kind,
        after: i64,
        before: Timestamp,
        most: usize,
    ) -> Result<Vec<There>, LedgerError> {
        mirror::standing_there(&self.readers, kind, (after, before), most).await.map_err(fault::of)
    }

    pub(crate) async fn in_line(
        &self,
        kind: &'static Kind,
        after: i64,
        most: usize,
    ) -> Result<Vec<There>, LedgerError> {
        mirror::in_line(&self.readers, kind, after, most).await.map_err(fault::of)
    }

    pub(crate) async fn hours(
        &self,
        tenant: TenantId,
        from: Timestamp,
    ) -> Result<Vec<HourBalance>, LedgerError> {
        let stretch = Stretch::new(tenant, from, self.clock.now());
        hours::hours(self.asked(), &self.hours, stretch).await.map_err(fault::of)
    }

    pub(crate) async fn spent(&self, since: Timestamp) -> Result<Vec<(Timestamp, i64)>, LedgerError> {
        spending::spent(&self.readers, since).await.map_err(fault::of)
    }

    pub(crate) async fn rejects(
        &self,
        tenant: TenantId,
        kind: Option<&'static Kind>,
        most: usize,
    ) -> Result<Vec<Reject>, LedgerError> {
        mirror::rejects(self.asked(), tenant, kind, most).await.map_err(fault::of)
    }
}

#[cfg(test)]
mod tests;
