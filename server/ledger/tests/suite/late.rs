//! Positions are given before the commit: a transaction that stays open must not be passed over by a count that goes on.

use crate::support::{Studio, TestStore, run};

/// What a slow process does: takes its position and its row, and commits later.
const SLOW: &str = "BEGIN; INSERT INTO studio.campaign_metrics (tenant_id, position, id, campaign_id, run_id, phase, \
     agents_total, agents_successful, assets_generated, tokens_in, tokens_out, cost_usd_e5, created_at, received_at) \
     VALUES ('00000000-0000-7000-8000-000000000001', nextval('studio.campaign_metrics_position'), gen_random_uuid(), \
     'c', 'slow', '1', 1, 1, 0, 0, 0, 0, 1795000000000000, 1795000000000000)";

#[tokio::test]
async fn late_commits_are_counted() {
    let studio = Studio::open(TestStore::Database).await;
    let durable = async || studio.delivery_counts().await.balance[0].durable;
    studio.store(vec![run("c", "before", "1", "")]).await;
    assert_eq!(durable().await, 1);
    let mut slow = studio.schema().connect().await;
    sqlx::raw_sql(studio.schema().named(SLOW)).execute(&mut slow).await.unwrap();
    studio.store(vec![run("c", "after", "1", "")]).await;
    // The newer one is counted, and so is what is kept of the count.
    assert_eq!((durable().await, durable().await), (2, 2));
    sqlx::raw_sql("COMMIT").execute(&mut slow).await.unwrap();
    assert_eq!(durable().await, 3, "and its position lies below one that was counted already");
    studio.store(vec![run("c", "last", "1", "")]).await;
    assert_eq!((durable().await, durable().await), (4, 4));
}
