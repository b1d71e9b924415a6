//! The desk at which writing is asked for: whatever the store, one writer takes what waits and answers when it is kept. A
//! writer that breaks off leaves no asker waiting, and another one takes its place.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::FutureExt as _;

use model::{
    record::{Kind, Record},
    tenant::TenantId,
};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use crate::{
    Change, Health, LedgerError, Mark, Outcome, Parcel, Reflected, Unconfirmed,
    command::{Command, Request, Settlement, Slot, Target, Ticket, Work},
    health::{Notes, Sort},
    identity::{Asked, Identity, Stranger},
    marks::Errand,
    queue::Queue,
    reflection::Page,
};

/// When a writer that broke off is followed by another one; after longer each time that follows soon.
const PAUSE_LEAST: Duration = Duration::from_millis(200);
const PAUSE_MOST: Duration = Duration::from_secs(30);
/// After this time at work a writer's earlier falls are forgotten.
const HELD_OUT: Duration = Duration::from_secs(60);
/// How often writing is tried while it fails and none is asked for.
const TRIED_EVERY: Duration = Duration::from_secs(5);
/// And no oftener for those who ask whether it works.
const TRIED_AT_MOST: Duration = Duration::from_secs(1);

pub(crate) struct Desk {
    queue: Arc<Queue>,
    notes: Notes,
    /// When a question whether writing works led to a trial last.
    tried_at: tokio::sync::Mutex<Option<Instant>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Desk {
    /// `writer` makes what works the queue off until it is closed and empty, and notes how each group came out. It is
    /// asked for another one when one breaks off, whose state cannot be trusted.
    pub(crate) fn open<W: Future<Output = ()> + Send + 'static>(
        notes: Notes,
        writer: impl FnMut(Arc<Queue>) -> W + Send + 'static,
    ) -> Self {
        let queue = Arc::new(Queue::default());
        let kept = tokio::spawn(keep_writing(Arc::clone(&queue), notes.clone(), writer));
        Self { queue, notes, tried_at: tokio::sync::Mutex::default(), writer: Mutex::new(Some(kept)) }
    }

    /// How writing goes.
    pub(crate) fn health(&self) -> watch::Receiver<Health> {
        self.notes.health()
    }

