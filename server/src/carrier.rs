//! How records get to Dataverse: the road made ready, the relay on it, and where delivery stands.

mod attention;
pub mod belonging;
mod demo;
pub mod expiry;
mod organisation;
mod road;
mod rotation;
mod together;

use std::sync::Arc;

use arc_swap::ArcSwap;
use dataverse::Client;
use jiff::civil::Date;
use ledger::{Ledger, LedgerError, Question};
use model::{
    delivery::{Delivery, DeliveryState},
    record::Kind,
    tenant::TenantId,
    time::Instant,
};
use pipeline::RelayStatus;
use tokio::sync::watch;

pub use demo::Demo;
use organisation::FOLDER as EMULATOR;
pub use organisation::Target;
pub use road::{Road, pace, tenants};
pub use rotation::Rotation;

use together::Together;

/// What the rest of the server knows of delivery, from the moment it starts.
pub struct Carrier {
    /// The organisation's address, or what stands in for it.
    place: String,
    /// Trouble on demand, where an emulator is inside.
    pub demo: Option<Demo>,
    /// The last day of the credentials.
    expires: ArcSwap<Option<Date>>,
    stage: ArcSwap<Stage>,
    /// Where records stand and what is asked, for all who look at once.
    counted: Together<(ledger::Standing, Vec<(&'static Kind, Question)>)>,
}

enum Stage {
    /// Nobody carries: a flow does.
    Resting,
    /// The organisation is being made ready. The sentence says what keeps that from ending.
    Preparing(Option<String>),
    Carrying(Box<Relay>),
}

/// The relay as others see it.
struct Relay {
    client: Client,
    status: watch::Receiver<RelayStatus>,
}

/// What is known of the organisation and of the road to it.
#[derive(Clone, Debug)]
pub struct Standing {
    pub place: String,
    pub relay: Option<RelayStatus>,
    pub token: Option<dataverse::TokenStats>,
    pub expires: Option<Date>,
    /// How long Dataverse wants to be left alone.
    pub held_back: Option<std::time::Duration>,
}

impl Standing {
    /// What an administrator should hear before it becomes a fault.
    #[must_use]
    pub fn warnings(&self, now: Instant) -> Vec<String> {
        self.expires.and_then(|last_day| expiry::warning(last_day, now)).into_iter().collect()
    }
}

impl Carrier {
    #[must_use]
    pub fn to(target: &Target) -> Self {
        let stage = if matches!(target, Target::Nobody) { Stage::Resting } else { Stage::Preparing(None) };
        Self {
            place: target.place(),
            demo: target.controls().map(Demo::of),
            expires: ArcSwap::from_pointee(target.expires()),
            stage: ArcSwap::from_pointee(stage),
            counted: Together::default(),
        }
    }

    fn expires(&self, last_day: Option<Date>) {
        self.expires.store(Arc::new(last_day));
    }

    fn delayed(&self, reason: String) {
        self.stage.store(Arc::new(Stage::Preparing(Some(reason))));
    }

    fn carrying(&self, client: Client, status: watch::Receiver<RelayStatus>) {
        self.stage.store(Arc::new(Stage::Carrying(Box::new(Relay { client, status }))));
    }

    #[must_use]
    pub fn standing(&self) -> Standing {
        let expires = **self.expires.load();
        let mut standing =
            Standing { place: self.place.clone(), relay: None, token: None, expires, held_back: None };
        if let Stage::Carrying(relay) = &**self.stage.load() {
            standing.relay = Some(relay.status.borrow().clone());
            standing.token = Some(relay.client.token_stats());
            standing.held_back = relay.client.held_back_for();
        }
        standing
    }

    /// Where a tenant's records stand.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn delivery(&self, ledger: &Ledger, tenant: TenantId) -> Result<Delivery, LedgerError> {
        let counted =
            async { Ok::<_, LedgerError>((ledger.standing(tenant).await?, ledger.questions().await?)) };
        let (counted, questions) = self.counted.get(tenant, counted).await?;
        let (state, reason) = self.state();
        Ok(Delivery {
            attention: attention::sentences(&counted, &questions),
            refused: counted.dead,
            state,
            reason,
            pending: counted.pending,
            oldest_pending: counted.oldest_pending,
            balance: counted.balance,
        })
    }

    fn state(&self) -> (DeliveryState, Option<String>) {
        match &**self.stage.load() {
            Stage::Resting | Stage::Preparing(None) => (DeliveryState::Ok, None),
            Stage::Preparing(Some(reason)) => (DeliveryState::Stopped, Some(reason.clone())),
            Stage::Carrying(relay) => {
                let status = relay.status.borrow();
                (status.state, status.reason.clone())
            }
        }
    }
}
