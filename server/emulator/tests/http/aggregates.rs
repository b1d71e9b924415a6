//! `$apply`: groups, sums and their kin, as the documentation shows them.

use serde_json::{Value, json};

use crate::client::{HttpClient, JsonAnswer};
use crate::queries::filled;

async fn formatted(client: &HttpClient, path: &str) -> JsonAnswer {
    let wanted = "odata.include-annotations=\"OData.Community.Display.V1.FormattedValue\"";
    let answer = JsonAnswer::of(client.request("GET", path).header("prefer", wanted)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

#[tokio::test]
async fn groups_are_counted_and_summed() {
    let client = filled().await;
    let answer = formatted(&client, "x_things?$apply=groupby((x_level),aggregate($count as count))").await;
    assert_eq!(
        answer.json["value"],
        json!([
            { "x_level@OData.Community.Display.V1.FormattedValue": "Low", "x_level": 100_000_000,
              "count@OData.Community.Display.V1.FormattedValue": "5", "count": 5 },
            { "x_level@OData.Community.Display.V1.FormattedValue": "High", "x_level": 100_000_001,
              "count@OData.Community.Display.V1.FormattedValue": "5", "count": 5 },
        ])
    );
    assert!(answer.json["@odata.context"].as_str().unwrap().ends_with("$metadata#x_things"));
    let applied: Vec<_> = answer.headers.get_all("preference-applied").iter().collect();
    assert_eq!(applied.len(), 1);
}

#[tokio::test]
async fn aggregates_have_the_clouds_digits() {
    let client = HttpClient::new().await;
    for (price, cost, count) in [(20_000.0, 0.1, 3), (32_500.5, 0.2, 4), (1.0, 0.2, 4)] {
        client.thing(json!({ "x_price": price, "x_cost": cost, "x_count": count, "x_ratio": count })).await;
    }
    let apply = "aggregate(x_price with sum as a,x_price with average as b,x_cost with sum as c,x_cost with average \
                 as d,x_count with sum as e,x_count with average as f,x_price with max as g,x_ratio with sum as h)";
    let answer = formatted(&client, &format!("x_things?$apply={apply}")).await;
    for part in [
        "\"a@OData.Community.Display.V1.FormattedValue\":\"$52,501.50\",\"a\":52501.500000000",
        "\"b\":17500.500000000",
        "\"c\":0.50000",
        "\"d\":0.1666666667",
        "\"d@OData.Community.Display.V1.FormattedValue\":\"0.16667\"",
        "\"e\":11",
        "\"f\":3",
        "\"g\":32500.5000",
        "\"h\":11.0",
    ] {
        assert!(answer.text.contains(part), "{part} in {}", answer.text);
    }
}

#[tokio::test]
async fn grouped_lookups_are_named_without_nulls() {
    let client = filled().await;
    let path =
        "x_things?$apply=filter(x_count ge 3)/groupby((x_PlaceId/x_name),aggregate(x_count with sum as n))";
    let mut groups = client.get(path).await.json["value"].as_array().unwrap().clone();
    groups.sort_by_key(|group| group["n"].as_i64());
    assert_eq!(groups, [json!({ "n": 7, "x_place_x_name": "Here" }), json!({ "n": 35 })]);
    let answer = formatted(&client, "x_things?$apply=groupby((_x_placeid_value))").await;
    let groups = answer.json["value"].as_array().unwrap();
    assert_eq!(groups.len(), 2);
    assert_eq!(groups[0], json!({}));
    assert_eq!(groups[1]["_x_placeid_value@OData.Community.Display.V1.FormattedValue"], "Here");
    // Without regard to case, as everywhere.
    client.thing(json!({ "x_name": "THING 1" })).await;
    let names = client.get("x_things?$apply=groupby((x_name))").await.column("x_name");
    assert_eq!(names.len(), 10);
}

#[tokio::test]
async fn extremes_of_times_are_times() {
    let client = filled().await;
    let path =
        "x_things?$apply=aggregate(x_at with max as last,x_at with min as first,x_day with max as day)";
    let group = &formatted(&client, path).await.json["value"][0];
    assert_eq!((&group["last"], &group["day"]), (&json!("2026-03-09T00:00:00Z"), &json!("2026-03-10")));
    assert_eq!(group["first@OData.Community.Display.V1.FormattedValue"], "3/1/2026 12:00 AM");
    // Nothing to add is nothing; nothing to compare is not there.
    let none = client
        .get("x_things?$apply=filter(x_count gt 99)/aggregate(x_count with sum as a,x_count with max as b)");
    assert_eq!(none.await.json["value"], json!([{ "a": 0 }]));
}

#[tokio::test]
async fn groups_come_in_pages() {
    let client = filled().await;
    let mut next = "x_things?$apply=groupby((x_count))".to_owned();
    let mut seen = Vec::new();
    loop {
        let answer =
            JsonAnswer::of(client.request("GET", &next).header("prefer", "odata.maxpagesize=4")).await;
        seen.extend(answer.column("x_count"));
        match answer.json["@odata.nextLink"].as_str() {
            Some(link) => next = link.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, (0..10).map(|n| json!(n)).collect::<Vec<Value>>());
    assert_eq!(client.get("x_things?$apply=groupby((x_count))&$top=2").await.column("x_count").len(), 2);
}

#[tokio::test]
async fn what_the_cloud_refuses_is_refused() {
    let client = filled().await;
    let cases = [
        ("groupby((createdon))", 400, "groupby with datetime values is not supported"),
        (
            "groupby((x_level),aggregate($count as n))&$orderby=n",
            400,
            "SingleValueOpenPropertyAccess is not supported",
        ),
        ("groupby((x_nme))", 400, "Could not find a property named 'x_nme'"),
        ("aggregate(x_name with sum as n)", 400, "cannot be applied to 'x_name'"),
        ("aggregate(x_count with sum as n", 400, "position 31"),
        ("aggregate(x_count with sum as n,$count as n)", 400, "used more than once"),
        ("aggregate(x_count with countdistinct as n)", 501, "countdistinct"),
        ("groupby((x_level))&$filter=x_count eq 1", 501, "$filter beside $apply"),
        ("groupby((x_level))/filter(x_level eq 1)", 501, "after groupby"),
    ];
    for (apply, status, part) in cases {
        let answer = client.get(&format!("x_things?$apply={apply}")).await;
        assert_eq!(answer.status, status, "{apply}: {}", answer.text);
        assert!(answer.text.contains(part), "{apply}: {}", answer.text);
    }
}
