//! The worker behind the ready line: makes the tables in Dataverse, then lets the relay run until everything ends.

use std::{sync::Arc, time::Duration};

use dataverse::Client;
use ledger::Ledger;
use model::{clock::Clock, record::KINDS, rng::Seeded, tenant::TenantId};
use pipeline::{Mapping, ProvisionScope, ProvisionStep, Tenant};
use tokio::time;
use tokio_util::sync::CancellationToken;

use super::{DataverseEndpoint, DeliveryService, belonging};
use crate::settings::Settings;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How long an echo may be under way.
const GRACE: Duration = Duration::from_secs(5);

pub struct DeliveryWorker {
    pub delivery_service: Arc<DeliveryService>,
    pub target: DataverseEndpoint,
    pub client: Option<Client>,
    pub ledger: Ledger,
    pub clock: Arc<dyn Clock>,
    pub seed: u64,
    pub settings: pipeline::Settings,
}

/// The tenant that every installation begins with.
#[must_use]
pub fn tenants() -> Vec<Tenant> {
    vec![Tenant { id: TenantId::FIRST, name: "Studio".to_owned() }]
}

/// How fast to go and how often to look, as it was set.
#[must_use]
pub fn pace(settings: &Settings, target: &DataverseEndpoint) -> pipeline::Settings {
    pipeline::Settings {
        mapping: Arc::new(Mapping::named(KINDS, &settings.names)),
        tenants: tenants(),
        read_back_every: target.read_back_every(),
        unconfirmed_after: 2 * settings.mirror_every + GRACE,
        budget: settings.budget,
        ..pipeline::Settings::new(settings.mirror_every, settings.lease)
    }
}

impl DeliveryWorker {
    /// Runs until `stop`, then ends in order.
    pub async fn run(self, stop: CancellationToken) {
        if let Some(client) = &self.client {
            self.delivery_service
                .keep("the way to Dataverse", &stop, || self.carry(client, stop.clone()))
                .await;
        }
        self.target.close().await;
    }

    async fn carry(&self, client: &Client, stop: CancellationToken) {
        let ready = stop.run_until_cancelled(self.prepared(client)).await;
        if let Some(mapping) = ready {
            let (ledger, client, random) = (self.ledger.clone(), client.clone(), Seeded::new(self.seed));
            let mapping = Arc::new(mapping);
            let settings = pipeline::Settings { mapping: Arc::clone(&mapping), ..self.settings.clone() };
            let clock = Arc::clone(&self.clock);
            let relay = pipeline::start(ledger, client.clone(), settings, clock, random, stop);
            self.delivery_service.carrying(client, mapping, relay.watch());
            relay.stopped().await;
        }
    }

    /// Tries until the organisation is the ledger's and the tables stand. What keeps them from it is said on the panel, and
    /// intake goes on meanwhile.
    async fn prepared(&self, client: &Client) -> Mapping {
        let mut pause = FIRST_PAUSE;
        loop {
            let (reason, asked) = match self.prepare(client).await {
                Ok(mapping) => {
                    tracing::info!("the tables in Dataverse are ready");
                    return mapping;
                }
                Err(delayed) => delayed,
            };
            tracing::warn!(error = %reason, "Dataverse cannot be made ready yet");
            self.delivery_service.delayed(reason);
            time::sleep(pause.max(asked)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Nothing goes to an organisation, not even a table, before it is known to be the ledger's. Says what is in the way, and
    /// for how long Dataverse asks to be left alone.
    ///
    /// The emulator inside is this server's own; the schema of a real organisation is changed by `studio provision` alone.
    async fn prepare(&self, client: &Client) -> Result<Mapping, (String, Duration)> {
        let mapping = &*self.settings.mapping;
        let ready = if matches!(self.target, DataverseEndpoint::Real(_)) {
            let known = belonging::contact(&self.target, client, &self.ledger).await;
            known.map_err(|error| (error.to_string(), Duration::ZERO))?;
            pipeline::stands(client, mapping).await
        } else {
            let mut made = |step: &ProvisionStep| tracing::info!(%step, "made in Dataverse");
            pipeline::provision(client, mapping, &tenants(), ProvisionScope::Tables, &mut made).await
        };
        ready.map_err(|error| (error.to_string(), error.retry_after().unwrap_or_default()))?;
        let stands = mapping.clone().as_it_stands(client).await;
        stands.map_err(|error| (error.to_string(), error.retry_after().unwrap_or_default()))
    }
}
