//! One row at a time: values by type, conditions, keys, lookups.

use serde_json::{Value, json};

use crate::client::{HttpClient, JsonAnswer};

#[tokio::test]
async fn every_type_prints_like_dataverse() {
    let client = HttpClient::new().await;
    let id = client
        .thing(json!({
            "x_name": "n", "x_code": "c", "x_note": "l1\nl2 \"q\" é", "x_count": 7, "x_big": 9_007_199_254_740_993_i64,
            "x_done": true, "x_at": "2026-03-01T12:34:56.789Z", "x_day": "2026-03-01", "x_level": 100_000_001,
            "x_tags": "100000001,100000000", "x_ratio": 0.5, "x_price": 12.5,
        }))
        .await;
    client.patch(&format!("x_things({id})"), &json!({ "x_cost": 0.300_000_000_000_000_04 })).await;
    let row = client.get(&format!("x_things({id})")).await;
    // On the text, since a parser would lose the scale.
    for part in [
        "\"x_cost\":0.30000",
        "\"x_price\":12.5000",
        "\"x_count\":7",
        "\"x_big\":9007199254740993",
        "\"x_done\":true",
        "\"x_at\":\"2026-03-01T12:34:56Z\"",
        "\"x_day\":\"2026-03-01\"",
        "\"x_level\":100000001",
        "\"x_tags\":\"100000000,100000001\"",
        "\"x_ratio\":0.5",
        "\"x_note\":\"l1\\nl2 \\\"q\\\" é\"",
        "\"_x_placeid_value\":null",
        "\"statecode\":0",
        "\"statuscode\":1",
    ] {
        assert!(row.text.contains(part), "{part} in {}", row.text);
    }
    assert_eq!(row.json["x_thingid"], id);
    assert!(row.header("etag").starts_with("W/\""));
    assert_eq!(row.json["@odata.etag"], row.header("etag"));
    assert!(row.json["@odata.context"].as_str().unwrap().ends_with("$metadata#x_things/$entity"));
    assert_eq!(row.header("odata-version"), "4.0");
}

#[tokio::test]
async fn money_has_currency_and_base_value() {
    let client = HttpClient::new().await;
    let id = client.thing(json!({ "x_price": 12.5 })).await;
    let path = format!("x_things({id})?$select=x_price");
    let request = client.request("GET", &path).header("prefer", "odata.include-annotations=\"*\"");
    let row = JsonAnswer::of(request).await.json;
    let dollar = &row["_transactioncurrencyid_value"];
    assert_eq!(row["_transactioncurrencyid_value@OData.Community.Display.V1.FormattedValue"], "US Dollar");
    assert!(row["@odata.context"].as_str().unwrap().ends_with("#x_things(x_price)/$entity"));
    let whole = client.get(&format!("x_things({id})")).await;
    assert!(
        whole.text.contains("\"x_price_base\":12.5000")
            && whole.text.contains("\"exchangerate\":1.0000000000")
    );
    let currencies = client.get("transactioncurrencies?$select=isocurrencycode").await;
    assert_eq!(currencies.json["value"][0]["transactioncurrencyid"], *dollar);
    // A currency of which one dollar is worth four.
    let other = client
        .post("transactioncurrencies", &json!({ "currencyname": "Quarter", "exchangerate": 4 }))
        .await
        .id();
    let bound = json!({ "transactioncurrencyid@odata.bind": format!("transactioncurrencies({other})") });
    assert_eq!(client.patch(&format!("x_things({id})"), &bound).await.status, 204);
    assert!(client.get(&format!("x_things({id})")).await.text.contains("\"x_price_base\":3.1250"));
    let worth = json!({ "x_price": 1, "x_price_base": 99 });
    assert_eq!(client.patch(&format!("x_things({id})"), &worth).await.status, 204);
    let row = client.get(&format!("x_things({id})?$select=x_price_base,exchangerate")).await;
    assert!(
        row.text.contains("\"x_price_base\":0.2500") && row.text.contains("\"exchangerate\":4.0000000000")
    );
    let in_use = client.delete(&format!("transactioncurrencies({other})")).await;
    assert_eq!(in_use.refusal(), (400, "0x8004f01f"));
    // The column of its worth comes and goes with the money.
    let money =
        json!({ "@odata.type": "Microsoft.Dynamics.CRM.MoneyAttributeMetadata", "SchemaName": "x_Fee" });
    assert_eq!(client.post("EntityDefinitions(LogicalName='x_thing')/Attributes", &money).await.status, 204);
    assert_eq!(client.get("x_things?$select=x_fee_base").await.status, 200);
    let fee = "EntityDefinitions(LogicalName='x_thing')/Attributes(LogicalName='x_fee')";
    assert_eq!(client.delete(fee).await.status, 204);
    assert_eq!(client.get("x_things?$select=x_fee_base").await.refusal(), (400, "0x0"));
}

