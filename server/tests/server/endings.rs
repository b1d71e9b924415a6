//! How a server ends, and that whatever it acknowledged is still there and reaches Dataverse.

use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::studio::{Studio, run, signal, until};

/// Waits until nothing is under way any more, and answers the balance.
async fn settled(studio: &Studio) -> Json {
    until("everything delivered and read back", async || {
        let pipeline = studio.json("/api/pipeline").await;
        let balance = pipeline["balance"][0].clone();
        let done = pipeline["pending"] == 0 && balance["confirmed"] == balance["durable"];
        done.then_some(balance)
    })
    .await
}

#[tokio::test]
async fn records_arrive_and_balance() {
    let studio = Studio::start();
    let items: Vec<Json> = (0..120).map(|n| run("c", &n.to_string())).collect();
    studio.post(&json!(items)).await;
    let balance = settled(&studio).await;
    assert_eq!(
        balance,
        json!({
            "table": "apex_campaignmetrics", "received": 120, "mirrored": 0, "durable": 120, "archived": 0, "delivered": 120,
            "confirmed": 120, "pending": 0, "dead": 0, "dropped": 0, "deleted": 0, "unsent": 0, "unaccounted": 0,
            "unconfirmed": 0,
        })
    );
    let listed = studio.json("/api/metrics/campaign?limit=1000").await;
    assert!(listed["runs"].as_array().unwrap().iter().all(|run| run["exportedAt"].is_string()));
}

#[tokio::test]
async fn sigterm_ends_everything_in_order() {
    for name in ["TERM", "INT"] {
        let studio = Studio::start();
        studio.stored(&run("c", "r")).await;
        // One client is in the middle of a request, and another just looks on.
        let mut slow = TcpStream::connect(studio.url.trim_start_matches("http://")).await.unwrap();
        slow.write_all(b"POST /api/metrics/campaign HTTP/1.1\r\n").await.unwrap();
        if name == "INT" {
            signal(studio.process_id(), name);
        }
        let (status, took, printed, folder) = studio.terminate();
        assert_eq!(status.code(), Some(0), "{}", folder.log());
        assert!(took < Duration::from_secs(10), "{took:?}");
        assert_eq!(printed, "", "standard output holds the ready line alone");
        let studio = Studio::within(folder, &[]);
        assert_eq!(studio.json("/api/metrics/campaign").await["runs"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn what_was_acknowledged_outlives_a_killed_server() {
    let mut studio = Studio::start();
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        for n in 0..40 {
            acknowledged.push(studio.stored(&run("c", &format!("{round}-{n}"))).await);
        }
        studio = Studio::within(studio.kill(), &[]);
    }
    let balance = settled(&studio).await;
    assert_eq!((&balance["received"], &balance["unaccounted"]), (&json!(120), &json!(0)));
    let listed = studio.json("/api/metrics/campaign?limit=1000").await;
    let mut found: Vec<&str> =
        listed["runs"].as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap()).collect();
    found.sort_unstable();
    acknowledged.sort_unstable();
    assert_eq!(found, acknowledged);
}

#[tokio::test]
async fn demo_data_are_ready_at_start() {
    let frozen = |now| [("STUDIO_DEMO", "on"), ("STUDIO_NOW", now)];
    let studio = Studio::with(&frozen("2026-11-21T13:00:00Z"));
    let first = studio.json("/api/metrics/history?range=90d").await;
    assert!(first["figures"]["cost"]["campaigns"].as_i64().unwrap() >= 11);
    assert!(first["buckets"].as_array().unwrap().iter().all(|bucket| bucket["runs"].as_i64().unwrap() > 0));
    assert!(studio.get("/").await.text().await.unwrap().contains("Demo data"));

    let (_, _, _, folder) = studio.terminate();
    let studio = Studio::within(folder, &frozen("2026-11-28T13:00:00Z"));
    let later = studio.json("/api/metrics/history?range=90d").await;
    assert!(later["buckets"].as_array().unwrap().iter().all(|bucket| bucket["runs"].as_i64().unwrap() > 0));
    // What both saw, both saw alike.
    let whole = |history: &Json| -> Vec<Json> {
        let days = history["buckets"].as_array().unwrap().iter();
        days.filter(|day| {
            day["partial"] == false
                && day["from"].as_str() >= Some("2026-09-01")
                && day["from"].as_str() < Some("2026-11-21")
        })
        .cloned()
        .collect()
    };
    assert_eq!(whole(&first), whole(&later));
}
