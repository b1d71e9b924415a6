//! What a store is opened with, whichever it is.

use std::sync::Arc;

use model::{clock::Clock, record::Kinds, rng::Random};
use tokio::sync::watch;

#[derive(Clone)]
pub(crate) struct Opening {
    /// Those whose records are kept; each has its table.
    pub(crate) kinds: Kinds,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    /// Moves with every change that others can see.
    pub(crate) changes: watch::Sender<u64>,
}
