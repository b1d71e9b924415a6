//! Rows that were asked for by their ids and are not there, on their way from the read-back to the mirror, which knows
//! what to do about them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use model::record::Kind;
use uuid::Uuid;

/// Nothing here has to outlast the process: what is not seen to is missed again at the read-back's next look.
#[derive(Clone, Debug, Default)]
pub(crate) struct Missed(Arc<Mutex<BTreeMap<&'static str, BTreeSet<Uuid>>>>);

impl Missed {
    pub(crate) fn tell(&self, kind: &Kind, id: Uuid) {
        let mut missed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        missed.entry(kind.name).or_default().insert(id);
    }

    /// All of a kind since it was asked last.
    pub(super) fn take(&self, kind: &Kind) -> BTreeSet<Uuid> {
        let mut missed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        missed.remove(kind.name).unwrap_or_default()
    }
}
