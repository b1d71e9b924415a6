//! Change tracking: nothing lost, deletes told, old links refused.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{HttpClient, JsonAnswer};

/// Reads to the end; the entries, and the delta link.
async fn read(client: &HttpClient, path: &str, size: u32) -> (Vec<Value>, String) {
    let mut all = Vec::new();
    let mut next = path.to_owned();
    loop {
        let prefer = format!("odata.track-changes,odata.maxpagesize={size}");
        let answer = JsonAnswer::of(client.request("GET", &next).header("prefer", prefer)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        all.extend(answer.json["value"].as_array().unwrap().clone());
        if let Some(delta) = answer.json["@odata.deltaLink"].as_str() {
            return (all, delta.to_owned());
        }
        next = answer.json["@odata.nextLink"].as_str().unwrap().to_owned();
    }
}

#[tokio::test]
async fn deltas_hold_what_changed_since() {
    let client = HttpClient::new().await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(client.thing(json!({ "x_count": n })).await);
    }
    let (first, link) = read(&client, "x_things?$select=x_count", 2).await;
    assert_eq!(first.len(), 5);
    assert!(link.contains("$deltatoken="));
    let (nothing, link) = read(&client, &link, 2).await;
    assert!(nothing.is_empty());
    client.patch(&format!("x_things({})", ids[1]), &json!({ "x_count": 11 })).await;
    client.delete(&format!("x_things({})", ids[2])).await;
    client.delete(&format!("x_things({})", ids[3])).await;
    // Made again under the same id: a change, no delete.
    client.patch(&format!("x_things({})", ids[3]), &json!({ "x_count": 33 })).await;
    let brief = client.thing(json!({ "x_count": 99 })).await;
    client.delete(&format!("x_things({brief})")).await;
    let (delta, link) = read(&client, &link, 1).await;
    assert_eq!(delta[0]["x_count"], 11);
    assert_eq!(delta[1]["x_count"], 33);
    let deleted: Vec<&Value> = delta[2..].iter().map(|entry| &entry["id"]).collect();
    assert_eq!(deleted, [&json!(ids[2]), &json!(brief)]);
    assert_eq!(delta[2]["reason"], "deleted");
    assert!(delta[2]["@odata.context"].as_str().unwrap().ends_with("#x_things/$deletedEntity"));
    assert!(read(&client, &link, 5).await.0.is_empty());
}

#[tokio::test]
async fn changes_between_pages_come_next() {
    let client = HttpClient::new().await;
    let mut ids = Vec::new();
    for n in 0..4 {
        ids.push(client.thing(json!({ "x_count": n })).await);
    }
    let prefer = "odata.track-changes,odata.maxpagesize=2";
    let first =
        JsonAnswer::of(client.request("GET", "x_things?$select=x_count").header("prefer", prefer)).await;
    client.patch(&format!("x_things({})", ids[3]), &json!({ "x_count": 33 })).await;
    let (rest, link) = read(&client, first.json["@odata.nextLink"].as_str().unwrap(), 2).await;
    assert_eq!(rest.iter().map(|row| row["x_count"].clone()).collect::<Vec<_>>(), [json!(2)]);
    let (delta, _) = read(&client, &link, 2).await;
    assert_eq!(delta.iter().map(|row| row["x_count"].clone()).collect::<Vec<_>>(), [json!(33)]);
}

#[tokio::test]
async fn expired_links_and_unfit_questions_are_refused() {
    let mut client = HttpClient::new().await;
    let (_, link) = read(&client, "x_things", 5).await;
    let prefer = "odata.track-changes";
    let ask = |path: String| client.request("GET", &path).header("prefer", prefer);
    for option in ["filter=x_count eq 1", "orderby=x_count", "top=1", "expand=x_PlaceId"] {
        let refused = JsonAnswer::of(ask(format!("x_things?${option}"))).await;
        assert_eq!(refused.status, 400);
        assert!(refused.text.contains("isn't supported when Change Tracking is enabled"), "{}", refused.text);
    }
    assert_eq!(JsonAnswer::of(ask("x_things?$apply=groupby((x_level))".to_owned())).await.status, 501);
    let untracked = JsonAnswer::of(ask("x_places".to_owned())).await;
    assert!(untracked.text.contains("isn't enabled for change tracking"));
    client.emulator.advance_clock(Duration::from_secs(8 * 86_400));
    client.renew().await;
    let expired = JsonAnswer::of(client.request("GET", &link).header("prefer", prefer)).await;
    assert_eq!(expired.refusal(), (400, "0x80044352"));
}
