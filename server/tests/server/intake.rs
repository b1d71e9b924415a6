//! `POST /api/metrics/campaign`: what is taken, what is refused, and how.

use reqwest::{Body, Response};
use serde_json::{Value as Json, json};

use crate::studio::{Studio, run, with};

const JSON: (&str, &str) = ("content-type", "application/json");

struct RefusedEntry {
    status: u16,
    problem: &'static str,
    fields: &'static [&'static str],
}

const fn refusal(status: u16, problem: &'static str, fields: &'static [&'static str]) -> RefusedEntry {
    RefusedEntry { status, problem, fields }
}

async fn send(studio: &Studio, body: impl Into<Body>, headers: &[(&str, &str)]) -> Response {
    let mut request = studio.request("POST", "/api/metrics/campaign").body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

#[track_caller]
fn is_problem(answer: &Json, expect: &RefusedEntry, about: &str) {
    assert_eq!(answer["type"], format!("/problems/{}", expect.problem), "{about}: {answer}");
    assert_eq!(answer["status"], expect.status, "{about}");
    let empty = Vec::new();
    let fields: Vec<&str> =
        answer["errors"].as_array().unwrap_or(&empty).iter().map(|e| e["field"].as_str().unwrap()).collect();
    assert_eq!(fields, expect.fields, "{about}: {answer}");
    for member in ["title", "detail", "requestId"] {
        assert!(
            answer[member].as_str().is_some_and(|text| !text.is_empty()),
            "{about}: no {member} in {answer}"
        );
    }
}

/// Sends what must be refused, and sees that nothing of it was kept.
async fn check(studio: &Studio, body: &str, headers: &[(&str, &str)], expect: RefusedEntry) {
    let about: String = body.chars().take(120).collect();
    let answer = send(studio, body.to_owned(), headers).await;
    assert_eq!(answer.status(), expect.status, "{about}");
    assert_eq!(answer.headers()["content-type"], "application/problem+json", "{about}");
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let answer: Json = answer.json().await.unwrap();
    assert_eq!(answer["requestId"], id.as_str(), "{about}");
    is_problem(&answer, &expect, &about);
    let listed = studio.json("/api/metrics/campaign").await;
    assert_eq!(listed, json!({"runs": [], "next": null}), "{about} left something behind");
}

#[tokio::test]
async fn what_is_not_json_is_refused() {
    let studio = Studio::start();
    for body in ["", "x", "{", "{\"a\":}", "[", "[{},]", "{}{}", "\u{feff}{}", "nul", "'a'"] {
        check(&studio, body, &[JSON], refusal(400, "not-json", &[])).await;
    }
    let answer = send(&studio, b"{\"campaignId\":\"\xff\"}".to_vec(), &[JSON]).await;
    assert_eq!(answer.status(), 400);
    // JSON all the same: an array of one item, which is no record.
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(send(&studio, nested, &[JSON]).await.json::<Json>().await.unwrap()["refused"], 1);
}

#[tokio::test]
async fn other_content_types_are_refused() {
    let studio = Studio::start();
    let body = run("c", "r").to_string();
    let media = || refusal(415, "media-type", &[]);
    check(&studio, &body, &[], media()).await;
    check(&studio, &body, &[("content-type", "text/plain")], media()).await;
    check(&studio, &body, &[("content-type", "application/x-www-form-urlencoded")], media()).await;
    check(&studio, &body, &[("content-type", "application/json; charset=utf-16")], media()).await;
    check(&studio, &body, &[JSON, ("content-encoding", "gzip")], media()).await;
}

#[tokio::test]
async fn every_broken_rule_is_named() {
    let studio = Studio::start();
    let base = run("c", "r");
    let broken = |fields| refusal(422, "validation", fields);
    let cases: &[(Json, &'static [&'static str])] = &[
        (json!({"campaignId": ""}), &["campaignId"]),
        (json!({"campaignId": " c"}), &["campaignId"]),
        (json!({"campaignId": "c".repeat(65)}), &["campaignId"]),
        (json!({"campaignId": "a\tb"}), &["campaignId"]),
        (json!({"campaignId": null, "runId": 7}), &["campaignId", "runId"]),
        (json!({"campaignId": "mia@example.com"}), &["campaignId"]),
        (json!({"campaignName": ""}), &["campaignName"]),
        (json!({"agentsTotal": -1}), &["agentsTotal"]),
        (json!({"agentsTotal": 2}), &["agentsSuccessful"]),
        (json!({"agentsTotal": 4.5}), &["agentsTotal"]),
        (json!({"agentsTotal": "4"}), &["agentsTotal"]),
        (json!({"tokensIn": 2_147_483_648_i64}), &["tokensIn"]),
        (json!({"assetsGenerated": null}), &["assetsGenerated"]),
        (json!({"costUSD": "100000"}), &["costUSD"]),
        (json!({"costUSD": -0.00001}), &["costUSD"]),
        (json!({"costUSD": "a lot"}), &["costUSD"]),
        (json!({"latencyP95Ms": true}), &["latencyP95Ms"]),
        (json!({"createdAt": "1999-12-31T23:59:59Z"}), &["createdAt"]),
        (json!({"createdAt": "2999-01-01T00:00:00Z"}), &["createdAt"]),
        (json!({"createdAt": "yesterday"}), &["createdAt"]),
        (json!({"successRate": "75.00"}), &["successRate"]),
        (json!({"campaign_id": "c"}), &["campaign_id"]),
    ];
    for (members, fields) in cases {
        check(&studio, &with(&base, members).to_string(), &[JSON], broken(fields)).await;
    }
    check(
        &studio,
        "{}",
        &[JSON],
        broken(&["campaignId", "runId", "phase", "agentsTotal", "agentsSuccessful"]),
    )
    .await;
    check(&studio, "7", &[JSON], broken(&[""])).await;
    let twice =
        r#"{"campaignId":"c","campaignId":"d","runId":"r","phase":"1","agentsTotal":1,"agentsSuccessful":1}"#;
    check(&studio, twice, &[JSON], broken(&["campaignId"])).await;
}

#[tokio::test]
async fn misspelt_fields_get_suggestions() {
    let studio = Studio::start();
    let answer: Json =
        studio.post(&with(&run("c", "r"), &json!({"tokens_in": 1}))).await.json().await.unwrap();
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains("tokensIn"), "{answer}");
    let personal = with(&run("c", "r"), &json!({"campaignId": "mia@example.com"}));
    let answer = studio.post(&personal).await.text().await.unwrap();
    assert!(!answer.contains("mia@example.com"), "{answer}");
}

