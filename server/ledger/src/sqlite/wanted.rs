//! Questions that can take long end with those who wait for the answer, so that the reader is free again.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use sqlx::{Error, SqliteConnection};

/// After this number of its own steps SQLite looks whether the answer is still waited for: some tenths of a millisecond.
const STEPS: i32 = 10_000;

/// Until it is dropped, the question's answer is wanted.
pub(super) struct AnswerWanted(Arc<AtomicBool>);

impl Drop for AnswerWanted {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl AnswerWanted {
    /// Every further question on this connection.
    pub(super) async fn on(connection: &mut SqliteConnection) -> Result<Self, Error> {
        let wanted = Arc::new(AtomicBool::new(true));
        let seen = Arc::clone(&wanted);
        connection.lock_handle().await?.set_progress_handler(STEPS, move || seen.load(Ordering::Relaxed));
        Ok(Self(wanted))
    }
}

/// The next question on this connection is another's.
pub(crate) async fn forget(connection: &mut SqliteConnection) -> Result<(), Error> {
    connection.lock_handle().await?.remove_progress_handler();
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tempfile::TempDir;
    use tokio::time::timeout;

    use super::{
        super::{files, open},
        *,
    };

    #[tokio::test]
    async fn abandoned_queries_free_their_reader() {
        let folder = TempDir::new().unwrap();
        let files = files::LedgerFiles::of(folder.path().to_owned(), 1 << 28).unwrap();
        let writer = open::migrated(&files).await.unwrap();
        let readers = open::readers(&files);
        let endless =
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT count(*) FROM n";
        // More often than there are readers.
        for _ in 0..10 {
            let asked = async {
                let mut reader = readers.acquire().await.unwrap();
                let _wanted = AnswerWanted::on(&mut reader).await.unwrap();
                sqlx::query(endless).fetch_one(&mut *reader).await
            };
            assert!(timeout(Duration::from_millis(30), asked).await.is_err());
        }
        let count = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 100000) SELECT count(*) FROM n";
        for _ in 0..10 {
            let counted: i64 = sqlx::query_scalar(count).fetch_one(&readers).await.unwrap();
            assert_eq!(counted, 100_000, "and others are not disturbed");
        }
        open::disconnect(writer).await;
    }
}
