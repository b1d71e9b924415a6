//! A ledger, a Dataverse of any sort, and the pipeline between them. The server's tests begin here as well.

use std::{sync::Arc, time::Duration};

use dataverse::Client;
use ledger::{DeliveryCounts, Ledger};
use model::{
    clock::{Clock, ManualClock},
    record::{self, KINDS, Kind, Record, campaign_run::CAMPAIGN_RUN},
    rng::Seeded,
    tenant::TenantId,
    time::Timestamp,
};
use pipeline::{Handle, RelayStatus, Settings, Tenant};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub const T: TenantId = TenantId::FIRST;
pub const KIND: &Kind = &CAMPAIGN_RUN;
pub const RUNS: &str = "apex_campaignmetricses";

/// Nothing here takes that long, unless it never ends.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Studio<P> {
    pub ledger: Ledger,
    pub place: P,
    pub client: Client,
    pub clock: Arc<ManualClock>,
    _folder: TempDir,
    pub handle: Option<Handle>,
    stop: CancellationToken,
}

impl<P> Studio<P> {
    /// Everything but the pipeline, which a test starts when it is ready.
    pub async fn beside(place: P, client: Client) -> Self {
        let folder = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::parse("2026-11-21T12:00:00Z").unwrap()));
        let settings = ledger::StoreSettings::Folder(folder.path().to_owned());
        let ledger = Ledger::open(KINDS, settings, Arc::clone(&clock) as Arc<dyn Clock>, Seeded::new(7))
            .await
            .unwrap();
        Self { ledger, place, client, clock, _folder: folder, handle: None, stop: CancellationToken::new() }
    }

    pub fn start(&mut self) {
        self.start_with(settings());
    }

    pub fn start_with(&mut self, settings: Settings) {
        self.stop = CancellationToken::new();
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let client = self.client.clone();
        let handle =
            pipeline::start(self.ledger.clone(), client, settings, clock, Seeded::new(7), self.stop.clone());
        self.handle = Some(handle);
    }

    pub async fn stop(&mut self) {
        self.stop.cancel();
        self.handle.take().unwrap().stopped().await;
    }

    pub async fn store(&self, records: Vec<Record>) -> Vec<Uuid> {
        let outcomes = self.ledger.store(T, records).await.unwrap();
        outcomes.into_iter().map(|outcome| outcome.id).collect()
    }

    /// Waits until the pipeline's status is so.
    pub async fn until(&self, what: &str, is_so: impl Fn(&RelayStatus) -> bool) -> RelayStatus {
        let handle = self.handle.as_ref().unwrap();
        let mut watch = handle.watch();
        let waited = tokio::time::timeout(PATIENCE, watch.wait_for(|status| is_so(status))).await;
        match waited {
            Ok(status) => status.unwrap().clone(),
            Err(_) => panic!("never came: {what}; {:?}", handle.status()),
        }
    }

    /// Waits until nothing waits any more, and everything is accounted for.
    pub async fn drained(&self) -> DeliveryCounts {
        let mut changes = self.ledger.changes();
        let drained = async {
            loop {
                let counts = self.ledger.delivery_counts(T).await.unwrap();
                if counts.pending == 0 {
                    return counts;
                }
                changes.changed().await.unwrap();
            }
        };
        let drained = tokio::time::timeout(PATIENCE, drained).await;
        let counts = drained
            .unwrap_or_else(|_| panic!("never drained; {:?}", self.handle.as_ref().map(Handle::status)));
        assert_eq!(counts.balance[0].unaccounted(), 0, "{counts:?}");
        counts
    }
}

pub fn settings() -> Settings {
    Settings {
        tenants: vec![Tenant { id: T, name: "The studio".to_owned() }],
        linger: Duration::from_millis(5),
        read_back_every: Duration::from_secs(3600),
        ..Settings::new(Duration::from_secs(3600), Duration::from_secs(600))
    }
}

pub fn run(name: &str, more: &str) -> Record {
    let json = format!(
        r#"{{"campaignId":"c1","campaignName":"Autumn","runId":"{name}","phase":"1","agentsTotal":195,"agentsSuccessful":190{more}}}"#
    );
    record::parse(KIND, &json, Timestamp::parse("2026-11-21T12:00:00Z").unwrap()).unwrap()
}

pub fn runs(count: usize) -> Vec<Record> {
    (0..count).map(|n| run(&format!("r{n:04}"), "")).collect()
}
