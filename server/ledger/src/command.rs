//! What waits for the writer: requests, which it takes in together, and everything else that is written.

use model::{
    record::{Kind, Record},
    tenant::TenantId,
};
use tokio::{sync::oneshot, time::Instant};

use crate::{
    LedgerError, Outcome,
    health::Sort,
    write::{Backend, Job, On, QueuedWrite, Reply, SMALL},
};

pub(crate) struct Command<S: Backend> {
    pub(crate) work: Work<S>,
    pub(crate) since: Instant,
}

pub(crate) enum Work<S: Backend> {
    Store(RecordsRequest),
    Write(Box<dyn Job<S>>),
}

/// One request's records of one kind.
pub(crate) struct RecordsRequest {
    pub(crate) tenant: TenantId,
    pub(crate) kind: &'static Kind,
    pub(crate) records: Vec<Record>,
    /// Of all records, in bytes.
    pub(crate) weight: usize,
    pub(crate) reply: Reply<Vec<Outcome>>,
}

impl RecordsRequest {
    pub(crate) fn new(
        tenant: TenantId,
        kind: &'static Kind,
        records: Vec<Record>,
        reply: Reply<Vec<Outcome>>,
    ) -> Self {
        let weight = records.iter().map(Record::weight).sum();
        Self { tenant, kind, records, weight, reply }
    }
}

impl<S: Backend> Command<S> {
    pub(crate) fn new(work: Work<S>) -> Self {
        Self { work, since: Instant::now() }
    }

    /// With where its answer will be.
    pub(crate) fn write<W: On<S>>(write: W) -> (Self, oneshot::Receiver<Result<W::Answer, LedgerError>>) {
        let (sender, answer) = oneshot::channel();
        (Self::new(Work::Write(Box::new(QueuedWrite { write, reply: Reply::new(sender) }))), answer)
    }

    /// The tenant whose share of the queue it takes; none for the ledger's own work.
    pub(crate) fn tenant(&self) -> Option<TenantId> {
        match &self.work {
            Work::Store(request) => Some(request.tenant),
            Work::Write(job) => job.tenant(),
        }
    }

    pub(crate) fn weight(&self) -> usize {
        self.work.weight()
    }
}

impl<S: Backend> Work<S> {
    /// Answers, now that it is known whether there was a commit.
    pub(crate) fn finish(self, committed: &Result<(), LedgerError>) {
        match self {
            Self::Store(request) => request.reply.send(committed),
            Self::Write(job) => job.finish(committed),
        }
    }

    /// How many bytes it writes, about.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Store(request) => request.weight.max(SMALL),
            Self::Write(job) => job.weight(),
        }
    }

    /// What its success or failure is evidence of.
    pub(crate) fn sort(&self) -> Sort {
        match self {
            Self::Store(_) => Sort::Intake,
            Self::Write(job) => job.sort(),
        }
    }
}
