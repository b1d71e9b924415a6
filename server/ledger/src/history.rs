//! The figures of campaign runs: the same arithmetic over the same buckets, whichever store added them up.

use model::{
    breakdown::{Breakdown, Dimension},
    calendar::{Bucket, Span, Window},
    figures::Added,
    history::{History, RunFilter},
    rollup::{CellRange, Cover, Grain},
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
}

/// The spans that a store adds up: the window's buckets, then those of the stretch before it.
pub(crate) fn spans(window: &Window) -> Vec<Span> {
    window.buckets.iter().chain(&window.previous_buckets).map(|bucket: &Bucket| bucket.span).collect()
}

/// What spans are put together of, each with the place of its span.
#[derive(Default)]
pub(crate) struct SpansCover {
    pub(crate) cells: Vec<(usize, CellRange)>,
    /// What is less than a cell.
    pub(crate) edges: Vec<Span>,
    /// The places of the edges' spans.
    pub(crate) of_edges: Vec<usize>,
}

impl SpansCover {
    pub(crate) fn of(spans: &[Span], finest: Grain) -> Self {
        Self::within(spans, finest, Grain::Day)
    }

    /// Of no coarser cells than these.
    pub(crate) fn within(spans: &[Span], finest: Grain, coarsest: Grain) -> Self {
        let mut all = Self::default();
        for (at, span) in spans.iter().enumerate() {
            let Cover { cells, edges } = Cover::within(*span, finest, coarsest);
            all.cells.extend(cells.into_iter().map(|range| (at, range)));
            all.of_edges.extend(edges.iter().map(|_| at));
            all.edges.extend(edges);
        }
        all
    }

    /// Nothing but edges: every record is counted.
    pub(crate) fn of_rows(spans: &[Span]) -> Self {
        Self { cells: Vec::new(), edges: spans.to_vec(), of_edges: (0..spans.len()).collect() }
    }
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
