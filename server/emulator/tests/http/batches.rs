//! `$batch`, as two client libraries send it and as the strictest of them reads it.

use serde_json::{Value, json};

use crate::client::{HttpClient, JsonAnswer};

async fn send(client: &HttpClient, body: &str, prefer: &str) -> JsonAnswer {
    let request = client
        .request("POST", "$batch")
        .header("content-type", "multipart/mixed; boundary=\"b\"")
        .header("prefer", prefer)
        .body(body.replace('\n', "\r\n"));
    JsonAnswer::of(request).await
}

fn part(line: &str, body: &str) -> String {
    format!(
        "--b\nContent-Type: application/http\nContent-Transfer-Encoding: binary\n\n{line} HTTP/1.1\n\
         Content-Type: application/json; type=entry\n\n{body}\n"
    )
}

fn set(parts: &[(&str, &str, &str)]) -> String {
    let mut out = "--b\nContent-Type: multipart/mixed; boundary=c\n\n".to_owned();
    for (id, line, body) in parts {
        out.push_str(&format!(
            "--c\nContent-Type: application/http\nContent-ID: {id}\n\n{line} HTTP/1.1\n\
             Content-Type: application/json\n\n{body}\n"
        ));
    }
    out + "--c--\n"
}

fn statuses(answer: &JsonAnswer) -> Vec<u16> {
    let lines = answer.text.lines().filter_map(|line| line.strip_prefix("HTTP/1.1 "));
    lines.map(|line| line[..3].parse().unwrap()).collect()
}

