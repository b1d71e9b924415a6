//! Limits and faults: what clients must be able to live with.

use std::time::Duration;

use emulator::{Disturbance, FaultEffect, Limits, Options};
use serde_json::json;

use crate::client::{HttpClient, JsonAnswer, http, name_column};

#[tokio::test]
async fn too_many_requests_are_throttled() {
    let limits = Limits { requests: 3, ..Limits::default() };
    let mut client = HttpClient::with(Options { limits, ..Options::default() }).await;
    for _ in 0..3 {
        assert_eq!(client.get("WhoAmI").await.status, 200);
    }
    let refused = client.get("WhoAmI").await;
    assert_eq!(refused.refusal(), (429, "0x80072322"));
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=300).contains(&wait));
    client.emulator.advance_clock(Duration::from_secs(wait));
    client.renew().await;
    assert_eq!(client.get("WhoAmI").await.status, 200);
}

#[tokio::test]
async fn limits_are_set_while_it_runs() {
    let client = HttpClient::with(Options { admin: true, ..Options::default() }).await;
    let limits = format!("{}/_emulator/v1/limits", client.emulator.url());
    let put =
        async |body: serde_json::Value| JsonAnswer::of(http().put(&limits).json(&body)).await.status.as_u16();
    assert_eq!(JsonAnswer::of(http().get(&limits)).await.json["window"], 300_000);
    assert_eq!(client.get("WhoAmI").await.header("x-ms-ratelimit-time-remaining-xrm-requests").len(), 8);
    assert_eq!(put(json!({ "requests": 2, "window": 10_000 })).await, 204);
    assert_eq!(client.get("WhoAmI").await.status, 200);
    let refused = client.get("WhoAmI").await;
    assert_eq!(refused.refusal(), (429, "0x80072322"));
    assert!(refused.text.contains("over time window of 10 seconds"), "{}", refused.text);
    client.emulator.advance_clock(Duration::from_secs(10));
    assert_eq!(client.get("WhoAmI").await.status, 200);
    assert_eq!(put(json!({ "concurrency": 0 })).await, 204);
    assert_eq!(client.get("WhoAmI").await.refusal(), (429, "0x80072326"));
    assert_eq!(put(json!({ "execution": 0 })).await, 204);
    assert_eq!(client.get("WhoAmI").await.refusal(), (429, "0x80072321"));
    assert_eq!(put(json!({ "nonsense": 0 })).await, 400);
    // Another application has a budget of its own.
    assert_eq!(put(json!({ "requests": 1 })).await, 204);
    let other = client.as_application(Some(vec!["System Administrator".to_owned()])).await;
    assert_eq!(other.get("WhoAmI").await.status, 200);
    assert_eq!(other.get("WhoAmI").await.status, 429);
    let status = JsonAnswer::of(http().get(limits.replace("limits", "status"))).await;
    assert_eq!(status.json["users"].as_array().unwrap().len(), 2, "{}", status.text);
}

#[tokio::test]
async fn the_trace_names_changed_rows() {
    let client = HttpClient::with(Options { admin: true, ..Options::default() }).await;
    client.furnish().await;
    let trace = format!("{}/_emulator/v1/trace", client.emulator.url());
    let newest = async || JsonAnswer::of(http().get(&trace)).await.json["exchanges"][0]["changed"].clone();
    let id = client.thing(json!({})).await;
    assert_eq!(newest().await, json!({ "total": 1, "rows": [format!("made x_things({id})")] }));
    client.patch(&format!("x_things({id})"), &json!({ "x_count": 1 })).await;
    assert_eq!(newest().await["rows"][0], format!("changed x_things({id})"));
    let target = json!({ "@odata.type": "Microsoft.Dynamics.CRM.x_thing" });
    let targets = json!({ "Targets": vec![target; 30] });
    client.post("x_things/Microsoft.Dynamics.CRM.CreateMultiple", &targets).await;
    let many = newest().await;
    assert_eq!((&many["total"], many["rows"].as_array().unwrap().len()), (&json!(30), 20));
    // What a failed change set did is undone, and not shown.
    let batch = format!(
        "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\nContent-ID: \
         1\r\n\r\nDELETE x_things({id}) HTTP/1.1\r\n\r\n\r\n--c\r\nContent-Type: application/http\r\nContent-ID: \
         2\r\n\r\nDELETE x_things({id}) HTTP/1.1\r\n\r\n\r\n--c--\r\n--b--\r\n"
    );
    let request = client.request("POST", "$batch").header("content-type", "multipart/mixed; boundary=b");
    let refused = JsonAnswer::of(request.body(batch)).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert_eq!(newest().await["total"], 0);
    client.delete(&format!("x_things({id})")).await;
    assert_eq!(newest().await["rows"][0], format!("deleted x_things({id})"));
    assert_eq!(JsonAnswer::of(http().delete(&trace)).await.status, 204);
    assert_eq!(JsonAnswer::of(http().get(&trace)).await.json["exchanges"], json!([]));
}

#[tokio::test]
async fn faults_befall_requests_as_ordered() {
    let client = HttpClient::new().await;
    let fault =
        Disturbance { status: Some(503), retry_after: Some(7), times: Some(1), ..Disturbance::default() };
    client.emulator.disturb(fault);
    let refused = client.get("WhoAmI").await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (503, "7"));
    assert_eq!(client.get("WhoAmI").await.status, 200);
}

