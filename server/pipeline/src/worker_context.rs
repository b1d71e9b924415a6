//! What the workers share.

use std::sync::Arc;

use model::clock::Clock;
use tokio_util::sync::CancellationToken;

use crate::{
    LedgerPort, RemoteOrganisation, Settings, budget::Budget, lookup_rows::LookupRows,
    status_handle::StatusHandle,
};

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
