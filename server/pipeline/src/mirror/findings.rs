//! Rows that were asked for by their ids and are not there, or say something else, on their way from the read-back to the
//! mirror, which knows what to do about them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use model::{record::Kind, time::Timestamp};
use uuid::Uuid;

/// Nothing here has to outlast the process: what is not seen to is found again at the read-back's next look.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings(Arc<Mutex<BTreeMap<&'static str, RowFindings>>>);

/// Ids of one kind's rows.
#[derive(Debug, Default)]
pub(super) struct RowFindings {
    /// And when they were asked for.
    pub(super) missing: BTreeMap<Uuid, Timestamp>,
    pub(super) differing: BTreeSet<Uuid>,
}

impl Findings {
    pub(crate) fn missing(&self, kind: &Kind, id: Uuid, asked_at: Timestamp) {
        self.locked().entry(kind.name).or_default().missing.insert(id, asked_at);
    }

    pub(crate) fn differing(&self, kind: &Kind, id: Uuid) {
        self.locked().entry(kind.name).or_default().differing.insert(id);
    }

    /// All of a kind since it was asked last.
    pub(super) fn take(&self, kind: &Kind) -> RowFindings {
        self.locked().remove(kind.name).unwrap_or_default()
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<&'static str, RowFindings>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
