//! Starts the workers, tells how they fare, waits for their end.

use std::sync::Arc;

use model::{clock::Clock, rng::Random};
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    LedgerPort, Organisation, RelayStatus, Settings,
    budget::Budget,
    lookup_rows::LookupRows,
    mirror::{Findings, Mirror},
    read_back::ReadBack,
    relay::Relay,
    supervise::{Fall, supervise},
};

/// Relay, mirror and read-back at work. They end when the token that they were started with is cancelled.
pub struct Handle {
    status: watch::Receiver<RelayStatus>,
    workers: JoinSet<()>,
}

impl Handle {
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

/// Where the workers write how they fare.
#[derive(Clone)]
pub(crate) struct Board(watch::Sender<RelayStatus>);

impl Board {
    /// Those who watch are told only when something changed.
    pub(crate) fn update(&self, change: impl FnOnce(&mut RelayStatus)) {
        self.0.send_if_modified(|status| {
            let before = status.clone();
            change(status);
            *status != before
        });
    }
}

/// What all workers share.
#[derive(Clone)]
pub(crate) struct Station {
    pub(crate) ledger: Arc<dyn LedgerPort>,
    pub(crate) organisation: Arc<dyn Organisation>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) lookups: Arc<LookupRows>,
    pub(crate) budget: Budget,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stop: CancellationToken,
    pub(crate) board: Board,
}

/// Starts to carry records across, and to bring in what others do there.
pub fn start(
    ledger: impl LedgerPort,
    organisation: impl Organisation,
    settings: Settings,
    clock: Arc<dyn Clock>,
    random: impl Random,
    stop: CancellationToken,
) -> Handle {
    let (sender, status) = watch::channel(RelayStatus::default());
    let board = Board(sender);
    let settings = Arc::new(settings);
    let ledger: Arc<dyn LedgerPort> = Arc::new(ledger);
    let organisation: Arc<dyn Organisation> = Arc::new(organisation);
    let budget = Budget::new(
        Arc::clone(&ledger),
        Arc::clone(&clock),
        board.clone(),
        &settings,
        Arc::clone(&organisation),
    );
    let lookups = Arc::new(LookupRows::default());
    let station = Station { ledger, organisation, settings, lookups, budget, clock, stop, board };
    let random: Arc<dyn Random> = Arc::new(random);
    let findings = Findings::default();
    let mut workers = JoinSet::new();
    workers.spawn(kept("the relay", station.clone(), move |station| {
        Relay { station, random: Arc::clone(&random) }.run()
    }));
    let found = findings.clone();
    workers
        .spawn(kept("the mirror", station.clone(), move |station| Mirror::new(station, found.clone()).run()));
    workers
        .spawn(kept("the read-back", station, move |station| ReadBack::new(station, findings.clone()).run()));
    Handle { status, workers }
}

/// A worker at work until everything is to stop.
async fn kept<W: Future<Output = ()>>(
    worker: &'static str,
    station: Station,
    mut work: impl FnMut(Station) -> W,
) {
    let say = |fall: &Fall| station.board.update(|status| fall.write_down(&mut status.falls));
    supervise(worker, &*station.clock, &station.stop, || work(station.clone()), say).await;
}
