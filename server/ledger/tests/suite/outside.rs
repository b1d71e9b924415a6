//! What others do to the file: a flow that carries records itself, and rows that vanish.

use crate::support::{Studio, run};

#[tokio::test]
async fn the_view_of_what_is_pending_can_be_mapped_as_it_is() {
    let studio = Studio::open().await;
    studio
        .store(vec![run("c1", "r1", "1", r#","costUSD":"0.3","createdAt":"2026-11-20T09:30:00.25Z""#)])
        .await;
    let row = studio
        .ask(
            "SELECT json_array(campaign_id, run_id, cost_usd, success_rate, created_at, latency_p95_ms, exported_at) \
             FROM v_campaign_metrics_pending",
        )
        .await;
    assert_eq!(row, r#"["c1","r1",0.3,80.0,"2026-11-20T09:30:00.250000Z",null,null]"#);
}

#[tokio::test]
async fn what_a_flow_marks_counts_as_delivered() {
    let studio = Studio::open().await;
    studio.store((0..3).map(|n| run("c", &n.to_string(), "1", "")).collect()).await;
    studio
        .sql(
            "UPDATE v_campaign_metrics_pending SET exported_at = '2026-11-21T12:30:00.5Z' WHERE run_id = '0'; \
             UPDATE campaign_metrics SET exported_at = 1795000000000000 WHERE run_id = '1'",
        )
        .await;
    let standing = studio.balanced().await;
    assert_eq!((standing.pending, standing.balance[0].delivered), (1, 2));
    assert_eq!(studio.lease(10).await.len(), 1);
    let marked =
        studio.list(10).await.into_iter().find(|stored| stored.record.values[1].text() == "0").unwrap();
    assert_eq!(marked.exported_at.unwrap().to_string(), "2026-11-21T12:30:00.5Z");
    assert_eq!(studio.ask("SELECT CAST(count(*) AS TEXT) FROM v_campaign_metrics_pending").await, "1");
}

#[tokio::test]
async fn a_row_that_vanished_is_unaccounted_for() {
    let studio = Studio::open().await;
    studio.store((0..3).map(|n| run("c", &n.to_string(), "1", "")).collect()).await;
    studio.balanced().await;
    studio.sql("DELETE FROM campaign_metrics WHERE run_id = '1'").await;
    studio.clock.advance_micros(11 * 60 * 1_000_000);
    let balance = studio.standing().await.balance.remove(0);
    assert_eq!((balance.received, balance.durable), (3, 2));
    assert!(balance.unaccounted() > 0);
}
