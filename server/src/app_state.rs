//! Everything that a request may need, put together once.

use std::{net::SocketAddr, sync::Arc};

use app::pages::PipelineFacts;
use ledger::{Ledger, LedgerError};
use metrics_exporter_prometheus::PrometheusHandle;
use model::{clock::Clock, time::Timestamp};
use tokio::sync::Semaphore;

use crate::{
    access::{KeyRing, MinuteAllowance, OwnNames, WorkPermits},
    delivery_service::DeliveryService,
    files::SiteFiles,
    inspection::{Inspection, SharedAnswers},
    last_good::LastGood,
    random::{self, RequestIds},
    recounts::Recounts,
    settings::Settings,
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
    /// What services are held against.
    pub keys: Arc<KeyRing>,
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
    /// When the ledger does not tell its keys.
    pub async fn new(
        settings: Settings,
        listening: SocketAddr,
        clock: Arc<dyn Clock>,
        ledger: Ledger,
        delivery_service: Arc<DeliveryService>,
        metrics: PrometheusHandle,
        targets: Arc<TargetMeters>,
    ) -> Result<SharedState, LedgerError> {
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
        let (ours, delivery) = (Arc::clone(&clock), Arc::clone(&delivery_service));
        let recounts = Recounts::new(ledger.clone(), delivery, ours, settings.zone.clone());
        Ok(Arc::new(Self {
            recounts: Arc::new(recounts),
            names: OwnNames::of(listening, settings.public_url.as_ref()),
            keys: Arc::new(KeyRing::of(ledger.clone()).await?),
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

    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
