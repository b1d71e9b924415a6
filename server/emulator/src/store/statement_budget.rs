//! How much one request may read: a join of everything with everything must not hold up all others for ever, as it does
//! not in the cloud, which gives up after two minutes. Counted in SQLite's steps, for a count is the same on every machine.

use sqlx::sqlite::SqliteConnection;

use super::StoreReader;

/// Seconds, or a minute where nothing is optimised; a million rows looked through and sorted are a tenth of it.
const MOST_STEPS: u64 = 500_000_000;
/// Steps between two looks at the count.
const LOOK_AFTER: u32 = 100_000;

impl StoreReader<'_> {
    /// Lets what is read from now on be broken off when it has gone on for too long.
    pub(crate) async fn begin_budget(&mut self) -> Result<(), sqlx::Error> {
        begin_budget_of(self.connection(), MOST_STEPS).await
    }

    /// Whatever is done from now on may take as long as it takes.
    pub(crate) async fn end_budget(&mut self) -> Result<(), sqlx::Error> {
        self.connection().lock_handle().await?.remove_progress_handler();
        Ok(())
    }
}

async fn begin_budget_of(connection: &mut SqliteConnection, steps: u64) -> Result<(), sqlx::Error> {
    let mut left = steps / u64::from(LOOK_AFTER);
    let go_on = move || {
        left = left.saturating_sub(1);
        left > 0
    };
    let every = i32::try_from(LOOK_AFTER).unwrap_or(i32::MAX);
    connection.lock_handle().await?.set_progress_handler(every, go_on);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{RowStore, sql};

    const COUNT: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ";

    async fn count_to(reader: &mut StoreReader<'_>, most: u32) -> Result<i64, sqlx::Error> {
        let text = format!("{COUNT}{most}) SELECT count(*) FROM n");
        let row = sql(text, Vec::new()).fetch_one(reader.connection()).await?;
        sqlx::Row::try_get(&row, 0)
    }

    #[tokio::test]
    async fn long_statements_are_broken_off() {
        let store = RowStore::open(None).await.unwrap();
        let mut reader = store.read().await.unwrap();
        begin_budget_of(reader.connection(), 1_000_000).await.unwrap();
        assert_eq!(count_to(&mut reader, 1000).await.unwrap(), 1000);
        let error = count_to(&mut reader, 1_000_000).await.unwrap_err();
        let fault = crate::fault::Fault::from(error);
        assert_eq!((fault.status.as_u16(), fault.code.as_str()), (500, "0x80044151"));
        reader.end_budget().await.unwrap();
        assert_eq!(count_to(&mut reader, 200_000).await.unwrap(), 200_000);
    }
}
