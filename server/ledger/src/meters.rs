//! What the ledger counts of its own work, and the spans that it works in. `docs/logging.md` lists both.

use std::time::Duration;

use metrics::{counter, histogram};
use tokio::time::Instant;
use tracing::Span;

use crate::LedgerError;

/// The work of one group, however often it is tried.
pub(crate) fn group(bytes: usize) -> Span {
    histogram!("studio_ledger_group_bytes").record(bytes as f64);
    tracing::debug_span!("ledger.group", group.bytes = bytes)
}

/// One transaction, from its beginning until it is known what became of it.
pub(crate) fn committed(is_kept: bool, took: Duration) {
    counter!("studio_ledger_commits_total", "outcome" => if is_kept { "kept" } else { "failed" })
        .increment(1);
    histogram!("studio_ledger_commit_seconds").record(took.as_secs_f64());
}

/// The same group once more: another connection, or others were in the way.
pub(crate) fn tried_again() {
    counter!("studio_ledger_retries_total").increment(1);
}

/// Figures are read: the sums behind the tiles, or the balance; how long that takes is told, also where it fails in the end.
pub(crate) async fn figures<V>(
    reading: impl Future<Output = Result<V, LedgerError>>,
) -> Result<V, LedgerError> {
    let begun = Instant::now();
    let read = reading.await;
    if !matches!(read, Err(LedgerError::Busy { .. } | LedgerError::Closed)) {
        histogram!("studio_ledger_figures_seconds").record(begun.elapsed().as_secs_f64());
    }
    read
}