#[tokio::test]
async fn numbers_are_read_from_their_text() {
    let client = HttpClient::new().await;
    let body = |cost: &str| format!("{{\"x_name\":\"n\",\"x_cost\":{cost}}}");
    for (sent, expect) in [
        ("1e-05", "0.00001"),
        ("2.5E3", "2500.00000"),
        ("0.000025", "0.00002"),
        ("99999.99999", "99999.99999"),
    ] {
        let request =
            client.request("POST", "x_things").header("content-type", "application/json").body(body(sent));
        let id = JsonAnswer::of(request).await.id();
        let row = client.get(&format!("x_things({id})?$select=x_cost")).await;
        assert!(
            row.text.contains(&format!("\"x_cost\":{expect},"))
                || row.text.contains(&format!("\"x_cost\":{expect}}}")),
            "{}",
            row.text
        );
    }
}

#[tokio::test]
async fn values_that_do_not_fit_are_refused() {
    let client = HttpClient::new().await;
    let cases = [
        (json!({ "x_code": "x".repeat(21) }), "0x80044331"),
        (json!({ "x_count": 1001 }), "0x80040203"),
        (json!({ "x_count": "7" }), "0x80048d19"),
        (json!({ "x_count": 7.5 }), "0x80048d19"),
        (json!({ "x_cost": 100_000 }), "0x80040203"),
        (json!({ "x_name": 7 }), "0x80048d19"),
        (json!({ "x_done": "yes" }), "0x80048d19"),
        (json!({ "x_level": 5 }), "0x80040203"),
        (json!({ "x_at": "1752-01-01T00:00:00Z" }), "0x80040239"),
        (json!({ "x_at": "soon" }), "0x80048d19"),
        (json!({ "x_nme": "n" }), "0x0"),
        (json!({ "_x_placeid_value": "00000000-0000-0000-0000-000000000001" }), "0x80060888"),
        // The logical name where the navigation property's own casing is needed.
        (json!({ "x_placeid@odata.bind": "/x_places(00000000-0000-0000-0000-000000000001)" }), "0x80048d19"),
        (json!([]), "0x80048d19"),
    ];
    for (body, code) in cases {
        let refused = client.post("x_things", &body).await;
        assert_eq!(refused.refusal(), (400, code), "{body}: {}", refused.text);
    }
    assert_eq!(client.get("x_things/$count").await.text, "0");
}

#[tokio::test]
async fn conditions_decide_between_making_and_changing() {
    let client = HttpClient::new().await;
    let path = "x_things(00000000-0000-4000-8000-000000000001)";
    let with = |name: &'static str, value: String, body: Value| {
        let request = client.request("PATCH", path).header(name, value).json(&body);
        async move { JsonAnswer::of(request).await }
    };
    assert_eq!(with("if-match", "*".into(), json!({})).await.refusal(), (404, "0x80040217"));
    assert_eq!(with("if-none-match", "null".into(), json!({ "x_name": "a" })).await.status, 204);
    assert_eq!(with("if-none-match", "*".into(), json!({})).await.refusal(), (412, "0x80040237"));
    let etag = client.get(path).await.header("etag").to_owned();
    assert_eq!(with("if-match", etag.clone(), json!({ "x_name": "b" })).await.status, 204);
    assert_eq!(with("if-match", etag.clone(), json!({ "x_name": "c" })).await.refusal(), (412, "0x80060882"));
    assert_eq!(client.get(path).await.json["x_name"], "b");
    let known = client.get(path).await.header("etag").to_owned();
    let again = JsonAnswer::of(client.request("GET", path).header("if-none-match", known)).await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
    let stale = JsonAnswer::of(client.request("DELETE", path).header("if-match", etag)).await;
    assert_eq!(stale.refusal(), (412, "0x80060882"));
    assert_eq!(client.delete(path).await.status, 204);
    assert_eq!(client.delete(path).await.refusal(), (404, "0x80040217"));
}

#[tokio::test]
async fn an_update_leaves_the_other_columns_alone() {
    let client = HttpClient::new().await;
    let id = client.thing(json!({ "x_name": "a", "x_count": 1, "x_code": "k" })).await;
    client
        .patch(
            &format!("x_things({id})"),
            &json!({ "x_count": 2, "x_code": null, "createdon": "2001-01-01" }),
        )
        .await;
    let row = client.get(&format!("x_things({id})?$select=x_name,x_count,x_code,createdon")).await;
    assert_eq!(
        (&row.json["x_name"], &row.json["x_count"], &row.json["x_code"]),
        (&json!("a"), &json!(2), &Value::Null)
    );
    assert!(!row.json["createdon"].as_str().unwrap().starts_with("2001"));
}

