//! What the workers share, and where they write how they fare.

use std::sync::Arc;

use model::clock::Clock;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{LedgerPort, RelayStatus, RemoteOrganisation, Settings, budget::Budget, lookup_rows::LookupRows};

/// Where the workers write how they fare.
#[derive(Clone)]
pub(crate) struct StatusHandle(watch::Sender<RelayStatus>);

impl StatusHandle {
    pub(crate) const fn new(sender: watch::Sender<RelayStatus>) -> Self {
        Self(sender)
    }

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
pub(crate) struct WorkerContext {
    pub(crate) ledger: Arc<dyn LedgerPort>,
    pub(crate) organisation: Arc<dyn RemoteOrganisation>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) lookups: Arc<LookupRows>,
    pub(crate) budget: Budget,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stop: CancellationToken,
    pub(crate) status_handle: StatusHandle,
}
