//! The ledger in one SQLite file: one writer that groups requests, a few readers beside it.

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
mod intake;
mod known;
mod letters;
mod list;
mod marks;
mod mirror;
mod open;
mod row;
mod source;
mod spending;
mod standing;
mod statements;
mod writer;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use model::{
    calendar::Window,
    clock::Clock,
    history::{Filter, History},
    record::Kind,
    tenant::TenantId,
    time::Instant,
};
use sqlx::SqlitePool;
use tokio::sync::watch;
use uuid::Uuid;

pub use self::backup::{BackupError, back_up, restore};
pub(crate) use self::source::Source;
use self::{folder::FolderLock, open::Files, standing::Counted};
use crate::{
    DeadLetter, Handling, Held, HourBalance, LedgerError, ListAsk, OpenError, Page, Question, Reject,
    Standing, There, Unconfirmed, chance::Chance, desk::Desk, hours::Stretch,
};

/// One open SQLite ledger.
pub(crate) struct Sqlite {
    files: Files,
    readers: SqlitePool,
    pub(crate) desk: Desk,
    clock: Arc<dyn Clock>,
    counted: Counted,
    hours: hours::Counted,
    /// Freed when the ledger closes, or with the process.
    lock: Mutex<Option<FolderLock>>,
}

impl Sqlite {
    pub(crate) async fn open(
        folder: PathBuf,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
        changes: watch::Sender<u64>,
    ) -> Result<Self, OpenError> {
        let lock = folder::claim(&folder)?;
        let files = Files::of(folder)?;
        let mut connection = open::migrated(&files).await?;
        open::set_right(&files, &mut connection, clock.now()).await?;
        let readers = open::readers(&files);
        let writer = writer::Writer::new(files.clone(), connection, Arc::clone(&clock), chance, changes);
        let desk = Desk::open(|queue| writer.run(queue));
        Ok(Self {
            files,
            readers,
            desk,
            clock,
            counted: Counted::default(),
            hours: hours::Counted::default(),
            lock: Mutex::new(Some(lock)),
        })
    }

    pub(crate) async fn close(&self) {
        self.desk.close().await;
        self.readers.close().await;
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Whether it reads, and whether it writes.
    pub(crate) async fn healthy(&self) -> Result<(), LedgerError> {
        self.files.are_there()?;
        let mut connection = self.readers.acquire().await.map_err(fault::of)?;
        sqlx::query("SELECT count(*) FROM tenants").fetch_one(&mut *connection).await.map_err(fault::of)?;
        drop(connection);
        self.desk.probe().await
    }

    pub(crate) async fn unconfirmed(
        &self,
        until: Instant,
        after: Option<&Unconfirmed>,
        most: usize,
    ) -> Result<Vec<Unconfirmed>, LedgerError> {
        confirm::waiting(&self.readers, until, after, most).await.map_err(fault::of)
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
    ) -> Result<Vec<(String, Option<String>)>, LedgerError> {
        list::names(&self.readers, tenant, kind).await.map_err(fault::of)
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
        let now = self.clock.now();
        standing::standing(&self.readers, &self.counted, tenant, now).await.map_err(fault::of)
    }

    pub(crate) async fn dead_letters(
        &self,
        tenant: TenantId,
        most: usize,
    ) -> Result<Vec<DeadLetter>, LedgerError> {
        letters::dead_letters(&self.readers, tenant, most).await.map_err(fault::of)
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
        handlings::handlings(&self.readers, tenant, most).await.map_err(fault::of)
    }

    pub(crate) async fn questions(&self) -> Result<Vec<(&'static Kind, Question)>, LedgerError> {
        marks::questions(&self.readers).await.map_err(fault::of)
    }

    pub(crate) async fn standing_there(
        &self,
        kind: &'static Kind,
        after: i64,
        before: Instant,
        most: usize,
    ) -> Result<Vec<There>, LedgerError> {
        mirror::standing_there(&self.readers, kind, (after, before), most).await.map_err(fault::of)
    }

    pub(crate) async fn hours(
        &self,
        tenant: TenantId,
        from: Instant,
    ) -> Result<Vec<HourBalance>, LedgerError> {
        let stretch = Stretch::new(tenant, from, self.clock.now());
        hours::hours(&self.readers, &self.hours, stretch).await.map_err(fault::of)
    }

    pub(crate) async fn spent(&self, since: Instant) -> Result<Vec<(Instant, i64)>, LedgerError> {
        spending::spent(&self.readers, since).await.map_err(fault::of)
    }

    pub(crate) async fn rejects(&self, tenant: TenantId, most: usize) -> Result<Vec<Reject>, LedgerError> {
        mirror::rejects(&self.readers, tenant, most).await.map_err(fault::of)
    }
}

#[cfg(test)]
mod tests;
