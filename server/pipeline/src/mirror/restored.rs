//! A ledger that was put back from a copy, or has gone to another organisation, looks before it sends: what stands in
//! Dataverse may be newer than what waits here.
//!
//! The relay rests. The mirror reads what has changed since the copy, or the whole table, and then asks by their ids for
//! all rows of which something waits; of each the ledger takes what it finds. What is not there is sent.

use std::time::Duration;

use ledger::{ChangeCursor, LedgerError};
use model::{delivery::DeliveryState, time::Timestamp};
use tokio::time::sleep;
use uuid::Uuid;

use super::reader::{BY_ID, ChangeReader, Listener, Loan};
use crate::{pass_error::PassError, worker_context::WorkerContext};

/// How often it is asked whether the look is done, by this process or another.
const ROUND: Duration = Duration::from_secs(2);
/// How many records are looked through at once.
const SOME: usize = 20_000;

impl WorkerContext {
    /// Returns when the newest states are those of the ledger.
    pub(crate) async fn known_to_be_newest(&self) {
        let mut changes = self.ledger.changes();
        loop {
            changes.mark_unchanged();
            match self.ledger.copied_at().await {
                Ok(None) => {
                    return self.status_handle.update(|status| {
                        status.state = DeliveryState::Ok;
                        status.reason = None;
                    });
                }
                Ok(Some(at)) => self.say(at),
                Err(LedgerError::Closed) => return,
                Err(error) => tracing::warn!(%error, "the relay cannot ask whether the ledger is a copy"),
            }
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                Ok(()) = changes.changed() => {}
                () = sleep(ROUND) => {}
            }
        }
    }

    fn say(&self, at: Timestamp) {
        self.status_handle.update(|status| {
            status.state = DeliveryState::Behind;
            status.reason = Some(format!(
                "the ledger is a copy of {at}: what stands in Dataverse is looked at before anything is sent; nothing is lost"
            ));
        });
    }
}

/// Looks at every row of which something waits, under the cursors of all tables, and takes what is there. Says whether that is
/// done.
pub(crate) async fn look(
    reader: &ChangeReader,
    cursors: &[&ChangeCursor],
    hold: Duration,
    listener: Listener<'_>,
) -> Result<bool, PassError> {
    if reader.ledger.copied_at().await?.is_none() {
        return Ok(true);
    }
    for cursor in cursors {
        let mut after = 0;
        loop {
            let waiting = reader.ledger.in_line(cursor.kind, after, SOME).await?;
            let ids: Vec<Uuid> = waiting.iter().map(|there| there.dataverse_id).collect();
            let mut is_open = false;
            for some in ids.chunks(BY_ID) {
                is_open |= !reader.look_at_standing(cursor, some, &mut *listener).await?.is_empty();
                // Dataverse may answer slowly, and there may be much to ask for.
                for cursor in cursors {
                    reader.hold_on(&Loan { cursor, hold }).await?;
                }
            }
            if is_open {
                // Of just now; the next look tells.
                return Ok(false);
            }
            match waiting.last() {
                Some(last) if waiting.len() == SOME => after = last.position,
                _ => break,
            }
        }
    }
    reader.ledger.looked().await?;
    tracing::info!("the ledger knows what stands in Dataverse; what waits is sent");
    Ok(true)
}
