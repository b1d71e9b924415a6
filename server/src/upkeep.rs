//! Looks after the ledger while no request waits for it.

use std::time::Duration;

use ledger::Ledger;
use tokio::time;
use tokio_util::sync::CancellationToken;

/// How often all is counted anew.
const EVERY: Duration = Duration::from_mins(10);

pub async fn run(ledger: Ledger, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            tended = ledger.tend() => match tended {
                Ok(0) => {}
                Ok(hours) => tracing::warn!(
                    hours,
                    "what was kept of what waits and is refused differed from what is there; it was counted anew"
                ),
                Err(error) => tracing::warn!(%error, "the ledger could not be counted anew; it is tried again"),
            },
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = time::sleep(EVERY) => {}
        }
    }
}
