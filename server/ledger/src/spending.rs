//! What requests to Dataverse cost, by the hour, for all tenants together.

use model::time::Timestamp;

use crate::{Ledger, LedgerError, write::Write};

/// Adds a cost to this hour.
pub(crate) struct Spend {
    pub(crate) cost: i64,
}

impl Write for Spend {
    type Answer = ();
}

impl Ledger {
    /// Adds to this hour what requests to Dataverse cost, for all tenants together.
    pub async fn spend(&self, cost: i64) -> Result<(), LedgerError> {
        self.write(Spend { cost }).await
    }

    /// What requests to Dataverse cost, by the hour (UTC) that began then, oldest first; the hour of `since` is the first.
    pub async fn spent(&self, since: Timestamp) -> Result<Vec<(Timestamp, i64)>, LedgerError> {
        read!(self, spending::spent(since))
    }
}