#[tokio::test]
async fn large_bodies_are_refused() {
    let studio = Studio::start();
    let padded =
        |bytes: usize| format!("{}{}", run("c", "r"), " ".repeat(bytes - run("c", "r").to_string().len()));
    check(&studio, &padded(1024 * 1024 + 1), &[JSON], refusal(413, "too-large", &[])).await;
    check(&studio, &padded(4 * 1024 * 1024), &[JSON], refusal(413, "too-large", &[])).await;
    assert_eq!(send(&studio, padded(1024 * 1024), &[JSON]).await.status(), 201);
}

#[tokio::test]
async fn the_published_ids_come_out() {
    let studio = Studio::start();
    let vectors = [
        (["api-test-001", "api-run-001", "2-3"], "e6963b74-7ff1-5584-a42e-b887407b7717"),
        (["名", "r,1:2", "4"], "78084cb4-7640-52c2-83a6-3437b5b075d3"),
    ];
    for ([campaign, run_id, phase], id) in vectors {
        let answer = studio.post(&with(&run(campaign, run_id), &json!({"phase": phase}))).await;
        assert_eq!(answer.status(), 201);
        assert_eq!(answer.headers()["location"], format!("/api/metrics/campaign/{id}"));
        assert_eq!(answer.json::<Json>().await.unwrap(), json!({"id": id, "status": "stored"}));
    }
}

#[tokio::test]
async fn repeats_are_duplicates_or_conflicts() {
    let studio = Studio::start();
    let first = with(
        &run("c", "r"),
        &json!({"costUSD": 0.300_000_000_000_000_04_f64, "createdAt": "2026-01-01T00:00:00+01:00"}),
    );
    let id = studio.stored(&first).await;
    let same = with(&run("c", "r"), &json!({"costUSD": "0.30", "tokensIn": 0}));
    let answer = studio.post(&same).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Json>().await.unwrap(), json!({"id": id, "status": "duplicate"}));

    let answer = studio.post(&with(&first, &json!({"costUSD": "0.31"}))).await;
    assert_eq!(answer.status(), 409);
    let problem: Json = answer.json().await.unwrap();
    is_problem(&problem, &refusal(409, "conflict", &[]), "conflict");
    assert_eq!(
        (&problem["stored"]["costUSD"], &problem["sent"]["costUSD"]),
        (&json!("0.30000"), &json!("0.31000"))
    );
    assert_eq!(
        (&problem["stored"]["id"], &problem["stored"]["createdAt"]),
        (&json!(id), &json!("2025-12-31T23:00:00Z"))
    );
    assert_eq!(studio.json("/api/metrics/campaign").await["runs"][0]["costUSD"], "0.30000");
}

