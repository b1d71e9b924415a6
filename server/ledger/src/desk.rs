//! The desk at which writing is asked for: whatever the store, one writer takes what waits and answers when it is kept.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use model::{
    record::{Kind, Record},
    tenant::TenantId,
};
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{
    Change, LedgerError, Mark, Outcome, Parcel, Reflected, Unconfirmed,
    command::{Command, Request, Settlement, Slot, Target, Ticket, Work},
    identity::{Asked, Identity, Stranger},
    marks::Errand,
    queue::Queue,
    reflection::Page,
};

/// Sending all dead letters again is a handful of statements, however many they are.
const RESENT_WEIGHT: usize = 1_000;

pub(crate) struct Desk {
    queue: Arc<Queue>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Desk {
    /// `writer` makes the task that works the queue off until it is closed and empty.
    pub(crate) fn open<W: Future<Output = ()> + Send + 'static>(
        writer: impl FnOnce(Arc<Queue>) -> W,
    ) -> Self {
        let queue = Arc::new(Queue::default());
        let writer = tokio::spawn(writer(Arc::clone(&queue)));
        Self { queue, writer: Mutex::new(Some(writer)) }
    }

    /// Nothing more is taken on; what waits is done first.
    pub(crate) async fn close(&self) {
        self.queue.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // A writer that panicked has nothing left to flush.
            let _ = writer.await;
        }
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

    pub(crate) async fn withdraw(&self, target: Target, fetched: bool) -> Result<Change, LedgerError> {
        let tenant = target.tenant;
        self.ask(|answer| Command::of_tenant(tenant, 1, Work::Withdraw { target, fetched, answer })).await
    }

    pub(crate) async fn resend(&self, target: Target, by: String) -> Result<bool, LedgerError> {
        let tenant = target.tenant;
        self.ask(|answer| Command::of_tenant(tenant, 1, Work::Resend { target, by, answer })).await
    }

    pub(crate) async fn resend_all(
        &self,
        tenant: TenantId,
        most: usize,
        by: String,
    ) -> Result<u64, LedgerError> {
        self.ask(|answer| {
            Command::of_tenant(tenant, RESENT_WEIGHT, Work::ResendAll { tenant, most, by, answer })
        })
        .await
    }

    pub(crate) async fn drop_letter(&self, target: Target, by: String) -> Result<bool, LedgerError> {
        let tenant = target.tenant;
        self.ask(|answer| Command::of_tenant(tenant, 1, Work::Drop { target, by, answer })).await
    }

    pub(crate) async fn mend(
        &self,
        target: Target,
        record: Record,
        by: String,
    ) -> Result<Change, LedgerError> {
        let (tenant, record) = (target.tenant, Box::new(record));
        self.ask(|answer| Command::of_tenant(tenant, 1, Work::Mend { target, record, by, answer })).await
    }

    pub(crate) async fn reflect(&self, page: Page) -> Result<Option<Vec<Reflected>>, LedgerError> {
        self.ask(|answer| Command::of_house(Work::Reflect { page, answer })).await
    }

    pub(crate) async fn mark(
        &self,
        kind: &'static Kind,
        errand: Errand,
    ) -> Result<Option<Mark>, LedgerError> {
        self.ask(|answer| Command::of_house(Work::Mark { kind, errand, answer })).await
    }

    pub(crate) async fn claim(&self, asked: Asked) -> Result<Result<Identity, Stranger>, LedgerError> {
        let asked = Box::new(asked);
        self.ask(|answer| Command::of_house(Work::Claim { asked, answer })).await
    }

    pub(crate) async fn looked(&self) -> Result<(), LedgerError> {
        self.ask(|slot| Command::of_house(Work::Looked(slot))).await
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

    pub(crate) async fn spend(&self, cost: i64) -> Result<(), LedgerError> {
        self.ask(|answer| Command::of_house(Work::Spend { cost, answer })).await
    }

    /// Says how many receipts went.
    pub(crate) async fn tend(&self, mends: bool) -> Result<i64, LedgerError> {
        self.ask(|answer| Command::of_house(Work::Tend { mends, answer })).await
    }

    /// Whether writing works.
    pub(crate) async fn probe(&self) -> Result<(), LedgerError> {
        self.ask(|slot| Command::of_house(Work::Probe(slot))).await
    }

    /// Hands a command to the writer and waits for what it says once the commit is kept.
    pub(crate) async fn ask<T>(&self, command: impl FnOnce(Slot<T>) -> Command) -> Result<T, LedgerError> {
        let (reply, answer) = oneshot::channel();
        self.queue.push(command(Slot::new(reply)))?;
        answer.await.unwrap_or(Err(LedgerError::Closed))
    }
}
