//! What the writer is asked to do, and how it answers.

use std::time::Duration;

use model::{
    record::{Kind, Record},
    tenant::TenantId,
    time::{Instant, MINUTE},
};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::{
    Change, LedgerError, Mark, Outcome, Parcel, Reflected, Refusal, marks::Errand, reflection::Page,
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
    /// How many records it writes, about.
    pub(crate) weight: usize,
    pub(crate) work: Work,
}

pub(crate) enum Work {
    Store(Request),
    Correct {
        target: Target,
        record: Box<Record>,
        answer: Slot<Change>,
    },
    Withdraw {
        target: Target,
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
        answer: Slot<Vec<Reflected>>,
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
    /// Writes nothing that anybody reads, to see whether writing works.
    Probe(Slot<()>),
    /// Spoils the connection, as no disk would do on demand.
    #[cfg(test)]
    Spoil(&'static str, Slot<()>),
}

/// One request's records of one kind.
pub(crate) struct Request {
    pub(crate) tenant: TenantId,
    pub(crate) kind: &'static Kind,
    pub(crate) records: Vec<Record>,
    pub(crate) answer: Slot<Vec<Outcome>>,
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
    Delivered { at: Instant },
    Postponed { until: Instant },
    HandedBack,
    Dead,
}

impl Settlement {
    /// When Dataverse acknowledged it, by the store's clock: the asker's says how long ago that was, and may have been set
    /// since.
    pub(crate) fn acknowledged(at: Instant, asked_at: Instant, now: Instant) -> Instant {
        now.plus(at.since(asked_at).clamp(-MINUTE, 0))
    }
}

impl Command {
    pub(crate) fn of_tenant(tenant: TenantId, weight: usize, work: Work) -> Self {
        Self { tenant: Some(tenant), weight, work }
    }

    pub(crate) fn of_house(work: Work) -> Self {
        Self { tenant: None, weight: 1, work }
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
            Self::Settle { answer, .. } | Self::Spend { answer, .. } | Self::Probe(answer) => {
                answer.send(committed);
            }
            Self::Confirm { answer, .. } => answer.send(committed),
            Self::Resend { answer, .. } | Self::Drop { answer, .. } => answer.send(committed),
            Self::Reflect { answer, .. } => answer.send(committed),
            Self::Mark { answer, .. } => answer.send(committed),
            #[cfg(test)]
            Self::Spoil(_, answer) => answer.send(committed),
        }
    }
}
