//! What corrections and withdrawals have in common, whatever the store.

use model::record::{Kind, Need, Record, Stored};

use crate::{Change, command::Target};

/// Says so when the revision that was expected is not the one that stands.
pub(crate) fn outdated(target: &Target, stored: &Stored) -> Option<Change> {
    let current = stored.revision;
    target
        .expected_revision
        .filter(|expected| *expected != current)
        .map(|_| Change::RevisionMismatch { current })
}

/// The record as it is corrected: its name stays when none came, and so does a time that was left out.
pub(crate) fn corrected(kind: &Kind, record: &Record, stored: &Stored) -> Stored {
    let mut record = record.clone();
    if !record.timed
        && let Some(at) = time_field(kind)
    {
        record.values[at] = stored.record.values[at].clone();
        record.timed = true;
    }
    record.name = record.name.or_else(|| stored.record.name.clone());
    Stored {
        id: stored.id,
        revision: stored.revision + 1,
        received_at: stored.received_at,
        exported_at: None,
        record,
    }
}

/// The position of a kind's own time among its fields.
pub(crate) fn time_field(kind: &Kind) -> Option<usize> {
    kind.fields.iter().position(|field| field.need == Need::Arrival)
}

/// What happened to records on the way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Passage {
    pub(crate) delivered: i64,
    pub(crate) confirmed: i64,
    pub(crate) withdrawn_unsent: i64,
}
