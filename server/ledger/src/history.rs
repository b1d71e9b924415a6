//! The figures of campaign runs: the same arithmetic over the same buckets, whichever store added them up.

use model::{
    calendar::{Bucket, Span, Window},
    figures::Added,
    history::History,
};
use sqlx::Error;

/// The spans that a store adds up: the window's buckets, then those of the stretch before it.
pub(crate) fn spans(window: &Window) -> Vec<Span> {
    window.buckets.iter().chain(&window.previous_buckets).map(|bucket: &Bucket| bucket.span).collect()
}

/// Reads a store's rows, which stand in the order of `spans`, and adds them up beside the threads that others wait for:
/// among them is every latency of the window.
pub(crate) async fn assemble<R: Send + 'static>(
    window: &Window,
    rows: Vec<R>,
    read: fn(&R) -> Result<Added, Error>,
    (campaigns, previous_campaigns): (i64, i64),
) -> Result<History, Error> {
    let window = window.clone();
    let adding = tokio::task::spawn_blocking(move || {
        let added = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(History::of(window, added, campaigns, previous_campaigns))
    });
    // It ends by itself, or with the process.
    adding.await.unwrap_or(Err(Error::WorkerCrashed))
}