#[tokio::test]
async fn averages_above_p95_warn() {
    let studio = Studio::start();
    let odd = with(&run("c", "r"), &json!({"latencyP95Ms": 10, "latencyAvgMs": 11}));
    let answer = studio.post(&odd).await;
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.json::<Json>().await.unwrap()["warnings"][0]["field"], "latencyAvgMs");
}

#[tokio::test]
async fn an_array_is_answered_item_by_item() {
    let studio = Studio::start();
    studio.stored(&run("c", "old")).await;
    let items = json!([
        run("c", "a"),
        {"campaignId": "c"},
        run("c", "a"),
        with(&run("c", "a"), &json!({"tokensIn": 1})),
        run("c", "old"),
        7,
        run("c", "b"),
    ]);
    let answer = studio.post(&items).await;
    assert_eq!(answer.status(), 200);
    let body: Json = answer.json().await.unwrap();
    let statuses: Vec<&str> =
        body["items"].as_array().unwrap().iter().map(|i| i["status"].as_str().unwrap()).collect();
    assert_eq!(
        statuses,
        ["stored", "refused", "duplicate", "conflict", "duplicate", "refused", "stored"],
        "{body}"
    );
    assert_eq!(
        (&body["stored"], &body["duplicate"], &body["conflict"], &body["refused"]),
        (&json!(2), &json!(2), &json!(1), &json!(2))
    );
    for (index, item) in body["items"].as_array().unwrap().iter().enumerate() {
        assert_eq!(item["index"], index);
        let refused = item["status"] == "refused";
        assert_eq!(item["id"].is_null(), refused, "{item}");
        assert_eq!(
            item["errors"].as_array().unwrap().is_empty(),
            matches!(item["status"].as_str(), Some("stored" | "duplicate")),
            "{item}"
        );
    }
    assert_eq!(body["items"][1]["errors"].as_array().unwrap().len(), 4);
    assert_eq!(studio.json("/api/metrics/campaign").await["runs"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn faulty_bodies_get_short_answers() {
    let studio = Studio::start();
    let strays: Vec<String> = (0..100_000).map(|n| format!("\"{n}\":1")).collect();
    let twins = vec!["\"a\":1"; 170_000].join(",");
    let long = "x".repeat(500_000);
    for body in [strays.join(","), twins, format!("\"{long}\":1,\"{long}\":1")] {
        let answer = studio
            .request("POST", "/api/metrics/campaign")
            .header("content-type", "application/json")
            .body(format!("{{{body}}}"));
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), 422);
        let said = answer.text().await.unwrap();
        assert!(said.len() < 64_000, "{} bytes: {said:.1000}", said.len());
    }
    let answer = studio.get(&format!("/api/metrics/recent?{}", vec!["a"; 20_000].join("&"))).await;
    assert_eq!(answer.status(), 422);
    assert!(answer.text().await.unwrap().len() < 64_000);
}

#[tokio::test]
async fn arrays_hold_a_thousand() {
    let studio = Studio::start();
    let items = |count: usize| Json::from((0..count).map(|n| run("c", &n.to_string())).collect::<Vec<_>>());
    check(&studio, &items(1_001).to_string(), &[JSON], refusal(422, "validation", &[""])).await;
    let body: Json = studio.post(&items(1_000)).await.json().await.unwrap();
    assert_eq!((&body["stored"], body["items"].as_array().unwrap().len()), (&json!(1_000), 1_000));
    assert_eq!(studio.post(&json!([])).await.json::<Json>().await.unwrap()["items"], json!([]));
}

#[tokio::test]
async fn other_methods_are_told_what_is_taken() {
    let studio = Studio::start();
    for (method, path, allow) in [
        ("PATCH", "/api/metrics/campaign", ["POST", "GET"].as_slice()),
        ("DELETE", "/api/metrics/recent", &["GET"]),
        ("POST", "/api/metrics/campaign/x", &["GET", "PUT", "DELETE"]),
        ("GET", "/theme", &["POST"]),
    ] {
        let answer = studio.request(method, path).send().await.unwrap();
        assert_eq!(answer.status(), 405, "{method} {path}");
        let allowed = answer.headers()["allow"].to_str().unwrap().to_owned();
        assert!(allow.iter().all(|method| allowed.contains(method)), "{method} {path}: {allowed}");
        is_problem(&answer.json().await.unwrap(), &refusal(405, "method-not-allowed", &[]), path);
    }
    let answer = studio.get("/api/nothing").await;
    assert_eq!(answer.status(), 404);
    is_problem(&answer.json().await.unwrap(), &refusal(404, "not-found", &[]), "/api/nothing");
}
