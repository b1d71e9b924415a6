//! What the writer is asked to do, and how it answers.

use std::time::Duration;

use model::{
    record::{Kind, Record},
    tenant::TenantId,
    time::{MINUTE, Timestamp},
};
use tokio::{sync::oneshot, time::Instant};
use uuid::Uuid;

use crate::{
    Change, LedgerError, Mark, Outcome, Parcel, Reflected, Refusal,
    health::Sort,
    identity::{self, Identity, Stranger},
    marks::Errand,
    reflection::Page,
};

/// Where the answer goes. It is filled while the transaction runs and sent after its commit, or with the reason why
/// there was none.
pub(crate) struct Slot<T> {
    reply: oneshot::Sender<Result<T, LedgerError>>,
    value: Option<T>,
}

impl<T> Slot<T> {
    pub(crate) fn new(reply: oneshot::Sender<Result<T, LedgerError>>) -> Self {
        Self { reply, value: None }
    }

    pub(crate) fn fill(&mut self, value: T) {
        self.value = Some(value);
    }

    fn send(self, committed: &Result<(), LedgerError>) {
        let answer = match (committed, self.value) {
            (Ok(()), Some(value)) => Ok(value),
            (Ok(()), None) => Err(LedgerError::Closed),
            (Err(error), _) => Err(error.clone()),
        };
        // Whoever asked may have gone; what was asked for is done all the same.
        let _ = self.reply.send(answer);
    }
}

pub(crate) struct Command {
    /// Whose share of the queue it takes; none for the house's own work.
    pub(crate) tenant: Option<TenantId>,
    pub(crate) weight: usize,
    pub(crate) work: Work,
    pub(crate) since: Instant,
}

/// What a statement without a record writes, in bytes.
const SMALL: usize = 64;

pub(crate) enum Work {
    Store(Request),
    Correct {
        target: Target,
        record: Box<Record>,
        answer: Slot<Change>,
    },
    Withdraw {
        target: Target,
        /// What waits may be in the hands of others, without a lease.
        fetched: bool,
        answer: Slot<Change>,
    },
    Lease {
        most: usize,
        hold: Duration,
        answer: Slot<Vec<Parcel>>,
    },
    Settle {
        tickets: Vec<Ticket>,
        how: Settlement,
        answer: Slot<()>,
    },
    Confirm {
        kind: &'static Kind,
        tenant: TenantId,
        read: Vec<(i64, i64)>,
        answer: Slot<u64>,
    },
    Resend {
        target: Target,
        by: String,
        answer: Slot<bool>,
    },
    ResendAll {
        tenant: TenantId,
        most: usize,
        by: String,
        answer: Slot<u64>,
    },
    Drop {
        target: Target,
        by: String,
        answer: Slot<bool>,
    },
    Mend {
        target: Target,
        record: Box<Record>,
        by: String,
        answer: Slot<Change>,
    },
    Reflect {
        page: Page,
        answer: Slot<Option<Vec<Reflected>>>,
    },
    Mark {
        kind: &'static Kind,
        errand: Errand,
        answer: Slot<Option<Mark>>,
    },
    Spend {
        cost: i64,
        answer: Slot<()>,
    },
    /// Mends what was counted wrong where it was, adds up old hours and lets old receipts go; says how many of these.
    Tend {
        mends: bool,
        answer: Slot<i64>,
    },
    Claim {
        asked: Box<identity::Asked>,
        answer: Slot<Result<Identity, Stranger>>,
    },
    /// What stands in Dataverse was looked at: ours is not older any more.
    Looked(Slot<()>),
    /// Writes nothing that anybody reads, to see whether writing works.
    Probe(Slot<()>),
    /// Asks for more than anything of ours does, to see whether everything can be kept again.
    Trial(Slot<()>),
    /// Spoils the connection, as no disk would do on demand.
    #[cfg(test)]
    Spoil(&'static str, Slot<()>),
    /// Breaks the writer off, as no bug would do on demand.
    #[cfg(test)]
    BreakOff(Slot<()>),
}

/// One request's records of one kind.
pub(crate) struct Request {
    pub(crate) tenant: TenantId,
    pub(crate) kind: &'static Kind,
    pub(crate) records: Vec<Record>,
    /// Of all records, in bytes.
    pub(crate) weight: usize,
    pub(crate) answer: Slot<Vec<Outcome>>,
}

impl Request {
    pub(crate) fn new(
        tenant: TenantId,
        kind: &'static Kind,
        records: Vec<Record>,
        answer: Slot<Vec<Outcome>>,
    ) -> Self {
        let weight = records.iter().map(Record::weight).sum();
        Self { tenant, kind, records, weight, answer }
    }
}

/// Which record is meant, and which revision of it.
pub(crate) struct Target {
    pub(crate) tenant: TenantId,
    pub(crate) kind: &'static Kind,
    pub(crate) id: Uuid,
    pub(crate) expected_revision: Option<i64>,
}

impl Target {
    /// The record, whatever its revision.
    pub(crate) const fn any(tenant: TenantId, kind: &'static Kind, id: Uuid) -> Self {
        Self { tenant, kind, id, expected_revision: None }
    }
}

/// A parcel that comes back.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) tenant: TenantId,
    pub(crate) kind: &'static Kind,
    pub(crate) position: i64,
    pub(crate) revision: i64,
    pub(crate) epoch: i64,
    pub(crate) due_at: i64,
    /// Why it is dead, when it is.
    pub(crate) refusal: Option<Refusal>,
}

