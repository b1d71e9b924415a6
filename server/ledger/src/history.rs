//! The figures of campaign runs: the same arithmetic over the same buckets, whichever store added them up.

use model::{
    breakdown::{Breakdown, Dimension, PartShapes},
    calendar::{Bucket, Span, Window},
    figures::Added,
    history::{History, RunFilter},
    tenant::TenantId,
};
use sqlx::Error;

use crate::breakdown::GatheredParts;

/// Which figures are wanted, and by which dimensions besides.
#[derive(Clone, Copy)]
pub(crate) struct HistoryAsk<'a> {
    pub(crate) tenant: TenantId,
    pub(crate) window: &'a Window,
    pub(crate) filter: &'a RunFilter,
    pub(crate) by: &'a [Dimension],
    pub(crate) shapes: PartShapes,
}

/// The spans that a store adds up: the window's buckets, then those of the stretch before it.
pub(crate) fn spans(window: &Window) -> Vec<Span> {
    window.buckets.iter().chain(&window.previous_buckets).map(|bucket: &Bucket| bucket.span).collect()
}

/// What a store has added up, before the figures are made of it.
pub(crate) struct AddedUp {
    pub(crate) added: Vec<Added>,
    /// Distinct campaigns of the stretch that is shown, and of the one before.
    pub(crate) campaigns: (i64, i64),
    pub(crate) parts: Vec<GatheredParts>,
}

/// Makes the figures beside the threads that others wait for.
pub(crate) async fn assemble(
    window: &Window,
    AddedUp { added, campaigns, parts }: AddedUp,
) -> Result<(History, Vec<Breakdown>), Error> {
    let window = window.clone();
    let adding = tokio::task::spawn_blocking(move || {
        let history = History::of(window, added, campaigns.0, campaigns.1);
        (history, parts.into_iter().map(GatheredParts::breakdown).collect())
    });
    // It ends by itself, or with the process.
    adding.await.map_err(|_| Error::WorkerCrashed)
}
