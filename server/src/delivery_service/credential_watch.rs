//! A new secret or certificate without a restart: the files that the settings were read from are watched, and read
//! again when one changes.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use dataverse::Client;
use tokio::{fs, time};
use tokio_util::sync::CancellationToken;

use super::DeliveryService;
use crate::settings::{Mode, OrganisationSettings, Settings, Sources};

const ROUND: Duration = Duration::from_secs(5);

pub struct CredentialWatch {
    pub delivery_service: Arc<DeliveryService>,
    pub client: Client,
    pub organisation: OrganisationSettings,
    /// What the server was started with.
    pub sources: Sources,
}

/// When each file was changed last, and how long it is.
type Look = Vec<(PathBuf, Option<(SystemTime, u64)>)>;

impl CredentialWatch {
    /// Runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let watch = || self.watch(stop.clone());
        self.delivery_service.keep("the watch over the settings' files", &stop, watch).await;
    }

    async fn watch(&self, stop: CancellationToken) {
        let mut seen = self.look().await;
        while stop.run_until_cancelled(time::sleep(ROUND)).await.is_some() {
            let now = self.look().await;
            if now != seen {
                seen = now;
                self.take_up();
            }
        }
    }

    fn take_up(&self) {
        match Settings::read(&self.sources.again()) {
            Ok(Settings { way: Mode::Connected(new), .. }) if self.is_same(&new) => {
                self.client.rotate_credential(new.credential);
                self.delivery_service.expires(new.expires);
                tracing::info!(
                    "the settings' files changed; the next token is asked for with what they hold now"
                );
            }
            Ok(_) => tracing::warn!(
                "the settings' files changed, and name another organisation or application; restart to go there"
            ),
            Err(mistakes) => {
                tracing::warn!(%mistakes, "the settings' files changed; going on with the old ones");
            }
        }
    }

    fn is_same(&self, new: &OrganisationSettings) -> bool {
        let of = |organisation: &OrganisationSettings| {
            (organisation.address.clone(), organisation.token_url.clone(), organisation.client_id.clone())
        };
        of(new) == of(&self.organisation)
    }

    async fn look(&self) -> Look {
        let mut look = Vec::new();
        for path in self.sources.again().files() {
            let seen = fs::metadata(&path).await.ok();
            let seen = seen.and_then(|seen| Some((seen.modified().ok()?, seen.len())));
            look.push((path, seen));
        }
        look
    }
}