#[tokio::test]
async fn cuts_come_before_or_after_effects() {
    let client = HttpClient::new().await;
    for (effect, expect) in [(FaultEffect::CutBefore, "0"), (FaultEffect::CutAfter, "1")] {
        client.emulator.disturb(Disturbance { effect, times: Some(1), ..Disturbance::default() });
        let outcome = client.request("POST", "x_things").json(&json!({ "x_name": "a" })).send().await;
        assert!(outcome.is_err(), "{effect:?}");
        assert_eq!(client.get("x_things/$count").await.text, expect, "{effect:?}");
    }
}

#[tokio::test]
async fn definition_changes_can_be_serial() {
    let client = HttpClient::with(Options::default()).await;
    let lock = Disturbance { effect: FaultEffect::Lock, milliseconds: Some(300), ..Disturbance::default() };
    client.emulator.disturb(lock);
    let table = |name: &str| json!({ "SchemaName": name, "Attributes": [name_column()] });
    let asking: Vec<_> = (0..8)
        .map(|n| {
            tokio::spawn(client.request("POST", "EntityDefinitions").json(&table(&format!("x_T{n}"))).send())
        })
        .collect();
    let mut outcomes = std::collections::BTreeSet::new();
    for asked in asking {
        outcomes.insert(asked.await.unwrap().unwrap().status().as_u16());
    }
    assert_eq!(outcomes, [204, 503].into());
    // Reading definitions and everything else goes on as before; so do changes that keep out of each other's way.
    assert_eq!(client.get("EntityDefinitions?$select=LogicalName").await.status, 200);
    assert_eq!(client.post("EntityDefinitions", &table("x_Third")).await.status, 204);
}

#[tokio::test]
async fn rows_are_refused_like_plug_ins_do() {
    let client = HttpClient::new().await;
    let text = Some("forbidden".to_owned());
    client.emulator.disturb(Disturbance { effect: FaultEffect::Refuse, text, ..Disturbance::default() });
    assert_eq!(client.post("x_things", &json!({ "x_name": "allowed" })).await.status, 204);
    let refused = client.post("x_things", &json!({ "x_name": "is forbidden here" })).await;
    assert_eq!(refused.refusal(), (400, "0x80040265"));
    assert_eq!(client.get("x_things/$count").await.text, "1");
    client.emulator.calm();
    assert_eq!(client.post("x_things", &json!({ "x_name": "is forbidden here" })).await.status, 204);
}

#[tokio::test]
async fn hanging_requests_do_not_block_shutdown() {
    let client = HttpClient::new().await;
    client.emulator.disturb(Disturbance { effect: FaultEffect::Hang, ..Disturbance::default() });
    let hanging = tokio::spawn(client.request("GET", "WhoAmI").send());
    // Whether it has come in already or not when the end comes: either way it is cut.
    client.emulator.stop().await;
    assert!(hanging.await.unwrap().is_err());
}

#[tokio::test]
async fn admin_routes_answer_only_where_they_may() {
    let client = HttpClient::with(Options { admin: true, ..Options::default() }).await;
    client.furnish().await;
    let admin = |path: &str| format!("{}/_emulator/v1/{path}", client.emulator.url());
    let post = async |path: &str, body: serde_json::Value| {
        JsonAnswer::of(http().post(admin(path)).json(&body)).await
    };
    assert_eq!(post("faults", json!({ "status": 500, "times": 1, "path": "x_things" })).await.status, 204);
    assert_eq!(JsonAnswer::of(http().get(admin("faults"))).await.json["faults"][0]["status"], 500);
    assert_eq!(client.get("x_things").await.refusal(), (500, "0x80040216"));
    assert_eq!(post("faults", json!({ "nonsense": 1 })).await.status, 400);
    client.thing(json!({ "x_name": "kept" })).await;
    assert_eq!(post("snapshot", json!({ "name": "one" })).await.status, 204);
    client.thing(json!({ "x_name": "lost" })).await;
    assert_eq!(post("restore", json!({ "name": "one" })).await.status, 204);
    assert_eq!(client.get("x_things").await.column("x_name"), [json!("kept")]);
    assert_eq!(post("restore", json!({ "name": "../x" })).await.status, 400);
    assert_eq!(JsonAnswer::of(http().get(admin("snapshots"))).await.json, json!({ "snapshots": ["one"] }));
    let trace = JsonAnswer::of(http().get(admin("trace"))).await;
    assert!(trace.text.contains("kept") && !trace.text.contains("Bearer"));
    assert_eq!(post("reset", json!({})).await.status, 204);
    assert_eq!(client.get("x_things").await.status, 404);
    let foreign = http().post(admin("reset")).header("origin", "http://evil.example").body("{}");
    assert_eq!(JsonAnswer::of(foreign).await.status, 404);
    let rebound = http().post(admin("reset")).header("host", "evil.example").body("{}");
    assert_eq!(JsonAnswer::of(rebound).await.status, 404);
    let off = HttpClient::with(Options::default()).await;
    let url = format!("{}/_emulator/v1/status", off.emulator.url());
    assert_eq!(JsonAnswer::of(http().get(url)).await.status, 404);
}
