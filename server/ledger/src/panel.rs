//! What people set on the panel: notes at days, and what holds for the panel of a tenant.

use model::{
    note::{DayNote, WrittenNote},
    tenant::TenantId,
};
use uuid::Uuid;

use crate::write::Write;

/// How many notes a tenant has at most: some for each day of several years, and a page can still list them.
pub(crate) const MOST_NOTES: i64 = 2_000;

/// There are as many notes as there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are {MOST_NOTES} notes, and no more can be kept; remove some that are not needed any more")]
pub struct NotesFull;

/// What was set on the panel, and holds instead of what the server was started with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PanelSettings {
    /// What a month may cost, in hundred-thousandths of a dollar; none where nothing was set.
    pub cost_budget_e5: Option<i64>,
}

/// Keeps a note.
pub(crate) struct AddNote {
    pub(crate) tenant: TenantId,
    pub(crate) note: WrittenNote,
}

/// Lets a note go. Says whether it was there.
pub(crate) struct RemoveNote {
    pub(crate) tenant: TenantId,
    pub(crate) id: Uuid,
}

/// Sets what a month may cost, or takes that back.
pub(crate) struct SetCostBudget {
    pub(crate) tenant: TenantId,
    pub(crate) budget_e5: Option<i64>,
}

impl Write for AddNote {
    type Answer = Result<DayNote, NotesFull>;

    fn tenant(&self) -> Option<TenantId> {
        Some(self.tenant)
    }

    fn weight(&self) -> usize {
        crate::write::SMALL + self.note.text.len() + self.note.author.len()
    }
}

impl Write for RemoveNote {
    type Answer = bool;

    fn tenant(&self) -> Option<TenantId> {
        Some(self.tenant)
    }
}

impl Write for SetCostBudget {
    type Answer = ();

    fn tenant(&self) -> Option<TenantId> {
        Some(self.tenant)
    }
}
