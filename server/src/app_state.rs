//! Everything that a request may need, put together once.

use std::{net::SocketAddr, sync::Arc};

use app::pages::PipelineFacts;
use ledger::Ledger;
use metrics_exporter_prometheus::PrometheusHandle;
use model::{clock::Clock, time::Timestamp};
use tokio::sync::Semaphore;

use crate::{
    access::{
        FailedSignIns, KeyRing, MinuteAllowance, OwnNames, PasswordChecks, Provider, Sessions, WorkPermits,
        secret,
    },
    delivery_service::DeliveryService,
    files::SiteFiles,
    inspection::{Inspection, SharedAnswers},
    last_good::LastGood,
    random::{self, RequestIds},
    recounts::Recounts,
    settings::{PublicUrl, Settings},
    snapshot::Snapshots,
    targets::TargetMeters,
};

/// Beacons that count in a minute, and those of one network. Those of a crowd say the same.
const BEACONS: (u32, u32) = (120, 12);

/// Exports at one time. Each holds a page of records, and a reader of the ledger while it reads one.
const EXPORTS: usize = 4;

pub struct AppState {
    pub settings: Settings,
    pub names: OwnNames,
    /// What requests are held against.
    pub keys: Arc<KeyRing>,
    pub sessions: Sessions,
    pub passwords: PasswordChecks,
    pub failed_sign_ins: FailedSignIns,
    /// Who says who people are.
    pub provider: Option<Provider>,
    /// Whose pages may frame ours.
    pub frame_origins: Arc<[String]>,
    /// Under which address people reach the server.
    pub address: String,
    listening: SocketAddr,
    pub clock: Arc<dyn Clock>,
    pub ledger: Ledger,
    pub delivery_service: Arc<DeliveryService>,
    pub snapshots: Arc<Snapshots>,
    pub recounts: Arc<Recounts>,
    pub permits: WorkPermits,
    /// The right to have records sent for as long as that takes.
    pub exports: Arc<Semaphore>,
    /// What is told of the pipeline, and as a page.
    pub inspections: SharedAnswers<Arc<Inspection>>,
    pub pipeline_pages: SharedAnswers<Arc<PipelineFacts>>,
    pub last_pipeline: LastGood<PipelineFacts>,
    /// Whether the ledger is ready.
    pub readiness: SharedAnswers<()>,
    pub files: SiteFiles,
    pub metrics: PrometheusHandle,
    pub targets: Arc<TargetMeters>,
    /// Browsers that tell how fast they were.
    pub beacons: MinuteAllowance,
    pub request_ids: RequestIds,
}

pub type SharedState = Arc<AppState>;

impl AppState {
    /// # Errors
    /// When the ledger does not tell its keys, or a provider cannot be reached by TLS.
    pub async fn new(
        settings: Settings,
        listening: SocketAddr,
        clock: Arc<dyn Clock>,
        ledger: Ledger,
        delivery_service: Arc<DeliveryService>,
        metrics: PrometheusHandle,
        targets: Arc<TargetMeters>,
    ) -> anyhow::Result<SharedState> {
        let address = settings.public_url.as_ref().map_or_else(
            || format!("http://{listening}"),
            |public| format!("{}://{}", public.scheme, public.authority),
        );
        let snapshots = Snapshots::new(
            &settings,
            &address,
            Arc::clone(&clock),
            ledger.clone(),
            Arc::clone(&delivery_service),
        );
        let is_secure = settings.public_url.as_ref().is_some_and(PublicUrl::is_secure);
        let provider = settings.sign_in.provider.clone().map(|provider| Provider::of(provider, &address));
        if settings.sign_in.is_set() {
            // What sessions are made with is there before the first.
            ledger.keep_secret(secret(random::secret_bytes())).await?;
        }
        let (ours, delivery) = (Arc::clone(&clock), Arc::clone(&delivery_service));
        let recounts = Recounts::new(ledger.clone(), delivery, ours, settings.zone.clone());
        Ok(Arc::new(Self {
            recounts: Arc::new(recounts),
            names: OwnNames::of(listening, settings.public_url.as_ref()),
            keys: Arc::new(KeyRing::of(ledger.clone()).await?),
            sessions: Sessions::of(ledger.clone(), is_secure),
            passwords: PasswordChecks::default(),
            failed_sign_ins: FailedSignIns::default(),
            provider: provider.transpose()?,
            frame_origins: settings.sign_in.frame_origins.as_slice().into(),
            address,
            listening,
            clock,
            ledger,
            delivery_service,
            snapshots: Arc::new(snapshots),
            permits: WorkPermits::default(),
            exports: Arc::new(Semaphore::new(EXPORTS)),
            inspections: SharedAnswers::default(),
            pipeline_pages: SharedAnswers::default(),
            last_pipeline: LastGood::default(),
            readiness: SharedAnswers::default(),
            files: SiteFiles::load(),
            metrics,
            targets,
            beacons: MinuteAllowance::of(BEACONS.0, BEACONS.1),
            request_ids: RequestIds::new(random::seed()),
            settings,
        }))
    }

    /// Whether people have to be known: from then on what is read needs a sign-in.
    pub async fn has_sign_in(&self) -> bool {
        self.settings.sign_in.is_set() || self.keys.is_peopled().await
    }

    /// Whether none but this machine's own programs reach the server.
    #[must_use]
    pub fn is_local(&self) -> bool {
        let Settings { public_url, sign_in, .. } = &self.settings;
        self.listening.ip().is_loopback() && public_url.is_none() && sign_in.proxies.is_empty()
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
