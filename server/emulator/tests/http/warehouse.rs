//! What connectors of data warehouses do on the wire: find tables and their columns, copy them, and come back for what
//! has changed since, by change tracking or by the time of the last change.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{HttpClient, JsonAnswer};

/// A request with its options encoded as such connectors' libraries do it: names as well as values, `+` for a space.
async fn read(client: &HttpClient, path: &str, options: &[(String, String)], prefer: &str) -> JsonAnswer {
    let request = client.request("GET", path).query(options).header("prefer", prefer);
    let answer = JsonAnswer::of(request.header("cache-control", "no-cache")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

/// The options of a link, taken apart: such connectors do not follow links, they send their options again.
fn options_of(link: &Value) -> Option<Vec<(String, String)>> {
    let url = reqwest::Url::parse(link.as_str()?).unwrap();
    Some(url.query_pairs().into_owned().collect())
}

/// Every page, and the options of the delta link.
async fn read_all(
    client: &HttpClient,
    set: &str,
    mut options: Vec<(String, String)>,
    prefer: &str,
) -> (Vec<Value>, Option<Vec<(String, String)>>) {
    let mut rows = Vec::new();
    loop {
        let page = read(client, set, &options, prefer).await.json;
        rows.extend(page["value"].as_array().unwrap().clone());
        match options_of(&page["@odata.nextLink"]) {
            Some(next) => options = next,
            None => return (rows, options_of(&page["@odata.deltaLink"])),
        }
    }
}

fn option(name: &str, value: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), value.to_owned())]
}

#[tokio::test]
async fn connectors_discover_tables_and_columns() {
    let client = HttpClient::new().await;
    let path = "EntityDefinitions\
                ?$select=LogicalName,EntitySetName,PrimaryIdAttribute,CanChangeTrackingBeEnabled,ChangeTrackingEnabled\
                &$expand=Attributes($select=LogicalName,AttributeType)";
    let found = client.get(path).await;
    let tables = found.json["value"].as_array().unwrap();
    let thing = tables.iter().find(|table| table["LogicalName"] == "x_thing").unwrap();
    assert_eq!(thing["CanChangeTrackingBeEnabled"]["Value"], true);
    assert_eq!(
        (&thing["ChangeTrackingEnabled"], &thing["EntitySetName"]),
        (&json!(true), &json!("x_things"))
    );
    let columns = thing["Attributes"].as_array().unwrap();
    let kind = |name: &str| {
        columns.iter().find(|column| column["LogicalName"] == name).unwrap()["AttributeType"].clone()
    };
    assert_eq!(
        (kind("x_cost"), kind("x_placeid"), kind("x_tags")),
        ("Decimal".into(), "Lookup".into(), "Virtual".into())
    );
    // What kinds of times they are is asked of many tables at once.
    let boundary = "batch_1";
    let parts: String = tables
        .iter()
        .map(|table| {
            format!(
                "--{boundary}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n\
                 GET /api/data/v9.2/EntityDefinitions(LogicalName='{}')/Attributes/\
                 Microsoft.Dynamics.CRM.DateTimeAttributeMetadata?$select=LogicalName,DateTimeBehavior HTTP/1.1\r\n\
                 Accept: application/json\r\n\r\n",
                table["LogicalName"].as_str().unwrap()
            )
        })
        .collect();
    let request = client
        .request("POST", "$batch")
        .header("content-type", format!("multipart/mixed; boundary=\"{boundary}\""))
        .body(format!("{parts}--{boundary}--\r\n"));
    let answer = JsonAnswer::of(request).await;
    let delimiter = format!("--{}", answer.header("content-type").split("boundary=").nth(1).unwrap());
    let mut parts = answer.text.split(&delimiter).filter(|part| !part.trim().is_empty());
    for table in tables {
        // Headers of the part, of the answer in it, its body.
        let sections: Vec<&str> = parts.next().unwrap().splitn(3, "\r\n\r\n").collect();
        assert!(sections[1].contains(" 200 "), "{sections:?}");
        let body: Value = serde_json::from_str(sections[2].trim()).unwrap();
        let day = body["value"].as_array().unwrap().iter().find(|column| column["LogicalName"] == "x_day");
        assert_eq!(day.is_some(), table["LogicalName"] == "x_thing");
        if let Some(day) = day {
            assert_eq!(day["DateTimeBehavior"]["Value"], "DateOnly");
        }
    }
}

#[tokio::test]
async fn connectors_follow_tracked_changes() {
    let client = HttpClient::new().await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(client.thing(json!({ "x_name": format!("row {n}"), "x_count": n })).await);
    }
    let prefer = "odata.track-changes,odata.maxpagesize=2";
    let (rows, delta) = read_all(&client, "x_things", Vec::new(), prefer).await;
    assert_eq!(rows.len(), 5);
    // All that is kept between two runs is the token.
    let token = |options: Option<Vec<(String, String)>>| {
        options.unwrap().into_iter().find(|(name, _)| name == "$deltatoken").unwrap().1
    };
    let kept = token(delta);
    client.patch(&format!("x_things({})", ids[0]), &json!({ "x_count": 10 })).await;
    client.delete(&format!("x_things({})", ids[1])).await;
    let (rows, delta) = read_all(&client, "x_things", option("$deltatoken", &kept), prefer).await;
    let [changed, deleted] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((&changed["x_count"], &changed["x_name"]), (&json!(10), &json!("row 0")));
    assert!(changed["modifiedon"].is_string() && changed.get("@odata.context").is_none());
    assert_eq!((&deleted["reason"], &deleted["id"]), (&json!("deleted"), &json!(ids[1])));
    assert!(deleted["@odata.context"].is_string());
    let (rows, _) = read_all(&client, "x_things", option("$deltatoken", &token(delta)), prefer).await;
    assert!(rows.is_empty(), "{rows:?}");
}

#[tokio::test]
async fn connectors_read_on_from_the_last_change() {
    let client = HttpClient::new().await;
    for n in 0..5 {
        client.thing(json!({ "x_name": format!("old {n}") })).await;
    }
    let prefer = "odata.maxpagesize=2,odata.include-annotations=\"*\"";
    let since = |cursor: &str| {
        let mut options = option("$filter", &format!("modifiedon gt {cursor}"));
        options.extend(option("$orderby", "modifiedon asc,x_thingid asc"));
        options
    };
    let (rows, _) = read_all(&client, "x_things", since("2000-01-01T00:00:00Z"), prefer).await;
    assert_eq!(rows.len(), 5);
    let last = rows[4]["modifiedon"].as_str().unwrap().to_owned();
    client.emulator.advance_clock(Duration::from_secs(60));
    client
        .patch(&format!("x_things({})", rows[0]["x_thingid"].as_str().unwrap()), &json!({ "x_name": "new" }))
        .await;
    let (rows, _) = read_all(&client, "x_things", since(&last), prefer).await;
    let names: Vec<&Value> = rows.iter().map(|row| &row["x_name"]).collect();
    assert_eq!(names, ["new"]);
    assert!(rows[0]["modifiedon"].as_str().unwrap() > last.as_str());
}
