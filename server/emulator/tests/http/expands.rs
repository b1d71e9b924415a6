//! Rows inside of rows: collections expanded, read by themselves, and made with the row that they belong to.

use serde_json::{Value, json};

use crate::client::{HttpClient, JsonAnswer};
use crate::queries::filled;

/// The place that five of the things are at.
async fn here(client: &HttpClient) -> String {
    client.get("x_places?$filter=x_name eq 'Here'").await.json["value"][0]["x_placeid"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn counts(rows: &Value) -> Vec<i64> {
    rows.as_array().unwrap().iter().map(|row| row["x_count"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn collections_come_with_their_row() {
    let client = filled().await;
    client.post("x_places", &json!({ "x_name": "Empty" })).await;
    let here = here(&client).await;
    let answer = client
        .get("x_places?$select=x_name&$orderby=x_name desc&$expand=x_place_things($select=x_count)")
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let context = answer.json["@odata.context"].as_str().unwrap();
    assert!(context.ends_with("$metadata#x_places(x_name,x_place_things(x_count))"), "{context}");
    let [first, second] = &answer.json["value"].as_array().unwrap()[..] else { panic!("{}", answer.text) };
    assert_eq!(counts(&first["x_place_things"]), [0, 1, 2, 3, 4]);
    assert_eq!(first["x_place_things"][0]["_x_placeid_value"], here);
    assert_eq!(second["x_place_things"], json!([]));
    let link = first["x_place_things@odata.nextLink"].as_str().unwrap();
    assert!(link.ends_with(&format!("/x_places({here})/x_place_things?$select=x_count")), "{link}");
    // The link is a request of its own for the same rows.
    assert_eq!(counts(&client.get(link).await.json["value"]), [0, 1, 2, 3, 4]);
    let one = client.get(&format!("x_places({here})?$expand=x_place_things")).await;
    assert_eq!(counts(&one.json["x_place_things"]), [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn collections_are_filtered_ordered_and_cut_short() {
    let client = filled().await;
    let expand = "x_place_things($select=x_count;$filter=x_count gt 0 and contains(x_name,'ing');$orderby=x_count desc;$top=2)";
    let answer = client.get(&format!("x_places?$expand={expand}")).await;
    let place = &answer.json["value"][0];
    assert_eq!(counts(&place["x_place_things"]), [4, 3]);
    let link = place["x_place_things@odata.nextLink"].as_str().unwrap();
    assert_eq!(counts(&client.get(link).await.json["value"]), [4, 3], "{link}");
}

#[tokio::test]
async fn nested_expansions_are_paged() {
    let client = filled().await;
    let path = "x_places?$select=x_name&$expand=x_place_things($select=x_count;$expand=x_PlaceId($select=x_name;\
                $expand=x_place_things($select=x_count)))";
    let answer = JsonAnswer::of(client.request("GET", path).header("prefer", "odata.maxpagesize=2")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let place = &answer.json["value"][0];
    let mut seen = counts(&place["x_place_things"]);
    assert_eq!(seen, [0, 1]);
    let inner = &place["x_place_things"][1]["x_PlaceId"];
    assert_eq!((&inner["x_name"], counts(&inner["x_place_things"])), (&json!("Here"), vec![0, 1]));
    let mut next = place["x_place_things@odata.nextLink"].as_str().map(str::to_owned);
    while let Some(link) = next {
        let page = JsonAnswer::of(client.request("GET", &link).header("prefer", "odata.maxpagesize=2")).await;
        seen.extend(counts(&page.json["value"]));
        next = page.json["@odata.nextLink"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, [0, 1, 2, 3, 4]);
    for bad in
        ["x_place_things($top=1;$expand=x_PlaceId)", "x_place_things($orderby=x_count;$expand=x_PlaceId)"]
    {
        let refused = client.get(&format!("x_places?$expand={bad}")).await;
        assert_eq!(refused.refusal(), (400, "0x80060888"));
        assert!(refused.text.contains("Only $select and $filter clause can be provided"), "{}", refused.text);
    }
}

#[tokio::test]
async fn references_are_addresses_of_lookups_alone() {
    let client = filled().await;
    let here = here(&client).await;
    let answer = client.get("x_things?$select=x_count&$expand=x_PlaceId/$ref&$filter=x_count eq 4").await;
    let address = format!("{}/api/data/v9.2/x_places({here})", client.emulator.url());
    assert_eq!(answer.json["value"][0]["x_PlaceId"], json!({ "@odata.id": address }));
    let refused = client.get("x_places?$expand=x_place_things/$ref").await;
    assert!(refused.text.contains("Expand with $ref is only supported on lookup type navigation property."));
    assert_eq!(client.get("x_things?$expand=x_Nobody").await.refusal(), (400, "0x0"));
    let many = vec!["x_PlaceId"; 16].join(",");
    assert_eq!(client.get(&format!("x_things?$expand={many}")).await.refusal(), (400, "0x80060888"));
}

#[tokio::test]
async fn navigation_properties_are_read_by_themselves() {
    let client = filled().await;
    let here = here(&client).await;
    let path = format!("x_places({here})/x_place_things");
    let answer = client
        .get(&format!("{path}?$select=x_count&$filter=x_count ge 2&$orderby=x_count desc&$count=true"))
        .await;
    assert_eq!((counts(&answer.json["value"]), &answer.json["@odata.count"]), (vec![4, 3, 2], &json!(3)));
    assert_eq!(client.get(&format!("{path}/$count")).await.text, "5");
    assert_eq!(client.get(&format!("{path}/$count?$filter=x_count ge 2")).await.text, "3");
    let thing = client.get("x_things?$filter=x_count eq 0").await.json["value"][0]["x_thingid"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        client.get(&format!("x_things({thing})/x_PlaceId?$select=x_name")).await.json["x_name"],
        "Here"
    );
    let alone = client.thing(json!({ "x_name": "alone" })).await;
    assert_eq!(client.get(&format!("x_things({alone})/x_PlaceId")).await.status, 204);
    let nowhere = "x_places(00000000-0000-4000-8000-000000000009)/x_place_things";
    assert_eq!(client.get(nowhere).await.refusal(), (404, "0x80040217"));
    assert_eq!(client.get(&format!("x_places({here})/x_nothing")).await.status, 404);
}

#[tokio::test]
async fn references_are_set_from_the_one_side() {
    let client = filled().await;
    let here = here(&client).await;
    let thing = client.thing(json!({ "x_count": 20 })).await;
    let path = format!("x_places({here})/x_place_things");
    let body = json!({ "@odata.id": format!("{}/api/data/v9.2/x_things({thing})", client.emulator.url()) });
    let count = async || client.get(&format!("{path}/$count")).await.text;
    assert_eq!(client.post(&format!("{path}/$ref"), &body).await.status, 204);
    assert_eq!(count().await, "6");
    assert_eq!(client.delete(&format!("{path}({thing})/$ref")).await.status, 204);
    assert_eq!(count().await, "5");
    assert_eq!(client.delete(&format!("{path}({thing})/$ref")).await.refusal(), (404, "0x80040217"));
    assert_eq!(client.post(&format!("{path}/$ref"), &body).await.status, 204);
    let address = format!("{}/api/data/v9.2/x_things({thing})", client.emulator.url());
    assert_eq!(client.delete(&format!("{path}/$ref?$id={address}")).await.status, 204);
    assert_eq!(count().await, "5");
    assert_eq!(client.post(&format!("{path}/$ref"), &json!({})).await.refusal(), (400, "0x80048d19"));
    assert_eq!(client.post(&format!("x_places({here})/x_nothing/$ref"), &body).await.status, 404);
    let gone = json!({ "@odata.id": "x_things(00000000-0000-4000-8000-000000000009)" });
    assert_eq!(client.post(&format!("{path}/$ref"), &gone).await.refusal(), (404, "0x80040217"));
}

#[tokio::test]
async fn lookups_inside_any_and_all_are_walked() {
    let client = filled().await;
    let check = async |filter: &str, expect: usize| {
        let answer = client.get(&format!("x_things?$filter={filter}")).await;
        assert_eq!(answer.status, 200, "{filter}: {}", answer.text);
        assert_eq!(answer.json["value"].as_array().unwrap().len(), expect, "{filter}");
    };
    check("x_PlaceId/x_place_things/any(t:t/x_PlaceId/x_name eq 'here' and t/x_count eq 2)", 5).await;
    check("x_PlaceId/x_place_things/any(t:t/x_PlaceId/x_name eq 'there')", 0).await;
    check("x_PlaceId/x_place_things/all(t:t/x_PlaceId/x_name eq 'here') and x_count lt 5", 5).await;
    let nested = "x_PlaceId/x_place_things/any(a:a/x_PlaceId/x_place_things/any(b:b/x_count eq a/x_count and \
                  a/x_PlaceId/x_name eq b/x_PlaceId/x_name))";
    check(nested, 5).await;
}

#[tokio::test]
async fn deep_inserts_make_related_rows() {
    let client = HttpClient::new().await;
    let body = json!({
        "x_name": "outer",
        "x_PlaceId": { "x_name": "made with it", "x_place_things": [{ "x_name": "sibling" }] },
    });
    let id = client.thing(body).await;
    let path = format!("x_things({id})?$select=x_name&$expand=x_PlaceId($select=x_name)");
    assert_eq!(client.get(&path).await.json["x_PlaceId"]["x_name"], "made with it");
    let children = json!({ "x_name": "whole", "x_place_things": [{ "x_count": 1 }, { "x_count": 2 }] });
    let made = client.post("x_places", &children).await;
    assert_eq!(made.status, 204, "{}", made.text);
    let answer = client.get(&format!("x_places({})?$expand=x_place_things", made.id())).await;
    assert_eq!(counts(&answer.json["x_place_things"]), [1, 2]);
    let names = client.get("x_things?$filter=x_PlaceId/x_name eq 'made with it'&$orderby=x_name").await;
    assert_eq!(names.column("x_name"), ["outer", "sibling"]);
    // All or nothing.
    let broken = json!({ "x_name": "broken", "x_place_things": [{ "x_count": 3 }, { "x_count": 9999 }] });
    assert_eq!(client.post("x_places", &broken).await.refusal(), (400, "0x80040203"));
    assert_eq!(client.get("x_things/$count").await.text, "4");
    assert_eq!(client.get("x_places/$count").await.text, "2");
    let change =
        client.patch(&format!("x_things({id})"), &json!({ "x_PlaceId": { "x_name": "other" } })).await;
    assert_eq!(change.status, 501);
    let mut deep = json!({});
    for _ in 0..40 {
        deep = json!({ "x_place_things": [{ "x_PlaceId": deep }] });
    }
    assert_eq!(client.post("x_places", &deep).await.refusal(), (400, "0x80048d19"));
    assert_eq!(
        client.post("x_places", &json!({ "x_place_things": {} })).await.refusal(),
        (400, "0x80048d19")
    );
}
