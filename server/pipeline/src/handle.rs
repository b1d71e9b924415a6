//! Starts the workers, tells how they fare, waits for their end.

use std::sync::Arc;

use model::{clock::Clock, rng::Random};
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    LedgerPort, RelayStatus, RemoteOrganisation, Settings,
    budget::Budget,
    lookup_rows::LookupRows,
    mirror::{Findings, Mirror},
    read_back::ReadBack,
    relay::Relay,
    status_handle::StatusHandle,
    supervise::{Fall, supervise},
    worker_context::WorkerContext,
};

/// Relay, mirror and read-back at work. They end when the token that they were started with is cancelled.
pub struct Handle {
    status: watch::Receiver<RelayStatus>,
    workers: JoinSet<()>,
}

impl Handle {
    /// What the relay does now.
    #[must_use]
    pub fn status(&self) -> RelayStatus {
        self.status.borrow().clone()
    }

    /// To be told of every change of the status.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<RelayStatus> {
        self.status.clone()
    }

    /// Waits until all have ended, which they do when they are asked to.
    pub async fn stopped(mut self) {
        while let Some(ended) = self.workers.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a worker of the pipeline broke off; report this");
            }
        }
    }
}

/// Starts to carry records across, and to bring in what others do there.
pub fn start(
    ledger: impl LedgerPort,
    organisation: impl RemoteOrganisation,
    settings: Settings,
    clock: Arc<dyn Clock>,
    random: impl Random,
    stop: CancellationToken,
) -> Handle {
    let (sender, status) = watch::channel(RelayStatus::default());
    let status_handle = StatusHandle::new(sender);
    let settings = Arc::new(settings);
    let ledger: Arc<dyn LedgerPort> = Arc::new(ledger);
    let organisation: Arc<dyn RemoteOrganisation> = Arc::new(organisation);
    let budget = Budget::new(
        Arc::clone(&ledger),
        Arc::clone(&clock),
        status_handle.clone(),
        &settings,
        Arc::clone(&organisation),
    );
    let lookups = Arc::new(LookupRows::default());
    let context =
        WorkerContext { ledger, organisation, settings, lookups, budget, clock, stop, status_handle };
    let random: Arc<dyn Random> = Arc::new(random);
    let findings = Findings::default();
    let mut workers = JoinSet::new();
    workers.spawn(kept("the relay", context.clone(), move |context| {
        Relay { context, random: Arc::clone(&random) }.run()
    }));
    let found = findings.clone();
    workers
        .spawn(kept("the mirror", context.clone(), move |context| Mirror::new(context, found.clone()).run()));
    workers
        .spawn(kept("the read-back", context, move |context| ReadBack::new(context, findings.clone()).run()));
    Handle { status, workers }
}

/// A worker at work until everything is to stop.
async fn kept<W: Future<Output = ()>>(
    worker: &'static str,
    context: WorkerContext,
    mut work: impl FnMut(WorkerContext) -> W,
) {
    let say = |fall: &Fall| context.status_handle.update(|status| fall.write_down(&mut status.falls));
    supervise(worker, &*context.clock, &context.stop, || work(context.clone()), say).await;
}
