//! Looks after the ledger while no request waits for it.

use std::time::Duration;

use ledger::Ledger;
use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;

/// How often it is tried whether reading and writing work. What that meets is noted, and pages say it, though no one sends
/// anything and no probe asks.
const TRIED_EVERY: Duration = Duration::from_secs(10);
/// How often all is counted anew.
const COUNTED_EVERY: Duration = Duration::from_mins(10);

pub async fn run(ledger: Ledger, stop: CancellationToken) {
    let mut count_at = Instant::now();
    loop {
        let works = tokio::select! {
            () = stop.cancelled() => return,
            tried = ledger.healthy() => tried.is_ok(),
        };
        if works && count_at <= Instant::now() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tend(&ledger) => count_at = Instant::now() + COUNTED_EVERY,
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = time::sleep(TRIED_EVERY) => {}
        }
    }
}

async fn tend(ledger: &Ledger) {
    match ledger.tend().await {
        Ok(0) => {}
        Ok(hours) => tracing::warn!(
            backlog.hours = hours,
            "what was kept of what waits and is refused differed from what is there; it was counted anew"
        ),
        Err(error) => tracing::warn!(%error, "the ledger could not be counted anew; it is tried again"),
    }
}
