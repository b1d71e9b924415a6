//! What others do to the store: a flow that carries records itself, and rows that vanish.

use crate::support::{Studio, TestStore, run};

pub async fn what_a_flow_marks_counts_as_delivered(store: TestStore) {
    let studio = Studio::open(store).await;
    studio.store((0..3).map(|n| run("c", &n.to_string(), "1", "")).collect()).await;
    studio
        .sql(
            "UPDATE studio.v_campaign_metrics_pending SET exported_at = '2026-11-21T12:30:00.5Z' WHERE run_id = '0'; \
             UPDATE studio.campaign_metrics SET exported_at = 1795000000000000 WHERE run_id = '1'",
        )
        .await;
    let counts = studio.balanced().await;
    assert_eq!((counts.pending, counts.balance[0].delivered), (1, 2));
    assert_eq!(studio.lease(10).await.len(), 1);
    let marked =
        studio.list(10).await.into_iter().find(|stored| stored.record.values()[1].text() == "0").unwrap();
    assert_eq!(marked.exported_at.unwrap().to_string(), "2026-11-21T12:30:00.5Z");
    assert_eq!(studio.ask("SELECT CAST(count(*) AS TEXT) FROM studio.v_campaign_metrics_pending").await, "1");
}

pub async fn a_row_that_vanished_is_unaccounted_for(store: TestStore) {
    let studio = Studio::open(store).await;
    studio.store((0..3).map(|n| run("c", &n.to_string(), "1", "")).collect()).await;
    studio.balanced().await;
    studio.sql("DELETE FROM studio.campaign_metrics WHERE run_id = '1'").await;
    studio.ledger.tend().await.unwrap();
    let balance = studio.delivery_counts().await.balance.remove(0);
    assert_eq!((balance.received, balance.durable), (3, 2));
    assert!(balance.unaccounted() > 0);
}
