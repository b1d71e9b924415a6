//! `BulkDelete`: many rows deleted by a query.

use serde_json::{Value, json};

use crate::client::{HttpClient, JsonAnswer};

async fn delete(client: &HttpClient, criteria: Value) -> JsonAnswer {
    let query = json!({
        "@odata.type": "Microsoft.Dynamics.CRM.QueryExpression", "EntityName": "x_thing", "Criteria": criteria,
        "ColumnSet": { "@odata.type": "Microsoft.Dynamics.CRM.ColumnSet", "AllColumns": false, "Columns": [] },
    });
    let job = json!({
        "QuerySet": [query], "JobName": "away with them", "SendEmailNotification": false, "ToRecipients": [],
        "CCRecipients": [], "RecurrencePattern": "", "StartDateTime": "2026-03-01T00:00:00Z",
    });
    client.post("BulkDelete", &job).await
}

fn one(attribute: &str, operator: &str, values: &[Value]) -> Value {
    let values: Vec<Value> =
        values.iter().map(|value| json!({ "Value": value, "Type": "System.Object" })).collect();
    json!({ "FilterOperator": "And", "Conditions": [
        { "AttributeName": attribute, "Operator": operator, "Values": values },
    ] })
}

#[tokio::test]
async fn rows_that_a_query_means_are_gone() {
    let client = HttpClient::new().await;
    let mut ids = Vec::new();
    for n in 0..6 {
        ids.push(client.thing(json!({ "x_name": format!("n{n}"), "x_count": n })).await);
    }
    let left = async || client.get("x_things?$select=x_count&$orderby=x_count").await.column("x_count");
    let done = delete(&client, one("x_thingid", "In", &[json!(ids[0]), json!(ids[2])])).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert_eq!(done.json["JobId"].as_str().unwrap().len(), 36);
    assert_eq!(left().await, [json!(1), json!(3), json!(4), json!(5)]);
    assert_eq!(delete(&client, one("x_count", "GreaterThan", &[json!(4)])).await.status, 200);
    assert_eq!(delete(&client, one("x_name", "BeginsWith", &[json!("n3")])).await.status, 200);
    assert_eq!(left().await, [json!(1), json!(4)]);
    assert_eq!(delete(&client, one("createdon", "OlderThanXDays", &[json!(90)])).await.status, 200);
    assert_eq!(left().await, [json!(1), json!(4)]);
    client.emulator.advance_clock(std::time::Duration::from_secs(91 * 86_400));
    let mut client = client;
    client.renew().await;
    assert_eq!(delete(&client, one("createdon", "OlderThanXDays", &[json!(90)])).await.status, 200);
    assert_eq!(client.get("x_things/$count").await.text, "0");
}

#[tokio::test]
async fn what_cannot_be_read_deletes_nothing() {
    let client = HttpClient::new().await;
    client.thing(json!({})).await;
    assert_eq!(delete(&client, one("x_nothing", "Equal", &[json!(1)])).await.status, 400);
    assert_eq!(delete(&client, one("x_count", "Nonsense", &[json!(1)])).await.status, 400);
    assert_eq!(client.post("BulkDelete", &json!({ "JobName": "x" })).await.refusal(), (400, "0x80048d19"));
    let job = json!({ "QuerySet": [{ "EntityName": "x_thing" }], "RecurrencePattern": "FREQ=DAILY;" });
    assert_eq!(client.post("BulkDelete", &job).await.status, 501);
    let visitor = client.as_application(Some(vec!["Basic User".to_owned()])).await;
    let job = json!({ "QuerySet": [{ "EntityName": "x_thing" }] });
    let refused = visitor.send("POST", "BulkDelete", &job).await;
    assert!(refused.status == 403 && refused.text.contains("prvBulkDelete"), "{}", refused.text);
    assert_eq!(client.get("x_things/$count").await.text, "1");
    assert_eq!(client.post("BulkDelete", &job).await.status, 200);
    assert_eq!(client.get("x_things/$count").await.text, "0");
}
