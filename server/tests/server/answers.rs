//! What stands on every answer, and what the machines that watch the server are told.

use std::collections::HashSet;

use serde_json::Value as Json;

use crate::studio::{Studio, run, until};

const PATHS: &[&str] = &[
    "/",
    "/pipeline",
    "/nothing",
    "/api/nothing",
    "/api/metrics/campaign",
    "/api/metrics/recent",
    "/api/metrics/history?range=x",
    "/api/panel?range=live&tile=cost",
    "/api/pipeline",
    "/api/openapi.json",
    "/healthz",
    "/readyz",
    "/metrics",
    "/robots.txt",
    "/favicon.ico",
    "/pkg/nothing.js",
    "/problems/validation",
];

#[tokio::test]
async fn every_answer_has_headers_and_id() {
    let studio = Studio::start();
    let mut ids = HashSet::new();
    for path in PATHS {
        for accept in ["text/html", "*/*"] {
            let answer = studio.request("GET", path).header("accept", accept).send().await.unwrap();
            let header =
                |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            let page = header("content-type").is_some_and(|media| media.starts_with("text/html"));
            let policy = header("content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'none'; "), "{path}: {policy}");
            assert!(
                !policy.contains("unsafe-inline") && policy.contains("frame-ancestors 'none'"),
                "{path}: {policy}"
            );
            assert_eq!(policy.contains("script-src 'nonce-"), page, "{path}: {policy}");
            assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"), "{path}");
            assert_eq!(header("x-frame-options").as_deref(), Some("DENY"), "{path}");
            assert_eq!(header("referrer-policy").as_deref(), Some("same-origin"), "{path}");
            assert_eq!(header("cross-origin-resource-policy").as_deref(), Some("same-origin"), "{path}");
            assert_eq!(header("permissions-policy").is_some(), page, "{path}");
            assert_eq!(header("cross-origin-opener-policy").is_some(), page, "{path}");
            assert_eq!(header("strict-transport-security"), None, "{path}: there is no https here");
            assert!(ids.insert(header("x-request-id").unwrap()), "{path}: an id came twice");
        }
    }
}

#[tokio::test]
async fn each_page_has_its_own_nonce() {
    let studio = Studio::start();
    let mut nonces = HashSet::new();
    for _ in 0..3 {
        let answer = studio.get("/").await;
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        let page = answer.text().await.unwrap();
        for script in page.split("<script").skip(1) {
            assert!(
                script.split('>').next().unwrap().contains(&format!("nonce=\"{nonce}\"")),
                "a script without nonce"
            );
        }
        assert!(!page.contains(" style=\"") && !page.contains("onclick"), "inline style or script");
        assert!(nonces.insert(nonce));
    }
}

#[tokio::test]
async fn health_readiness_and_figures_are_told() {
    let studio = Studio::start();
    assert_eq!(studio.json("/healthz").await["status"], "alive");
    assert_eq!(studio.json("/readyz").await["status"], "ready");
    studio.stored(&run("c", "r")).await;
    let answer = studio.get("/metrics").await;
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    let text = answer.text().await.unwrap();
    let counted = r#"studio_http_requests_total{method="POST",route="/api/metrics/campaign",status="201"} 1"#;
    assert!(text.contains(counted), "{text}");
    assert!(text.contains("studio_ledger_log_bytes "), "{text}");
    for line in [
        "studio_records_received 1",
        "studio_records_unaccounted 0",
        "studio_questions_open 0",
        "studio_ledger_up 1",
        r#"studio_delivery_state{state="ok"} 1"#,
        "# HELP studio_records_waiting What waits for Dataverse, corrections and withdrawals included",
    ] {
        assert!(text.lines().any(|said| said == line), "{line} is not in {text}");
    }
    until("the workers are told", async || {
        let text = studio.get("/metrics").await.text().await.unwrap();
        text.lines().any(|said| said == r#"studio_worker_up{worker="relay"} 1"#).then_some(())
    })
    .await;
}

#[tokio::test]
async fn problem_types_lead_to_pages() {
    let studio = Studio::start();
    let problem: Json = studio.get("/api/metrics/history?range=x").await.json().await.unwrap();
    let explained = studio.json(problem["type"].as_str().unwrap()).await;
    assert_eq!((&explained["title"], &explained["status"]), (&problem["title"], &problem["status"]));
}
