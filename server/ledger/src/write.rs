//! What the writer is asked to do beside taking requests in: one type for each thing, which every store knows how to do
//! in its own way.

use futures::future::BoxFuture;
use model::{record::Kind, tenant::TenantId};
use sqlx::Error;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::{LedgerError, health::Sort};

/// What a statement without a record writes, in bytes.
pub(crate) const SMALL: usize = 64;

/// Something that is written in one transaction, with or without others.
pub(crate) trait Write: Send + 'static {
    type Answer: Send + 'static;

    /// The tenant whose share of the queue it takes; none for the ledger's own work.
    fn tenant(&self) -> Option<TenantId> {
        None
    }

    /// How many bytes it writes, about.
    fn weight(&self) -> usize {
        SMALL
    }

    /// What its success or failure is evidence of.
    fn sort(&self) -> Sort {
        Sort::System
    }
}

/// What a store is written with.
pub(crate) trait Backend: Default + Send + 'static {
    /// What the steps of one of its transactions work with.
    type Step<'a>: Send;
}

/// How it is done in one of the stores. What fails is undone with its transaction, and it may be done more than once until a
/// transaction is kept.
pub(crate) trait On<S: Backend>: Write {
    /// Whether it needs a transaction of its own, so that only itself fails when it takes too long.
    const TAKES_LONG: bool = false;
    /// Whether it is done after all else, since it skips what others have locked.
    const COMES_LAST: bool = false;

    /// The rows that have to be locked before it, where other processes write too: all that is written together locks its
    /// rows in one order.
    fn locks(&mut self, _step: &mut S::Step<'_>) -> impl Future<Output = Result<Locks, Error>> + Send {
        async { Ok(Locks::default()) }
    }

    fn perform(&mut self, step: &mut S::Step<'_>)
    -> impl Future<Output = Result<Self::Answer, Error>> + Send;
}

/// Rows that something is done to. Those that are not there need no lock.
#[derive(Default)]
pub(crate) struct Locks {
    pub(crate) records: Vec<(&'static Kind, TenantId, Uuid)>,
    pub(crate) rows: Vec<(&'static Kind, TenantId, i64)>,
    /// Entries of the outbox, whose rows are among `rows`.
    pub(crate) entries: Vec<(&'static Kind, TenantId, i64)>,
}

impl Locks {
    pub(crate) fn and(mut self, others: Self) -> Self {
        self.records.extend(others.records);
        self.rows.extend(others.rows);
        self.entries.extend(others.entries);
        self
    }
}

/// Where the answer goes. It is filled while the transaction runs and sent after its commit, or with the reason why
/// there was none.
pub(crate) struct Reply<T> {
    sender: oneshot::Sender<Result<T, LedgerError>>,
    value: Option<T>,
}

impl<T> Reply<T> {
    pub(crate) fn new(sender: oneshot::Sender<Result<T, LedgerError>>) -> Self {
        Self { sender, value: None }
    }

    pub(crate) fn fill(&mut self, value: T) {
        self.value = Some(value);
    }

    pub(crate) fn send(self, committed: &Result<(), LedgerError>) {
        let answer = match (committed, self.value) {
            (Ok(()), Some(value)) => Ok(value),
            (Ok(()), None) => Err(LedgerError::Closed),
            (Err(error), _) => Err(error.clone()),
        };
        // The asker may have gone; what was asked for is done all the same.
        let _ = self.sender.send(answer);
    }
}

/// A write on its way to the writer, whatever its answer is.
pub(crate) trait Job<S: Backend>: Send {
    fn tenant(&self) -> Option<TenantId>;
    fn weight(&self) -> usize;
    fn sort(&self) -> Sort;
    fn takes_long(&self) -> bool;
    fn comes_last(&self) -> bool;
    fn locks<'a, 's: 'a>(&'a mut self, step: &'a mut S::Step<'s>) -> BoxFuture<'a, Result<Locks, Error>>;
    fn perform<'a, 's: 'a>(&'a mut self, step: &'a mut S::Step<'s>) -> BoxFuture<'a, Result<(), Error>>;
    /// Answers, now that it is known whether there was a commit.
    fn finish(self: Box<Self>, committed: &Result<(), LedgerError>);
}

/// A write, and where its answer goes.
pub(crate) struct QueuedWrite<W: Write> {
    pub(crate) write: W,
    pub(crate) reply: Reply<W::Answer>,
}

impl<S: Backend, W: On<S>> Job<S> for QueuedWrite<W> {
    fn tenant(&self) -> Option<TenantId> {
        self.write.tenant()
    }

    fn weight(&self) -> usize {
        self.write.weight()
    }

    fn sort(&self) -> Sort {
        self.write.sort()
    }

    fn takes_long(&self) -> bool {
        W::TAKES_LONG
    }

    fn comes_last(&self) -> bool {
        W::COMES_LAST
    }

    fn locks<'a, 's: 'a>(&'a mut self, step: &'a mut S::Step<'s>) -> BoxFuture<'a, Result<Locks, Error>> {
        Box::pin(self.write.locks(step))
    }

    fn perform<'a, 's: 'a>(&'a mut self, step: &'a mut S::Step<'s>) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.reply.fill(self.write.perform(step).await?);
            Ok(())
        })
    }

    fn finish(self: Box<Self>, committed: &Result<(), LedgerError>) {
        self.reply.send(committed);
    }
}