#[tokio::test]
async fn representations_say_what_became_of_an_upsert() {
    let client = HttpClient::new().await;
    let path = "x_things(00000000-0000-4000-8000-000000000002)?$select=x_name";
    for expect in [201, 200] {
        let request = client
            .request("PATCH", path)
            .header("prefer", "return=representation")
            .json(&json!({ "x_name": "a" }));
        let answer = JsonAnswer::of(request).await;
        assert_eq!(answer.status, expect);
        assert_eq!(answer.json["x_name"], "a");
        assert_eq!(answer.header("preference-applied"), "return=representation");
    }
    let request = client
        .request("POST", "x_things")
        .header("prefer", "return=representation")
        .json(&json!({ "x_name": "b" }));
    assert_eq!(JsonAnswer::of(request).await.status, 201);
}

#[tokio::test]
async fn alternate_keys_address_rows() {
    let client = HttpClient::new().await;
    let key = json!({ "SchemaName": "x_CodeKey", "KeyAttributes": ["x_code"] });
    assert_eq!(client.post("EntityDefinitions(LogicalName='x_thing')/Keys", &key).await.status, 204);
    let path = "x_things(x_code='O''Neil')";
    let made = client.patch(path, &json!({ "x_count": 1 })).await;
    assert_eq!(made.status, 204);
    assert!(
        made.header("odata-entityid").ends_with("x_things(x_code='O''Neil')")
            || made.header("odata-entityid").contains("%27")
    );
    client.patch("x_things(x_code='o''neil')", &json!({ "x_count": 2 })).await;
    let row = client.get(path).await;
    assert_eq!((&row.json["x_code"], &row.json["x_count"]), (&json!("O'Neil"), &json!(2)));
    assert_eq!(client.get("x_things/$count").await.text, "1");
    let taken = client.post("x_things", &json!({ "x_code": "O'NEIL" })).await;
    assert_eq!(taken.refusal(), (412, "0x80060892"));
    assert_eq!(client.get("x_things(x_code='other')").await.refusal(), (404, "0x80060891"));
    assert_eq!(client.get("x_things(x_count=2)").await.status, 400);
    // Rows without a value are beyond the key.
    client.thing(json!({ "x_name": "a" })).await;
    client.thing(json!({ "x_name": "b" })).await;
}

#[tokio::test]
async fn lookups_are_bound_read_expanded_and_cleared() {
    let client = HttpClient::new().await;
    let place = client.post("x_places", &json!({ "x_name": "Here" })).await.id();
    let id =
        client.thing(json!({ "x_name": "a", "x_PlaceId@odata.bind": format!("/x_places({place})") })).await;
    let path = format!("x_things({id})?$select=_x_placeid_value&$expand=x_PlaceId($select=x_name)");
    let request = client.request("GET", &path).header("prefer", "odata.include-annotations=\"*\"");
    let row = JsonAnswer::of(request).await.json;
    assert_eq!(row["_x_placeid_value"], place);
    assert_eq!(row["x_PlaceId"]["x_name"], "Here");
    assert_eq!(row["_x_placeid_value@OData.Community.Display.V1.FormattedValue"], "Here");
    assert_eq!(row["_x_placeid_value@Microsoft.Dynamics.CRM.lookuplogicalname"], "x_place");
    assert_eq!(row["_x_placeid_value@Microsoft.Dynamics.CRM.associatednavigationproperty"], "x_PlaceId");
    assert_eq!(client.delete(&format!("x_things({id})/x_PlaceId/$ref")).await.status, 204);
    assert_eq!(client.get(&path).await.json["x_PlaceId"], Value::Null);
    let missing = json!({ "x_PlaceId@odata.bind": "/x_places(00000000-0000-0000-0000-000000000009)" });
    assert_eq!(client.patch(&format!("x_things({id})"), &missing).await.refusal(), (404, "0x80040217"));
    let link = json!({ "@odata.id": format!("https://elsewhere/api/data/v9.2/x_places({place})") });
    let request = client.request("PUT", &format!("x_things({id})/x_PlaceId/$ref")).json(&link);
    assert_eq!(JsonAnswer::of(request).await.status, 204);
    assert_eq!(client.delete(&format!("x_places({place})")).await.status, 204);
    assert_eq!(
        client.get(&path).await.json["_x_placeid_value"],
        Value::Null,
        "the link went with its target"
    );
}

