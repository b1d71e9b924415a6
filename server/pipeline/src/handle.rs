//! Starts the workers, tells how they fare, waits for their end.

use std::sync::Arc;

use dataverse::Client;
use ledger::{Ledger, chance::Chance};
use model::clock::Clock;
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{RelayStatus, Settings, read_back::ReadBack, relay::Relay};

/// Relay and read-back at work. They end when the token that they were started with is cancelled.
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

    /// Waits until both have ended.
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

/// Starts to carry records across and to read them back.
pub fn start(
    ledger: Ledger,
    client: Client,
    settings: Settings,
    clock: Arc<dyn Clock>,
    chance: impl Chance,
    stop: CancellationToken,
) -> Handle {
    let (sender, status) = watch::channel(RelayStatus::default());
    let board = Board(sender);
    let settings = Arc::new(settings);
    let mut workers = JoinSet::new();
    let read_back = ReadBack::new(
        ledger.clone(),
        client.clone(),
        Arc::clone(&settings),
        Arc::clone(&clock),
        stop.clone(),
        board.clone(),
    );
    workers.spawn(read_back.run());
    let organisation = Arc::new(client);
    workers
        .spawn(Relay { ledger, organisation, settings, clock, chance: Arc::new(chance), stop, board }.run());
    Handle { status, workers }
}
