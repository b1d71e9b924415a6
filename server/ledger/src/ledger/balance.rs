//! Where records stand, what that costs, and whose ledger it is.

use model::{tenant::TenantId, time::Timestamp};

use super::{Ledger, Store};
use crate::{
    Claim, ClaimError, DeliveryCounts, HourBalance, LedgerError, LedgerIdentity, Traces,
    identity::{ClaimLedger, Looked},
    meters,
    spending::Spend,
};

impl Ledger {
    /// Where a tenant's records stand, all figures of one moment.
    pub async fn delivery_counts(&self, tenant: TenantId) -> Result<DeliveryCounts, LedgerError> {
        meters::figures(async { read!(self, delivery_counts::delivery_counts(tenant)) }).await
    }

    /// The balance of each hour from then on, of 48 hours at the most: oldest first, each kind's after the other's.
    pub async fn hours(&self, tenant: TenantId, from: Timestamp) -> Result<Vec<HourBalance>, LedgerError> {
        read!(self, hours::hours(tenant, from))
    }

    /// Adds to this hour what requests to Dataverse cost, for all tenants together.
    pub async fn spend(&self, cost: i64) -> Result<(), LedgerError> {
        self.write(Spend { cost }).await
    }

    /// What requests to Dataverse cost, by the hour (UTC) that began then, oldest first; the hour of `since` is the first.
    pub async fn spent(&self, since: Timestamp) -> Result<Vec<(Timestamp, i64)>, LedgerError> {
        read!(self, spending::spent(since))
    }

    /// To which organisation it belongs, and what it holds.
    pub async fn identity(&self) -> Result<LedgerIdentity, LedgerError> {
        read!(self, identity::identity())
    }

    /// Since when Dataverse may hold newer states than the ledger, if it may.
    pub async fn copied_at(&self) -> Result<Option<Timestamp>, LedgerError> {
        Ok(self.identity().await?.copied_at)
    }

    /// What stands in Dataverse was looked at: from now on what waits here is the newest again.
    pub async fn looked(&self) -> Result<(), LedgerError> {
        self.write(Looked).await
    }

    /// Says that records are to be taken there, which binds a ledger that has no owner yet. After a refusal nothing is to be
    /// taken there.
    ///
    /// # Errors
    /// Each says what to do about it.
    pub async fn claim(&self, claim: Claim, traces: Traces) -> Result<LedgerIdentity, ClaimError> {
        let place = (*self.place).clone();
        let identity = self.write(ClaimLedger { claim, traces, place }).await??;
        if let Store::Database(postgres) = self.behind() {
            postgres.keep_to(identity.generation);
        }
        Ok(identity)
    }

    /// Looks after what is counted while it is not waited for: counts anew what is counted as it changes, adds up hours
    /// older than a week, and lets receipts older than three days go. Says of how many hours the backlog was counted wrong;
    /// it is right afterwards.
    pub async fn tend(&self) -> Result<usize, LedgerError> {
        either!(self, store => store.tend().await)
    }
}
