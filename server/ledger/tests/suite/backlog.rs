//! What is counted as it changes, and what becomes of old hours and receipts.

use model::time::{DAY, HOUR};

use crate::subject::kind;
use crate::support::{Studio, T, TestStore, run};

pub async fn wrong_counts_are_said_and_mended(store: TestStore) {
    let studio = Studio::open(store).await;
    studio.store((0..3).map(|n| run("c", &n.to_string(), "1", "")).collect()).await;
    assert_eq!(studio.ledger.tend().await, Ok(0));
    studio.balanced().await;
    studio.sql("UPDATE studio.backlog SET waiting = waiting + 4, refused_first = refused_first - 1").await;
    assert_eq!(studio.delivery_counts().await.pending, 7);
    assert_eq!(studio.ledger.tend().await, Ok(1));
    studio.balanced().await;
    assert_eq!(studio.ledger.tend().await, Ok(0));
}

pub async fn old_hours_and_receipts_are_compacted(store: TestStore) {
    let studio = Studio::open(store).await;
    for day in 0..10 {
        studio.store(vec![run("c", &day.to_string(), "1", "")]).await;
        if day % 2 == 0 {
            studio.ledger.delivered(&studio.lease(1).await, studio.now()).await.unwrap();
        }
        studio.pass(DAY).await;
    }
    let (before, from) = (studio.balanced().await, studio.now().plus(-47 * HOUR));
    let hours = studio.ledger.hours(T, from).await.unwrap();
    for _ in 0..2 {
        assert_eq!(studio.ledger.tend().await, Ok(0));
        assert_eq!(studio.balanced().await, before);
        assert_eq!(studio.ledger.hours(T, from).await.unwrap(), hours);
    }
    for (table, hours) in [("receipt_hours", "8"), ("passages", "4"), ("backlog", "8")] {
        let sql = format!("SELECT CAST(count(*) AS TEXT) FROM studio.{table} WHERE kind = '{}'", kind().name);
        assert_eq!(
            studio.ask(&sql).await,
            hours,
            "one for each hour of a week, and one for all before: {table}"
        );
    }
    assert_eq!(studio.ask("SELECT CAST(count(*) AS TEXT) FROM studio.receipts").await, "3");
    studio.store(vec![run("c", "new", "1", "")]).await;
    assert_eq!(studio.balanced().await.balance[0].received, 11);
}