#[tokio::test]
async fn single_columns_are_put_and_cleared() {
    let client = HttpClient::new().await;
    let id = client.thing(json!({ "x_name": "a" })).await;
    let put = client.request("PUT", &format!("x_things({id})/x_count")).json(&json!({ "value": 5 }));
    assert_eq!(JsonAnswer::of(put).await.status, 204);
    assert_eq!(client.get(&format!("x_things({id})/x_count")).await.json["value"], 5);
    assert_eq!(client.delete(&format!("x_things({id})/x_count")).await.status, 204);
    assert_eq!(client.get(&format!("x_things({id})/x_count")).await.status, 204);
}

#[tokio::test]
async fn bulk_actions_are_all_or_nothing() {
    let client = HttpClient::new().await;
    let target = |name: &str, count: i32| json!({ "@odata.type": "Microsoft.Dynamics.CRM.x_thing", "x_name": name, "x_count": count });
    let create = "x_things/Microsoft.Dynamics.CRM.CreateMultiple";
    let made = client.post(create, &json!({ "Targets": [target("a", 1), target("b", 2)] })).await;
    assert_eq!((made.status.as_u16(), made.json["Ids"].as_array().unwrap().len()), (200, 2));
    let refused = client.post(create, &json!({ "Targets": [target("c", 3), target("d", 9999)] })).await;
    assert_eq!(refused.refusal(), (400, "0x80040203"));
    let untyped = client.post(create, &json!({ "Targets": [{ "x_name": "e" }] })).await;
    assert_eq!(untyped.refusal(), (400, "0x80048d19"));
    let mut change = target("a2", 4);
    change["x_thingid"] = made.json["Ids"][0].clone();
    let upsert = "x_things/Microsoft.Dynamics.CRM.UpsertMultiple";
    let both = json!({ "Targets": [change, { "@odata.type": "Microsoft.Dynamics.CRM.x_thing", "x_thingid": "00000000-0000-4000-8000-000000000003" }] });
    assert_eq!(client.post(upsert, &both).await.status, 204);
    assert_eq!(client.get("x_things/$count").await.text, "3");
    let gone = client.post("x_things/Microsoft.Dynamics.CRM.DeleteMultiple", &json!({})).await;
    assert!(gone.text.contains("has not yet been implemented"));
}

#[tokio::test]
async fn repeated_rows_in_bulk_follow_documentation() {
    let client = HttpClient::new().await;
    let key = json!({ "SchemaName": "x_CodeKey", "KeyAttributes": ["x_code"] });
    assert_eq!(client.post("EntityDefinitions(LogicalName='x_thing')/Keys", &key).await.status, 204);
    let kind = "Microsoft.Dynamics.CRM.x_thing";
    let by_key =
        |count: i32| json!({ "@odata.type": kind, "@odata.id": "x_things(x_code='A')", "x_count": count });
    let upsert = "x_things/Microsoft.Dynamics.CRM.UpsertMultiple";
    let twice = json!({ "Targets": [by_key(1), by_key(2)] });
    assert_eq!(client.post(upsert, &twice).await.refusal(), (412, "0x80040237"));
    assert_eq!(client.get("x_things/$count").await.text, "0", "nothing stays of it");
    let id = client.thing(json!({ "x_code": "A" })).await;
    assert_eq!(client.post(upsert, &twice).await.refusal(), (412, "0x80040237"));
    let by_both = json!({ "Targets": [by_key(1), { "@odata.type": kind, "x_thingid": id, "x_count": 2 }] });
    assert_eq!(client.post(upsert, &by_both).await.refusal(), (412, "0x80040237"));
    // An update takes the first of them and passes over the others.
    let by_id = |count: i32| json!({ "@odata.type": kind, "x_thingid": id, "x_count": count });
    let update = "x_things/Microsoft.Dynamics.CRM.UpdateMultiple";
    assert_eq!(client.post(update, &json!({ "Targets": [by_id(7), by_id(8)] })).await.status, 204);
    assert_eq!(client.get(&format!("x_things({id})")).await.json["x_count"], 7);
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let client = HttpClient::new().await;
    assert_eq!(client.get("X_things").await.refusal(), (404, "0x8006088a"));
    assert_eq!(client.get("x_things?$select=x_nme").await.refusal(), (400, "0x0"));
    assert_eq!(client.post("WhoAmI", &json!({})).await.refusal(), (404, ""));
    assert_eq!(client.delete("x_things").await.status, 405);
    assert_eq!(client.get("accounts").await.status, 501);
}
