//! `GET /api/metrics/campaign`: newest first, page by page, filtered.

use serde_json::{Value as Json, json};

use crate::studio::{Studio, run, with};

fn at(minute: u32) -> Json {
    json!({"createdAt": format!("2026-11-01T10:{minute:02}:00Z")})
}

async fn ids(studio: &Studio, query: &str) -> Vec<String> {
    let page = studio.json(&format!("/api/metrics/campaign?{query}")).await;
    page["runs"].as_array().unwrap().iter().map(|run| run["runId"].as_str().unwrap().to_owned()).collect()
}

async fn filled() -> Studio {
    let studio = Studio::start();
    let runs: Vec<Json> = (0..25)
        .map(|n| with(&run(if n % 2 == 0 { "even" } else { "odd" }, &format!("{n:02}")), &at(n)))
        .collect();
    studio.post(&Json::from(runs)).await;
    studio
}

#[tokio::test]
async fn lists_use_field_names() {
    let studio = Studio::start();
    let sent = json!({
        "campaignId": "c", "campaignName": "Autumn launch", "runId": "r", "phase": "2-3", "agentsTotal": 195,
        "agentsSuccessful": 190, "assetsGenerated": 12, "tokensIn": 5_300, "tokensOut": 2_200, "costUSD": 0.3,
        "latencyP95Ms": 38_400, "createdAt": "2026-11-01T10:00:00.5+01:00",
    });
    let id = studio.stored(&sent).await;
    let page = studio.json("/api/metrics/campaign").await;
    let mut run = page["runs"][0].clone();
    assert!(run["receivedAt"].as_str().unwrap().ends_with('Z'));
    run.as_object_mut().unwrap().remove("receivedAt");
    assert!(run.as_object_mut().unwrap().remove("exportedAt").is_some());
    let expect = with(
        &sent,
        &json!({
            "id": id, "costUSD": "0.30000", "latencyAvgMs": null, "successRate": "97.44",
            "createdAt": "2026-11-01T09:00:00.5Z",
        }),
    );
    assert_eq!(run, expect);
}

#[tokio::test]
async fn pages_hold_every_run_once() {
    let studio = filled().await;
    let mut seen = Vec::new();
    let mut query = "limit=7".to_owned();
    loop {
        let page = studio.json(&format!("/api/metrics/campaign?{query}")).await;
        seen.extend(
            page["runs"].as_array().unwrap().iter().map(|run| run["runId"].as_str().unwrap().to_owned()),
        );
        studio.post(&with(&run("late", &format!("late-{}", seen.len())), &at(59))).await;
        let Some(next) = page["next"].as_str() else { break };
        query = format!("limit=7&cursor={next}");
    }
    let expect: Vec<String> = (0..25).rev().map(|n| format!("{n:02}")).collect();
    assert_eq!(seen, expect);
}

#[tokio::test]
async fn filters_and_bounds_hold() {
    let studio = filled().await;
    assert_eq!(ids(&studio, "").await.len(), 10, "ten unless said otherwise");
    assert_eq!(ids(&studio, "campaign=odd&limit=1000").await.len(), 12);
    assert_eq!(ids(&studio, "campaign=Odd").await.len(), 0, "text is compared byte by byte");
    assert_eq!(ids(&studio, "phase=4").await.len(), 0);
    assert_eq!(ids(&studio, "phase=1&campaign=even&limit=2").await, ["24", "22"]);
    let bounds = "from=2026-11-01T10:05:00Z&to=2026-11-01T10:08:00Z";
    assert_eq!(ids(&studio, bounds).await, ["07", "06", "05"]);
    let bounds = "from=2026-11-01T11:05:00%2B01:00&to=2026-11-01T11:06:00%2B01:00";
    assert_eq!(ids(&studio, bounds).await, ["05"]);
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let studio = Studio::start();
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("cursor=abc", "cursor"),
        ("campaign=", "campaign"),
        ("from=today", "from"),
        ("to=2026-11-01", "to"),
        ("offset=3", "offset"),
        ("limit=1&limit=2", "limit"),
    ] {
        let answer = studio.get(&format!("/api/metrics/campaign?{query}")).await;
        assert_eq!(answer.status(), 422, "{query}");
        let problem: Json = answer.json().await.unwrap();
        assert_eq!(problem["errors"][0]["field"], field, "{query}: {problem}");
    }
}
