//! The ledger in one SQLite file: one writer that groups requests, a few readers beside it.

mod change;
mod command;
mod confirm;
mod delivery;
mod fault;
mod folder;
mod history;
mod intake;
mod known;
mod list;
mod open;
mod queue;
mod row;
mod standing;
mod statements;
mod writer;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use model::{
    calendar::Window,
    clock::Clock,
    history::{Filter, History},
    record::{Kind, Record},
    tenant::TenantId,
    time::Instant,
};
use sqlx::SqlitePool;
use tokio::{sync::watch, task::JoinHandle};
use uuid::Uuid;

pub(crate) use self::command::{Settlement, Target, Ticket};
use self::{
    command::{Command, Request, Slot, Work},
    folder::FolderLock,
    open::Files,
    queue::Queue,
    standing::Counted,
};
use crate::{
    Change, DeadLetter, Held, LedgerError, ListAsk, OpenError, Outcome, Page, Parcel, Standing, Unconfirmed,
    chance::Chance,
};

/// One open SQLite ledger.
pub(crate) struct Sqlite {
    files: Files,
    readers: SqlitePool,
    queue: Arc<Queue>,
    writer: Mutex<Option<JoinHandle<()>>>,
    clock: Arc<dyn Clock>,
    counted: Counted,
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
        let connection = open::migrated(&files).await?;
        let readers = open::readers(&files);
        let queue = Arc::new(Queue::default());
        let writer = writer::Writer::new(files.clone(), connection, Arc::clone(&clock), chance, changes);
        let writer = tokio::spawn(writer.run(Arc::clone(&queue)));
        Ok(Self {
            files,
            readers,
            queue,
            writer: Mutex::new(Some(writer)),
            clock,
            counted: Counted::default(),
            lock: Mutex::new(Some(lock)),
        })
    }

    pub(crate) async fn close(&self) {
        self.queue.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // A writer that panicked has nothing left to flush.
            let _ = writer.await;
        }
        self.readers.close().await;
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Whether it reads, and whether it writes.
    pub(crate) async fn healthy(&self) -> Result<(), LedgerError> {
        self.files.are_there()?;
        let mut connection = self.readers.acquire().await.map_err(fault::of)?;
        sqlx::query("SELECT count(*) FROM tenants").fetch_one(&mut *connection).await.map_err(fault::of)?;
        drop(connection);
        self.ask(|slot| Command::of_house(Work::Probe(slot))).await
    }

    pub(crate) async fn store(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        records: Vec<Record>,
    ) -> Result<Vec<Outcome>, LedgerError> {
        let weight = records.len().max(1);
        self.ask(|answer| {
            Command::of_tenant(tenant, weight, Work::Store(Request { tenant, kind, records, answer }))
        })
        .await
    }

    pub(crate) async fn correct(&self, target: Target, record: Record) -> Result<Change, LedgerError> {
        let (tenant, record) = (target.tenant, Box::new(record));
        self.ask(|answer| Command::of_tenant(tenant, 1, Work::Correct { target, record, answer })).await
    }

    pub(crate) async fn withdraw(&self, target: Target) -> Result<Change, LedgerError> {
        let tenant = target.tenant;
        self.ask(|answer| Command::of_tenant(tenant, 1, Work::Withdraw { target, answer })).await
    }

    pub(crate) async fn resend(&self, target: Target) -> Result<bool, LedgerError> {
        let tenant = target.tenant;
        self.ask(|answer| Command::of_tenant(tenant, 1, Work::Resend { target, answer })).await
    }

    pub(crate) async fn lease(&self, most: usize, hold: Duration) -> Result<Vec<Parcel>, LedgerError> {
        self.ask(|answer| Command::of_house(Work::Lease { most, hold, answer })).await
    }

    pub(crate) async fn settle(&self, tickets: Vec<Ticket>, how: Settlement) -> Result<(), LedgerError> {
        self.ask(|answer| Command::of_house(Work::Settle { tickets, how, answer })).await
    }

    /// Says how many of them were news.
    pub(crate) async fn confirmed(&self, read: &[Unconfirmed]) -> Result<u64, LedgerError> {
        let mut tables: BTreeMap<(TenantId, &str), Vec<&Unconfirmed>> = BTreeMap::new();
        for item in read {
            tables.entry((item.tenant, item.kind.name)).or_default().push(item);
        }
        let mut confirmed = 0;
        for ((tenant, _), items) in tables {
            let kind = items[0].kind;
            let read = items.iter().map(|item| (item.position, item.held.stored.revision)).collect();
            confirmed +=
                self.ask(|answer| Command::of_house(Work::Confirm { kind, tenant, read, answer })).await?;
        }
        Ok(confirmed)
    }

    pub(crate) async fn unconfirmed(
        &self,
        until: Instant,
        most: usize,
    ) -> Result<Vec<Unconfirmed>, LedgerError> {
        confirm::waiting(&self.readers, until, most).await.map_err(fault::of)
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
        standing::dead_letters(&self.readers, tenant, most).await.map_err(fault::of)
    }

    /// Hands a command to the writer and waits for what it says once the commit is on disk.
    async fn ask<T>(&self, command: impl FnOnce(Slot<T>) -> Command) -> Result<T, LedgerError> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.queue.push(command(Slot::new(reply)))?;
        answer.await.unwrap_or(Err(LedgerError::Closed))
    }
}

#[cfg(test)]
mod tests;
