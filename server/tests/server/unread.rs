//! A ledger that cannot be read: no old word of its well-being stands, and nothing waits for it that need not.

use std::time::Duration;

use serde_json::Value as Json;
use tokio::time;

use crate::{
    database::TestDatabase,
    studio::{Studio, run, until},
};

const ALONE: [(&str, &str); 1] = [("USE_DATAVERSE", "false")];

async fn text(studio: &Studio, path: &str) -> String {
    studio.get(path).await.text().await.unwrap()
}

async fn started(database: &TestDatabase) -> Studio {
    let studio = Studio::with(&[&database.settings()[..], &ALONE].concat());
    studio.stored(&run("c", "r")).await;
    studio
}

#[tokio::test]
async fn stale_figures_never_say_all_is_well() {
    let database = TestDatabase::new();
    let studio = started(&database).await;
    until("all is well", async || text(&studio, "/").await.contains("All is well").then_some(())).await;
    let tag = studio.get("/api/panel").await.headers()["etag"].clone();
    assert_eq!(studio.json("/api/metrics/recent").await["pipeline"]["state"], "ok");
    assert!(text(&studio, "/metrics").await.contains("\nstudio_ledger_up 1\n"));

    database.run("ALTER TABLE studio.campaign_metrics RENAME TO aside").await;
    let page = until("the page says that it cannot look", async || {
        let page = text(&studio, "/").await;
        page.contains("The ledger is out of reach.").then_some(page)
    })
    .await;
    assert!(!page.contains("All is well"), "{page}");
    assert!(page.contains("does not exist") && page.contains("These figures are of"), "{page}");
    let poll = studio.request("GET", "/api/panel").header("if-none-match", tag).send().await.unwrap();
    assert_eq!(poll.status(), 200, "the old panel holds no more");
    let recent = until("programs hear of it", async || {
        let recent: Json = studio.json("/api/metrics/recent").await["pipeline"].clone();
        (recent["state"] == "stopped").then_some(recent)
    })
    .await;
    assert!(recent["reason"].as_str().unwrap().contains("does not exist"), "{recent}");
    let metrics = text(&studio, "/metrics").await;
    assert!(metrics.contains("\nstudio_ledger_up 0\n"), "{metrics}");
    assert!(metrics.contains("\nstudio_delivery_state{state=\"stopped\"} 1\n"), "{metrics}");

    database.run("ALTER TABLE studio.aside RENAME TO campaign_metrics").await;
    until("all is well again", async || text(&studio, "/").await.contains("All is well").then_some(())).await;
    assert!(text(&studio, "/metrics").await.contains("\nstudio_delivery_state{state=\"ok\"} 1\n"));
}

#[tokio::test]
async fn pages_do_not_wait_for_others() {
    let database = TestDatabase::new();
    let studio = started(&database).await;
    studio.get("/api/panel").await;
    let lock = database.locked("studio.campaigns, studio.campaign_metrics").await;
    // Views that are new, which wait for the table.
    let others = ["30d", "60d", "90d"].map(|range| {
        let url = format!("{}/api/panel?range={range}", studio.url);
        tokio::spawn(studio.client.get(url).send())
    });
    let page = time::timeout(Duration::from_secs(4), studio.get("/")).await.expect("the page is held");
    assert_eq!(page.status(), 200);
    let late = studio.client.get(format!("{}/api/metrics/recent?range=60d", studio.url)).send();
    let late = time::timeout(Duration::from_secs(6), late).await.expect("a view waits without end").unwrap();
    assert!(matches!(late.status().as_u16(), 429 | 503), "{}", late.status());
    assert!(late.headers().contains_key("retry-after"));
    drop(lock);
    for other in others {
        _ = other.await.unwrap();
    }
    assert_eq!(studio.json("/api/metrics/recent?range=30d").await["pipeline"]["state"], "ok");
}

#[tokio::test]
async fn the_pipeline_page_leaves_readers_free() {
    let database = TestDatabase::new();
    let studio = started(&database).await;
    let lock = database.locked("studio.handlings").await;
    let lookers: Vec<_> = (0..40)
        .map(|n| {
            let url = format!("{}{}", studio.url, if n % 2 == 0 { "/api/pipeline" } else { "/pipeline" });
            tokio::spawn(studio.client.get(url).send())
        })
        .collect();
    // Each of them has asked.
    until("the database holds up those who look", async || {
        let held = "SELECT count(*)::text FROM pg_locks WHERE NOT granted AND relation = 'studio.handlings'::regclass";
        (database.ask(held).await != "0").then_some(())
    })
    .await;
    for range in ["30d", "60d", "90d"] {
        let view = studio.client.get(format!("{}/api/panel?range={range}", studio.url)).send();
        let view = time::timeout(Duration::from_secs(4), view).await.expect("no reader is left").unwrap();
        assert_eq!(view.status(), 200);
    }
    drop(lock);
    for looker in lookers {
        assert_eq!(looker.await.unwrap().unwrap().status(), 200);
    }
}