impl Ticket {
    pub(crate) fn of(parcel: &Parcel) -> Self {
        Self {
            tenant: parcel.tenant,
            kind: parcel.kind,
            position: parcel.position,
            revision: parcel.revision,
            epoch: parcel.epoch,
            due_at: parcel.due_at,
            refusal: None,
        }
    }
}

/// How parcels come back.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Settlement {
    Delivered { at: Timestamp },
    Postponed { until: Timestamp },
    HandedBack,
    Dead,
}

impl Settlement {
    /// When Dataverse acknowledged it, by the store's clock: the asker's says how long ago that was, and may have been set
    /// since.
    pub(crate) fn acknowledged(at: Timestamp, asked_at: Timestamp, now: Timestamp) -> Timestamp {
        now.plus(at.since(asked_at).clamp(-MINUTE, 0))
    }
}

impl Command {
    pub(crate) fn of_tenant(tenant: TenantId, work: Work) -> Self {
        Self { tenant: Some(tenant), weight: work.weight(), work, since: Instant::now() }
    }

    pub(crate) fn of_house(work: Work) -> Self {
        Self { tenant: None, weight: work.weight(), work, since: Instant::now() }
    }
}

impl Work {
    /// Answers, now that it is known whether there was a commit.
    pub(crate) fn finish(self, committed: &Result<(), LedgerError>) {
        match self {
            Self::Store(request) => request.answer.send(committed),
            Self::Correct { answer, .. } | Self::Withdraw { answer, .. } | Self::Mend { answer, .. } => {
                answer.send(committed);
            }
            Self::Lease { answer, .. } => answer.send(committed),
            Self::Settle { answer, .. }
            | Self::Spend { answer, .. }
            | Self::Looked(answer)
            | Self::Probe(answer)
            | Self::Trial(answer) => answer.send(committed),
            Self::Confirm { answer, .. } | Self::ResendAll { answer, .. } => answer.send(committed),
            Self::Resend { answer, .. } | Self::Drop { answer, .. } => answer.send(committed),
            Self::Reflect { answer, .. } => answer.send(committed),
            Self::Mark { answer, .. } => answer.send(committed),
            Self::Tend { answer, .. } => answer.send(committed),
            Self::Claim { answer, .. } => answer.send(committed),
            #[cfg(test)]
            Self::Spoil(_, answer) | Self::BreakOff(answer) => answer.send(committed),
        }
    }

    /// How many bytes it writes, about.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Store(request) => request.weight.max(SMALL),
            Self::Correct { record, .. } | Self::Mend { record, .. } => record.weight(),
            // A handful of statements, however many letters they are.
            Self::ResendAll { .. } => 256 * 1024,
            _ => SMALL,
        }
    }

    /// What its success or failure is evidence of.
    pub(crate) const fn sort(&self) -> Sort {
        match self {
            Self::Store(_)
            | Self::Correct { .. }
            | Self::Withdraw { .. }
            | Self::Resend { .. }
            | Self::Drop { .. }
            | Self::Mend { .. } => Sort::Intake,
            Self::Trial(_) => Sort::Trial,
            _ => Sort::House,
        }
    }
}