    /// Nothing more is taken on; what waits is done first.
    pub(crate) async fn close(&self) {
        self.queue.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // With the process's end, that of the writer is nothing to be told.
            let _ = writer.await;
        }
    }

    pub(crate) async fn store(
        &self,
        tenant: TenantId,
        records: Vec<Record>,
    ) -> Result<Vec<Outcome>, LedgerError> {
        let Some(kind) = records.first().map(Record::kind) else { return Ok(Vec::new()) };
        if let Some(other) = records.iter().map(Record::kind).find(|other| *other != kind) {
            return Err(LedgerError::Fault(format!(
                "one request holds a {} and a {}; nothing of it was kept",
                kind.noun, other.noun
            )));
        }
        self.ask(|answer| {
            Command::of_tenant(tenant, Work::Store(Request::new(tenant, kind, records, answer)))
        })
        .await
    }

    pub(crate) async fn correct(&self, target: Target, record: Record) -> Result<Change, LedgerError> {
        let (tenant, record) = (target.tenant, Box::new(record));
        self.ask(|answer| Command::of_tenant(tenant, Work::Correct { target, record, answer })).await
    }

    pub(crate) async fn withdraw(&self, target: Target, fetched: bool) -> Result<Change, LedgerError> {
        let tenant = target.tenant;
        self.ask(|answer| Command::of_tenant(tenant, Work::Withdraw { target, fetched, answer })).await
    }

    pub(crate) async fn resend(&self, target: Target, by: String) -> Result<bool, LedgerError> {
        let tenant = target.tenant;
        self.ask(|answer| Command::of_tenant(tenant, Work::Resend { target, by, answer })).await
    }

    pub(crate) async fn resend_all(
        &self,
        tenant: TenantId,
        most: usize,
        by: String,
    ) -> Result<u64, LedgerError> {
        self.ask(|answer| Command::of_tenant(tenant, Work::ResendAll { tenant, most, by, answer })).await
    }

    pub(crate) async fn drop_letter(&self, target: Target, by: String) -> Result<bool, LedgerError> {
        let tenant = target.tenant;
        self.ask(|answer| Command::of_tenant(tenant, Work::Drop { target, by, answer })).await
    }

    pub(crate) async fn mend(
        &self,
        target: Target,
        record: Record,
        by: String,
    ) -> Result<Change, LedgerError> {
        let (tenant, record) = (target.tenant, Box::new(record));
        self.ask(|answer| Command::of_tenant(tenant, Work::Mend { target, record, by, answer })).await
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

    /// Whether reading works, as `reads` finds out, and then writing, both within `patience`. What is met is noted for others.
    pub(crate) async fn probed(
        &self,
        reads: impl Future<Output = Result<(), LedgerError>>,
        patience: Duration,
    ) -> Result<(), LedgerError> {
        let silent = || {
            let sentence =
                "the ledger does not answer in time; when it answers again, writing goes on by itself";
            Err(LedgerError::Unavailable(sentence.to_owned()))
        };
        let began = Instant::now();
        let read = timeout(patience, reads).await.unwrap_or_else(|_| silent());
        if read.is_err() {
            self.notes.note_probe(&read);
            return read;
        }
        let left = patience.saturating_sub(began.elapsed());
        let written = timeout(left, self.probe()).await;
        // How an attempt to write came out is noted by the writer; that it does not come to one is not.
        self.notes.note_probe(&written.as_ref().map_or_else(|_| silent(), |_| Ok(())));
        written.unwrap_or_else(|_| silent())
    }

    /// How much waits to be written, in bytes, and for how long the oldest of it has.
    pub(crate) fn backlog(&self) -> (usize, Duration) {
        self.queue.backlog()
    }

    /// Whether writing works. After something failed, it has to work for as much as that.
    pub(crate) async fn probe(&self) -> Result<(), LedgerError> {
        let stopped = || self.notes.health().borrow().stop().map(|stop| stop.error.clone());
        if stopped().is_none() {
            return self.ask(|slot| Command::of_house(Work::Probe(slot))).await;
        }
        let mut tried_at = self.tried_at.lock().await;
        let Some(error) = stopped() else { return Ok(()) };
        if tried_at.is_some_and(|at| at.elapsed() < TRIED_AT_MOST) {
            return Err(error);
        }
        let tried = self.ask(|slot| Command::of_house(Work::Trial(slot))).await;
        *tried_at = Some(Instant::now());
        tried
    }

    /// Hands a command to the writer and waits for what it says once the commit is kept.
    pub(crate) async fn ask<T>(&self, command: impl FnOnce(Slot<T>) -> Command) -> Result<T, LedgerError> {
        let (reply, answer) = oneshot::channel();
        self.queue.push(command(Slot::new(reply)))?;
        // The writer that had it in hand is gone without a word.
        answer.await.unwrap_or_else(|_| Err(broke_off()))
    }
}

/// Lets a writer work until the queue is closed, and another one when it breaks off.
async fn keep_writing<W: Future<Output = ()> + Send>(
    queue: Arc<Queue>,
    notes: Notes,
    mut writer: impl FnMut(Arc<Queue>) -> W,
) {
    let mut pause = PAUSE_LEAST;
    loop {
        let began = Instant::now();
        let writing = AssertUnwindSafe(writer(Arc::clone(&queue))).catch_unwind();
        let ended = tokio::select! {
            ended = writing => ended,
            never = try_while_stopped(&queue, &notes) => match never {},
        };
        if ended.is_ok() {
            return;
        }
        if began.elapsed() > HELD_OUT {
            pause = PAUSE_LEAST;
        }
        let error = LedgerError::Unavailable(
            "the ledger's writer broke off, and another one starts by itself; report this, with what the log says of it"
                .to_owned(),
        );
        tracing::error!(
            pause.milliseconds = pause.as_millis(),
            "the ledger's writer broke off and is started again; report this"
        );
        notes.note(Sort::Intake, 1, &Err(error.clone()));
        queue.refuse(&error);
        tokio::select! {
            () = sleep(pause) => {}
            () = queue.closed() => {}
        }
        queue.go_on();
        pause = (pause * 2).min(PAUSE_MOST);
    }
}

/// Finds out by itself when the cause has ended: senders who were refused may be gone.
async fn try_while_stopped(queue: &Queue, notes: &Notes) -> Infallible {
    let mut health = notes.health();
    loop {
        if health.wait_for(|health| health.stop().is_some()).await.is_err() {
            std::future::pending::<()>().await;
        }
        let (reply, answer) = oneshot::channel();
        if queue.push(Command::of_house(Work::Trial(Slot::new(reply)))).is_ok() {
            // What it came to is noted already.
            let _ = answer.await;
        }
        if health.borrow().stop().is_some() {
            sleep(TRIED_EVERY).await;
        }
    }
}

fn broke_off() -> LedgerError {
    LedgerError::Unavailable(
        "the ledger's writer broke off, and another one starts by itself; whether this was kept is not known, so send it \
         again: what was kept is known again and not taken twice"
            .to_owned(),
    )
}
