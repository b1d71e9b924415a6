//! `GET`, `PUT` and `DELETE` of one run.

use reqwest::Response;
use serde_json::{Value as Json, json};

use crate::studio::{Studio, run, with};

async fn put(studio: &Studio, id: &str, body: &Json, if_match: Option<&str>) -> Response {
    let mut request = studio.request("PUT", &format!("/api/metrics/campaign/{id}")).json(body);
    if let Some(tag) = if_match {
        request = request.header("if-match", tag);
    }
    request.send().await.unwrap()
}

async fn delete(studio: &Studio, id: &str, if_match: Option<&str>) -> Response {
    let mut request = studio.request("DELETE", &format!("/api/metrics/campaign/{id}"));
    if let Some(tag) = if_match {
        request = request.header("if-match", tag);
    }
    request.send().await.unwrap()
}

async fn check(answer: Response, status: u16, problem: &str) -> Json {
    let (found, text) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(found, status, "{text}");
    let body: Json = serde_json::from_str(&text).unwrap();
    if !problem.is_empty() {
        assert_eq!(body["type"], format!("/problems/{problem}"));
    }
    body
}

fn tag(answer: &Response) -> String {
    answer.headers()["etag"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn corrections_move_the_tag() {
    let studio = Studio::start();
    let id = studio.stored(&run("c", "r")).await;
    let path = format!("/api/metrics/campaign/{id}");
    let first = tag(&studio.get(&path).await);
    let better = with(&run("c", "r"), &json!({"costUSD": "1.5"}));

    let answer = put(&studio, &id, &better, Some(&first)).await;
    let second = tag(&answer);
    assert_eq!(check(answer, 200, "").await, json!({"id": id, "status": "corrected"}));
    assert_ne!(first, second);
    assert_eq!(studio.json(&path).await["costUSD"], "1.50000");

    let answer = put(&studio, &id, &better, None).await;
    assert_eq!(tag(&answer), second);
    assert_eq!(check(answer, 200, "").await["status"], "unchanged");
    let known = studio.request("GET", &path).header("if-none-match", &second).send().await.unwrap();
    assert_eq!(known.status(), 304);
}

#[tokio::test]
async fn stale_corrections_are_refused() {
    let studio = Studio::start();
    let id = studio.stored(&run("c", "r")).await;
    let other = with(&run("c", "r"), &json!({"tokensIn": 5}));
    for stale in ["\"7\"", "W/\"1\"", "1", "\"x\""] {
        check(put(&studio, &id, &other, Some(stale)).await, 412, "revision-mismatch").await;
        check(delete(&studio, &id, Some(stale)).await, 412, "revision-mismatch").await;
    }
    check(put(&studio, &id, &other, Some("*")).await, 200, "").await;
    check(put(&studio, &id, &run("c", "r"), Some("\"1\"")).await, 412, "revision-mismatch").await;
    assert_eq!(studio.json(&format!("/api/metrics/campaign/{id}")).await["tokensIn"], 5);
}

#[tokio::test]
async fn a_correction_breaks_no_rule() {
    let studio = Studio::start();
    let id = studio.stored(&run("c", "r")).await;
    let problem = check(put(&studio, &id, &run("c", "other"), None).await, 422, "validation").await;
    assert_eq!(problem["errors"].as_array().unwrap().len(), 3);
    check(put(&studio, &id, &with(&run("c", "r"), &json!({"tokensIn": -1})), None).await, 422, "validation")
        .await;
    let text = studio.request("PUT", &format!("/api/metrics/campaign/{id}")).body("{}").send().await.unwrap();
    check(text, 415, "media-type").await;
    let broken = studio
        .request("PUT", &format!("/api/metrics/campaign/{id}"))
        .header("content-type", "application/json");
    check(broken.body("{").send().await.unwrap(), 400, "not-json").await;
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let studio = Studio::start();
    for id in ["x", "00000000-0000-0000-0000-000000000000"] {
        check(studio.get(&format!("/api/metrics/campaign/{id}")).await, 404, "not-found").await;
        check(put(&studio, id, &run("c", "r"), None).await, 404, "not-found").await;
        check(delete(&studio, id, None).await, 404, "not-found").await;
    }
}

#[tokio::test]
async fn withdrawn_runs_stay_gone() {
    let studio = Studio::start();
    let id = studio.stored(&run("c", "r")).await;
    studio.stored(&run("c", "s")).await;
    assert_eq!(
        check(delete(&studio, &id, Some("\"1\"")).await, 200, "").await,
        json!({"id": id, "status": "withdrawn"})
    );

    assert_eq!(studio.json("/api/metrics/campaign").await["runs"].as_array().unwrap().len(), 1);
    assert_eq!(studio.json("/api/metrics/history").await["figures"]["cost"]["rows"], 1);
    check(studio.get(&format!("/api/metrics/campaign/{id}")).await, 410, "gone").await;
    check(delete(&studio, &id, None).await, 410, "gone").await;
    check(put(&studio, &id, &run("c", "r"), None).await, 409, "withdrawn").await;
    let again = check(studio.post(&run("c", "r")).await, 409, "withdrawn").await;
    assert_eq!((&again["stored"]["runId"], &again["sent"]["runId"]), (&json!("r"), &json!("r")));
    let many: Json = studio.post(&json!([run("c", "r")])).await.json().await.unwrap();
    assert_eq!(many["items"][0]["status"], "conflict");
}
