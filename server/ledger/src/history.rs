//! The figures of campaign runs: the same arithmetic over the same buckets, whichever store added them up.

use model::{
    calendar::{Bucket, Span, Window},
    figures::Added,
    history::History,
    rollup::{CellRange, Cover, Grain},
};
use sqlx::Error;

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
        let mut all = Self::default();
        for (at, span) in spans.iter().enumerate() {
            let Cover { cells, edges } = Cover::of(*span, finest);
            all.cells.extend(cells.into_iter().map(|range| (at, range)));
            all.of_edges.extend(edges.iter().map(|_| at));
            all.edges.extend(edges);
        }
        all
    }
}

/// Makes the figures beside the threads that others wait for.
pub(crate) async fn assemble(
    window: &Window,
    added: Vec<Added>,
    (campaigns, previous_campaigns): (i64, i64),
) -> Result<History, Error> {
    let window = window.clone();
    let adding =
        tokio::task::spawn_blocking(move || History::of(window, added, campaigns, previous_campaigns));
    // It ends by itself, or with the process.
    adding.await.map_err(|_| Error::WorkerCrashed)
}
