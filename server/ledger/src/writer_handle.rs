//! How writing is asked for: whatever the store, one writer takes what waits and answers when it is kept. A writer that
//! breaks off leaves no asker waiting, and another one takes its place.

use std::{
    convert::Infallible,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::FutureExt as _;

use model::{record::Record, tenant::TenantId};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use crate::{
    LedgerError, Outcome, WriteHealth,
    command::{Command, RecordsRequest, Work},
    health::{Notes, Sort},
    probe::{Probe, ProbeWrite},
    queue::Queue,
    write::{Backend, On, Reply},
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

pub(crate) struct WriterHandle<S: Backend> {
    queue: Arc<Queue<S>>,
    notes: Notes,
    /// When a question whether writing works led to a trial last.
    tried_at: tokio::sync::Mutex<Option<Instant>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl<S: Backend> WriterHandle<S>
where
    Probe: On<S>,
    ProbeWrite: On<S>,
{
    /// `writer` makes what works the queue off until it is closed and empty, and notes how each group came out. It is
    /// asked for another one when one breaks off, whose state cannot be trusted.
    pub(crate) fn open<W: Future<Output = ()> + Send + 'static>(
        notes: Notes,
        writer: impl FnMut(Arc<Queue<S>>) -> W + Send + 'static,
    ) -> Self {
        let queue = Arc::new(Queue::default());
        let kept = tokio::spawn(keep_writing(Arc::clone(&queue), notes.clone(), writer));
        Self { queue, notes, tried_at: tokio::sync::Mutex::default(), writer: Mutex::new(Some(kept)) }
    }

    /// How writing goes.
    pub(crate) fn health(&self) -> watch::Receiver<WriteHealth> {
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
        let (sender, answer) = oneshot::channel();
        let request = RecordsRequest::new(tenant, kind, records, Reply::new(sender));
        self.ask(Command::new(Work::Store(request)), answer).await
    }

    pub(crate) async fn write<W: On<S>>(&self, write: W) -> Result<W::Answer, LedgerError> {
        let (command, answer) = Command::write(write);
        self.ask(command, answer).await
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
            return self.write(Probe).await;
        }
        let mut tried_at = self.tried_at.lock().await;
        let Some(error) = stopped() else { return Ok(()) };
        if tried_at.is_some_and(|at| at.elapsed() < TRIED_AT_MOST) {
            return Err(error);
        }
        let tried = self.write(ProbeWrite).await;
        *tried_at = Some(Instant::now());
        tried
    }

    /// Hands a command to the writer and waits for what it says once the commit is kept.
    async fn ask<T>(
        &self,
        command: Command<S>,
        answer: oneshot::Receiver<Result<T, LedgerError>>,
    ) -> Result<T, LedgerError> {
        self.queue.push(command)?;
        // The writer that had it in hand is gone without a word.
        answer.await.unwrap_or_else(|_| Err(broke_off()))
    }
}

/// Lets a writer work until the queue is closed, and another one when it breaks off.
async fn keep_writing<S: Backend, W: Future<Output = ()> + Send>(
    queue: Arc<Queue<S>>,
    notes: Notes,
    mut writer: impl FnMut(Arc<Queue<S>>) -> W,
) where
    ProbeWrite: On<S>,
{
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
async fn try_while_stopped<S: Backend>(queue: &Queue<S>, notes: &Notes) -> Infallible
where
    ProbeWrite: On<S>,
{
    let mut health = notes.health();
    loop {
        if health.wait_for(|health| health.stop().is_some()).await.is_err() {
            std::future::pending::<()>().await;
        }
        let (trial, answer) = Command::write(ProbeWrite);
        if queue.push(trial).is_ok() {
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
