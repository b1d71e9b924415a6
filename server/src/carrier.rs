//! How delivery to Dataverse stands: what the ledger counts, and what the relay says of itself.

use std::sync::Arc;

use arc_swap::ArcSwap;
use ledger::{Ledger, LedgerError};
use model::{
    delivery::{Delivery, DeliveryState},
    tenant::TenantId,
};

/// Who carries records to Dataverse, from the moment the server starts.
pub struct Carrier(ArcSwap<Stage>);

enum Stage {
    /// Nobody: a flow does.
    Resting,
    /// The organisation is being made ready. The sentence says what keeps that from ending.
    Preparing(Option<String>),
}

impl Carrier {
    #[must_use]
    pub fn resting() -> Self {
        Self(ArcSwap::from_pointee(Stage::Resting))
    }

    #[must_use]
    pub fn preparing() -> Self {
        Self(ArcSwap::from_pointee(Stage::Preparing(None)))
    }

    pub fn delayed(&self, reason: String) {
        self.0.store(Arc::new(Stage::Preparing(Some(reason))));
    }

    /// Name and value of what is known of the organisation.
    #[must_use]
    pub fn facts(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// Where a tenant's records stand.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn delivery(&self, ledger: &Ledger, tenant: TenantId) -> Result<Delivery, LedgerError> {
        let standing = ledger.standing(tenant).await?;
        let (state, reason) = match &**self.0.load() {
            Stage::Resting | Stage::Preparing(None) => (DeliveryState::Ok, None),
            Stage::Preparing(Some(reason)) => (DeliveryState::Stopped, Some(reason.clone())),
        };
        Ok(Delivery {
            state,
            reason,
            pending: standing.pending,
            oldest_pending: standing.oldest_pending,
            balance: standing.balance,
        })
    }
}
