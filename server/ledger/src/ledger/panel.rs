//! What people set on the panel.

use model::{
    note::{DayNote, WrittenNote},
    tenant::TenantId,
};
use uuid::Uuid;

use super::Ledger;
use crate::{
    LedgerError, NotesFull, PanelSettings,
    panel::{AddNote, RemoveNote, SetCostBudget},
};

impl Ledger {
    /// Keeps a note; none where there are as many as there may be.
    pub async fn add_note(
        &self,
        tenant: TenantId,
        note: WrittenNote,
    ) -> Result<Result<DayNote, NotesFull>, LedgerError> {
        self.write(AddNote { tenant, note }).await
    }

    /// The notes at these days, both included and written as `2026-11-21`: by day, and of one day in the order in which they
    /// came.
    pub async fn notes(
        &self,
        tenant: TenantId,
        first: &str,
        last: &str,
    ) -> Result<Vec<DayNote>, LedgerError> {
        read!(self, panel::notes(tenant, first, last))
    }

    /// Lets a note go. Says whether it was there.
    pub async fn remove_note(&self, tenant: TenantId, id: Uuid) -> Result<bool, LedgerError> {
        self.write(RemoveNote { tenant, id }).await
    }

    /// Sets what a month may cost, in hundred-thousandths of a dollar, or takes that back.
    pub async fn set_cost_budget(&self, tenant: TenantId, budget_e5: Option<i64>) -> Result<(), LedgerError> {
        self.write(SetCostBudget { tenant, budget_e5 }).await
    }

    /// What was set on the panel.
    pub async fn panel_settings(&self, tenant: TenantId) -> Result<PanelSettings, LedgerError> {
        read!(self, panel::settings(tenant))
    }
}
