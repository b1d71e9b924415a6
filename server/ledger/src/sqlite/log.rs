//! The log beside the file: how large it may become, and how it starts over.
//!
//! SQLite begins its log anew only at a moment at which no reader is in it. Readers that overlap leave no such moment,
//! and the log grows by all that is written, so that a moment has to be made.

use std::time::Duration;

use futures::future::try_join_all;
use sqlx::{Error, Row, SqliteConnection, SqlitePool};
use tokio::time::timeout;

use super::files::LedgerFiles;

/// From this size on the log is made to start over.
pub(super) const MOST: u64 = 256 * 1024 * 1024;
/// How long running readers are waited for, while the next ones and the writer are held. Longer each time in vain.
const PATIENCE: Duration = Duration::from_millis(250);
const PATIENCE_MOST: Duration = Duration::from_secs(2);
/// Programs of others may read the file as well, and those cannot be held.
const FOR_OTHERS: &str = "PRAGMA busy_timeout = 100";
const AS_USUAL: &str = "PRAGMA busy_timeout = 5000";

pub(super) struct Log {
    readers: SqlitePool,
    /// The size at which it is looked after next.
    due_at: u64,
    patience: Duration,
}

impl Log {
    pub(super) fn new(files: &LedgerFiles, readers: SqlitePool) -> Self {
        Self { readers, due_at: files.log_most, patience: PATIENCE }
    }

    /// Makes the log start over once it is too large. A reader that takes too long is left alone, and it is tried again
    /// after the log has grown by another quarter of what it may hold.
    pub(super) async fn bound(&mut self, files: &LedgerFiles, connection: &mut SqliteConnection) {
        let size = files.log_size();
        if size < self.due_at {
            return;
        }
        match self.start_over(connection).await {
            Ok(true) => (self.due_at, self.patience) = (files.log_most, PATIENCE),
            kept => {
                if let Err(error) = kept {
                    tracing::warn!(%error, "the ledger's log could not be folded into its file");
                }
                tracing::warn!(log.bytes = size, "the ledger's log grows on: a reader does not end");
                self.due_at = size + files.log_most / 4;
                self.patience = (self.patience * 2).min(PATIENCE_MOST);
            }
        }
    }

    /// Ends the reading, and leaves nothing in the log.
    pub(super) async fn end(&self, connection: &mut SqliteConnection) {
        self.readers.close().await;
        fold(connection).await;
    }

    /// Says whether nothing is left in it.
    async fn start_over(&self, connection: &mut SqliteConnection) -> Result<bool, Error> {
        // All at once: they stand in line behind those who ask already, and before all who ask from now on.
        let all =
            try_join_all((0..self.readers.options().get_max_connections()).map(|_| self.readers.acquire()));
        let Ok(held) = timeout(self.patience, all).await else { return Ok(false) };
        let _held = held?;
        checkpoint(connection, "PRAGMA wal_checkpoint(TRUNCATE)").await
    }
}

/// Brings all that is in the log to its place, so that the next write begins it anew. Its room on the disk is kept.
pub(super) async fn rest(connection: &mut SqliteConnection) {
    done(checkpoint(connection, "PRAGMA wal_checkpoint(RESTART)").await);
}

/// Brings all that is in the log to its place, and empties it.
pub(super) async fn fold(connection: &mut SqliteConnection) {
    done(checkpoint(connection, "PRAGMA wal_checkpoint(TRUNCATE)").await);
}

fn done(checkpoint: Result<bool, Error>) {
    if let Err(error) = checkpoint {
        tracing::warn!(%error, "the ledger's log could not be folded into its file");
    }
}

/// Says whether nothing was in the way.
async fn checkpoint(connection: &mut SqliteConnection, sql: &'static str) -> Result<bool, Error> {
    sqlx::raw_sql(FOR_OTHERS).execute(&mut *connection).await?;
    let told = sqlx::query(sql).fetch_one(&mut *connection).await;
    sqlx::raw_sql(AS_USUAL).execute(connection).await?;
    Ok(told?.try_get::<i64, _>(0)? == 0)
}
