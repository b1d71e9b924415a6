//! The worker behind the ready line: makes the tables in Dataverse, then lets the relay run until everything ends.

use std::{sync::Arc, time::Duration};

use dataverse::Client;
use ledger::{Ledger, chance::Seeded};
use model::{clock::Clock, tenant::TenantId};
use pipeline::{Scope, Step, Tenant};
use tokio::time;
use tokio_util::sync::CancellationToken;

use super::{Carrier, Target};
use crate::settings::Settings;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How long an echo may be under way.
const GRACE: Duration = Duration::from_secs(5);

pub struct Road {
    pub carrier: Arc<Carrier>,
    pub target: Target,
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
pub fn pace(settings: &Settings, target: &Target) -> pipeline::Settings {
    let usual = pipeline::Settings::default();
    pipeline::Settings {
        tenants: tenants(),
        read_back_every: target.read_back_every(),
        mirror_every: settings.mirror_every,
        unconfirmed_after: 2 * settings.mirror_every + GRACE,
        budget: settings.budget,
        hold: settings.lease.unwrap_or(usual.hold),
        ..usual
    }
}

impl Road {
    /// Runs until `stop`, then ends in order.
    pub async fn run(self, stop: CancellationToken) {
        let Some(client) = &self.client else { return };
        let ready = stop.run_until_cancelled(prepared(&self.carrier, client)).await;
        if ready.is_some() {
            let chance = Seeded::new(self.seed);
            let relay = pipeline::start(self.ledger, client.clone(), self.settings, self.clock, chance, stop);
            self.carrier.carrying(client.clone(), relay.watch());
            relay.stopped().await;
        }
        self.target.close().await;
    }
}

/// Tries until the tables stand. What keeps them from it is said on the panel, and intake goes on meanwhile.
async fn prepared(carrier: &Carrier, client: &Client) {
    let mut pause = FIRST_PAUSE;
    loop {
        let mut made = |step: &Step| tracing::info!(%step, "made in Dataverse");
        let asked = match pipeline::provision(client, &tenants(), Scope::Tables, &mut made).await {
            Ok(()) => {
                tracing::info!("the tables in Dataverse are ready");
                return;
            }
            Err(error) => {
                tracing::warn!(error = %error, "Dataverse cannot be made ready yet");
                carrier.delayed(error.to_string());
                error.retry_after().unwrap_or_default()
            }
        };
        time::sleep(pause.max(asked)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
