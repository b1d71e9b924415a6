//! The figures of campaign runs out of two sources, held against each other: the same arithmetic, whichever store counted.

use std::time::Duration;

use model::{
    calendar::{Bucket, Span, Window},
    figures::Added,
    recount::{Recount, parts},
};
use sqlx::Error;

/// A window's figures from rollups and from a plain count, and how long each took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecountedFigures {
    /// What both came to.
    pub recount: Recount,
    /// How long it took to read the rollups.
    pub rollups_took: Duration,
    /// How long it took to count the records.
    pub rows_took: Duration,
}

/// What a store brought: `rollups` by bucket, where they are made, and `rows` by the window's parts.
pub(crate) struct CountedSources {
    pub(crate) rollups: Option<Vec<Added>>,
    pub(crate) rows: Vec<Added>,
    pub(crate) campaigns: i64,
    pub(crate) took: (Duration, Duration),
}

/// The spans that rollups are asked for.
pub(crate) fn of_rollups(window: &Window) -> Vec<Span> {
    window.buckets.iter().map(|bucket: &Bucket| bucket.span).collect()
}

/// The spans whose records are counted.
pub(crate) fn of_rows(window: &Window) -> Vec<Span> {
    parts(window).iter().map(|part| part.span).collect()
}

/// Holds them against each other beside the threads that others wait for.
pub(crate) async fn compare(window: &Window, counted: CountedSources) -> Result<RecountedFigures, Error> {
    let window = window.clone();
    let comparing = tokio::task::spawn_blocking(move || {
        let CountedSources { rollups, rows, campaigns, took } = counted;
        let recount = Recount::of(window, rollups.as_deref(), &rows, campaigns);
        RecountedFigures { recount, rollups_took: took.0, rows_took: took.1 }
    });
    // It ends by itself, or with the process.
    comparing.await.map_err(|_| Error::WorkerCrashed)
}