#[tokio::test]
async fn answers_come_in_order_and_in_shape() {
    let client = HttpClient::new().await;
    let body = part("POST /api/data/v9.2/x_things", r#"{"x_name":"a"}"#)
        + &part("GET https://proxy.example/api/data/v9.2/x_things?$filter=x_name eq 'a'&$select=x_name", "")
        + "--b--\n";
    let answer = send(&client, &body, "").await;
    assert_eq!((answer.status.as_u16(), statuses(&answer)), (200, vec![204, 200]));
    assert!(answer.header("content-type").starts_with("multipart/mixed; boundary=batchresponse_"));
    assert!(answer.text.starts_with("--batchresponse_"));
    assert!(answer.text.contains("OData-EntityId: "));
    assert!(answer.text.contains(r#""x_name":"a""#));
}

#[tokio::test]
async fn failures_stop_batches_unless_told_otherwise() {
    let client = HttpClient::new().await;
    let body = part("POST x_things", r#"{"x_name":"a"}"#)
        + &part("POST x_things", r#"{"x_count":-1}"#)
        + &part("POST x_things", r#"{"x_name":"c"}"#)
        + "--b--\n";
    let stopped = send(&client, &body, "").await;
    assert_eq!((stopped.status.as_u16(), statuses(&stopped)), (400, vec![204, 400]));
    assert!(stopped.text.contains("REQ_ID: "));
    assert_eq!(client.get("x_things/$count").await.text, "1", "what came before stays");
    let all = send(&client, &body, "odata.continue-on-error").await;
    assert_eq!((all.status.as_u16(), statuses(&all)), (200, vec![204, 400, 204]));
}

#[tokio::test]
async fn change_sets_are_atomic() {
    let client = HttpClient::new().await;
    let good = set(&[
        ("1", "POST x_places", r#"{"x_name":"p"}"#),
        ("2", "POST x_things", r#"{"x_name":"a","x_PlaceId@odata.bind":"$1"}"#),
        ("3", "PATCH $2", r#"{"x_count":5}"#),
    ]) + "--b--\n";
    let answer = send(&client, &good, "").await;
    assert_eq!(statuses(&answer), [204, 204, 204], "{}", answer.text);
    let found = client.get("x_things?$filter=x_PlaceId/x_name eq 'p' and x_count eq 5").await;
    assert_eq!(found.column("x_name"), [json!("a")]);
    let bad =
        set(&[("7", "POST x_things", r#"{"x_name":"b"}"#), ("8", "POST x_things", r#"{"x_count":-1}"#)])
            + &part("POST x_things", r#"{"x_name":"c"}"#)
            + "--b--\n";
    let answer = send(&client, &bad, "odata.continue-on-error").await;
    assert_eq!(statuses(&answer), [400, 204]);
    assert!(answer.text.contains("changesetresponse_") && answer.text.contains("Content-ID: 8"));
    assert!(!answer.text.contains("Content-ID: 7"));
    assert_eq!(client.get("x_things?$orderby=x_name").await.column("x_name"), [json!("a"), json!("c")]);
}

#[tokio::test]
async fn half_failed_requests_leave_nothing() {
    let client = HttpClient::new().await;
    let targets = r#"{"Targets":[{"@odata.type":"Microsoft.Dynamics.CRM.x_thing","x_name":"a"},
        {"@odata.type":"Microsoft.Dynamics.CRM.x_thing","x_count":-1}]}"#;
    let shown = "--b\nContent-Type: application/http\n\nPATCH x_things(00000000-0000-4000-8000-000000000001)?\
                 $select=nothing HTTP/1.1\nPrefer: return=representation\n\n{\"x_name\":\"b\"}\n";
    let body = part("POST x_things/Microsoft.Dynamics.CRM.CreateMultiple", &targets.replace('\n', ""))
        + &part("POST x_places", r#"{"x_name":"p","x_place_things":[{"x_count":-1}]}"#)
        + shown
        + &part("POST x_things", r#"{"x_name":"c"}"#)
        + "--b--\n";
    let answer = send(&client, &body, "odata.continue-on-error").await;
    assert_eq!(statuses(&answer), [400, 400, 400, 204], "{}", answer.text);
    assert_eq!(client.get("x_things").await.column("x_name"), [json!("c")]);
    assert_eq!(client.get("x_places/$count").await.text, "0");
}

#[tokio::test]
async fn references_are_found_at_every_depth() {
    let client = HttpClient::new().await;
    let body = set(&[
        ("1", "POST x_places", r#"{"x_name":"first"}"#),
        (
            "2",
            "POST x_places",
            r#"{"x_name":"second","x_place_things":[{"x_name":"$1","x_cost":99999.99998,
                "x_PlaceId":{"x_name":"third","x_place_things":[{"x_count":1,"x_PlaceId@odata.bind":"$1"}]}}]}"#,
        ),
        (
            "3",
            "POST x_things",
            r#"{"x_cost":12345.678910000000000000,"x_count":2,"x_PlaceId@odata.bind":"$1"}"#,
        ),
    ]) + "--b--\n";
    let answer = send(&client, &body, "").await;
    assert_eq!(statuses(&answer), [204, 204, 204], "{}", answer.text);
    let exact = client.get("x_things?$filter=x_cost eq 12345.67891&$expand=x_PlaceId").await;
    assert_eq!(exact.json["value"][0]["x_PlaceId"]["x_name"], "first", "{}", exact.text);
    assert_eq!(
        client.get("x_things?$filter=x_name eq '$1' and x_cost eq 99999.99998").await.column("x_name").len(),
        1
    );
}

#[tokio::test]
async fn what_does_not_belong_is_refused() {
    let client = HttpClient::new().await;
    let forward = set(&[("1", "POST x_things", r#"{"x_PlaceId@odata.bind":"$2"}"#)]) + "--b--\n";
    assert!(send(&client, &forward, "").await.text.contains("Content-ID Reference: '$2' does not exist"));
    let read = set(&[("1", "GET x_things", "")]) + "--b--\n";
    assert_eq!(statuses(&send(&client, &read, "").await), [400]);
    let nested = part("POST /api/data/v9.2/$batch", "") + "--b--\n";
    assert_eq!(statuses(&send(&client, &nested, "").await), [400]);
    let open = part("GET x_things", "");
    let unread = send(&client, &open, "").await;
    assert_eq!((unread.status.as_u16(), statuses(&unread)), (400, vec![400]));
    assert!(unread.text.contains("Stream was not readable"), "{}", unread.text);
}

/// A batch of definitions and rows: parts by method, path and body, some of them in one change set.
fn batch_of(alone: &[(&str, &str, Value)], together: &[(&str, &str, Value)]) -> String {
    let part = |boundary: &str, (at, (method, path, body)): (usize, &(&str, &str, Value))| {
        format!(
            "--{boundary}\r\nContent-Type: application/http\r\nContent-ID: {at}\r\n\r\n{method} {path} HTTP/1.1\r\nContent-Type: \
             application/json\r\n\r\n{body}\r\n"
        )
    };
    let alone: String = alone.iter().enumerate().map(|one| part("b", one)).collect();
    let set: String = together.iter().enumerate().map(|(at, one)| part("c", (at + 100, one))).collect();
    match set.is_empty() {
        true => format!("{alone}--b--\r\n"),
        false => {
            format!("{alone}--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{set}--c--\r\n--b--\r\n")
        }
    }
}

#[tokio::test]
async fn definitions_change_within_a_batch() {
    let client = HttpClient::new().await;
    let send = async |body: String| {
        let request = client.request("POST", "$batch").header("content-type", "multipart/mixed; boundary=b");
        JsonAnswer::of(request.body(body)).await
    };
    let table = |name: &str| json!({ "SchemaName": name, "Attributes": [crate::client::name_column()] });
    let made = send(batch_of(
        &[
            ("POST", "EntityDefinitions", table("x_Batched")),
            ("POST", "x_batcheds", json!({ "x_name": "at once" })),
            ("GET", "EntityDefinitions(LogicalName='x_batched')?$select=EntitySetName", json!({})),
        ],
        &[],
    ))
    .await;
    assert_eq!(made.status, 200, "{}", made.text);
    assert!(made.text.contains("\"EntitySetName\":\"x_batcheds\""), "{}", made.text);
    assert_eq!(client.get("x_batcheds").await.column("x_name"), [json!("at once")]);
    // What a change set undoes was never defined; what stood before it stays.
    let refused = send(batch_of(
        &[("POST", "EntityDefinitions", table("x_Stays"))],
        &[("POST", "EntityDefinitions", table("x_Goes")), ("POST", "x_goeses", json!({ "x_nothing": 1 }))],
    ))
    .await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert_eq!(client.get("EntityDefinitions(LogicalName='x_goes')").await.status, 404);
    assert_eq!(client.post("EntityDefinitions", &table("x_Goes")).await.status, 204);
    assert_eq!(client.post("x_stayses", &json!({ "x_name": "a" })).await.status, 204);
    // Versions go on: no two rows get the same.
    let etags = [client.thing(json!({})).await, client.thing(json!({})).await];
    let one = client.get(&format!("x_things({})", etags[0])).await.header("etag").to_owned();
    assert_ne!(client.get(&format!("x_things({})", etags[1])).await.header("etag"), one);
}

#[tokio::test]
async fn bare_line_feeds_end_lines_too() {
    let client = HttpClient::new().await;
    let one = part("POST /api/data/v9.2/x_things", "{\"x_name\":\"two\\nlines\"}");
    let two = set(&[("1", "POST /api/data/v9.2/x_things", r#"{"x_name":"b"}"#)]);
    let request = client
        .request("POST", "$batch")
        .header("content-type", "multipart/mixed; boundary=\"b\"")
        .body(format!("{one}{two}--b--\n\n"));
    let answer = JsonAnswer::of(request).await;
    assert_eq!((answer.status.as_u16(), statuses(&answer)), (200, vec![204, 204]));
    let names = client.get("x_things?$select=x_name&$orderby=x_name").await.column("x_name");
    assert_eq!(names, [json!("b"), json!("two\nlines")]);
}
