//! What is bounded, and how it is said: counts, pages, addresses, bodies, conditions, cookies that were tampered with.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::client::{HttpClient, JsonAnswer};
use crate::queries::filled;

async fn annotated(client: &HttpClient, path: &str) -> JsonAnswer {
    JsonAnswer::of(client.request("GET", path).header("prefer", "odata.include-annotations=\"*\"")).await
}

fn totals(answer: &JsonAnswer) -> (&Value, &Value, &Value) {
    let json = &answer.json;
    (
        &json["@odata.count"],
        &json["@Microsoft.Dynamics.CRM.totalrecordcount"],
        &json["@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"],
    )
}

#[tokio::test]
async fn counts_and_pages_stop_at_5000() {
    let client = HttpClient::new().await;
    let kind = "Microsoft.Dynamics.CRM.x_place";
    let targets: Vec<Value> =
        (0..5001).map(|n| json!({ "@odata.type": kind, "x_name": format!("{n}") })).collect();
    let made =
        client.post("x_places/Microsoft.Dynamics.CRM.CreateMultiple", &json!({ "Targets": targets })).await;
    assert_eq!(made.status, 200);
    let path = "x_places?$select=x_placeid&$top=1&$count=true";
    let answer = annotated(&client, path).await;
    assert_eq!(totals(&answer), (&json!(5000), &json!(5000), &json!(true)));
    let uncounted = annotated(&client, "x_places?$select=x_placeid&$top=1").await;
    assert_eq!(totals(&uncounted), (&Value::Null, &json!(-1), &json!(false)));
    assert_eq!(client.get("x_places/$count").await.text, "5000");
    assert_eq!(client.get("x_places/$count?$filter=x_name eq '7'").await.text, "1");
    let first = client.get("x_places?$select=x_placeid").await;
    assert_eq!(first.column("x_placeid").len(), 5000);
    let rest = client.get(first.json["@odata.nextLink"].as_str().unwrap()).await;
    assert_eq!((rest.column("x_placeid").len(), &rest.json["@odata.nextLink"]), (1, &Value::Null));
    let xml = "<fetch count='9999' returntotalrecordcount='1'><entity name='x_place'><attribute name='x_placeid'/></entity></fetch>";
    let request = client.request("GET", "x_places").query(&[("fetchXml", xml)]);
    let fetched = JsonAnswer::of(request.header("prefer", "odata.include-annotations=\"*\"")).await;
    assert_eq!(totals(&fetched), (&json!(5000), &json!(5000), &json!(true)));
    assert_eq!(fetched.column("x_placeid").len(), 5000);
    assert_eq!(fetched.json["@Microsoft.Dynamics.CRM.morerecords"], true);
    // Exactly as many as are counted are no more than that.
    let one = rest.json["value"][0]["x_placeid"].as_str().unwrap();
    assert_eq!(client.delete(&format!("x_places({one})")).await.status, 204);
    assert_eq!(totals(&annotated(&client, path).await), (&json!(5000), &json!(5000), &json!(false)));
}

#[tokio::test]
async fn batched_addresses_may_be_longer() {
    let client = filled().await;
    let of_length = |length: usize| {
        let start = "x_things?$select=x_count&$top=1&$filter=x_name ne '";
        format!("{start}{}'", "a".repeat(length - start.len() - 1))
    };
    // Spaces and quotes grow on their way, all else does not.
    let alone = |length: usize| of_length(length - 2 * 4).replace(' ', "%20").replace('\'', "%27");
    assert_eq!(client.get(&alone(32_768)).await.column("x_count").len(), 1);
    assert_eq!(client.get(&alone(32_769)).await.status, StatusCode::URI_TOO_LONG);
    let batch = async |length: usize| {
        let line = of_length(length)
            .replace(&"a".repeat(length - 60), &"a' or x_name eq '".repeat((length - 60) / 17));
        let pad = " ".repeat(length - line.len());
        let body = format!(
            "--b\r\nContent-Type: application/http\r\n\r\nGET {line}{pad}&a=b HTTP/1.1\r\n\r\n\r\n--b--\r\n"
        );
        let request =
            client.request("POST", "$batch").header("content-type", "multipart/mixed;boundary=b").body(body);
        JsonAnswer::of(request).await.text
    };
    assert!(batch(65_536 - 4).await.contains("0x8004430C"), "read, and found to have too many conditions");
    assert!(batch(65_537 - 4).await.contains("exceeds the limit of 65536 characters"));
}

#[tokio::test]
async fn conditions_values_and_nesting_are_bounded() {
    let client = filled().await;
    let ask = async |filter: &str| {
        let answer = client.get(&format!("x_things?$filter={}", filter.replace(' ', "+"))).await;
        (answer.status.as_u16(), answer.json["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let many = |count: usize| vec!["x_done"; count].join(" or ");
    assert_eq!(ask(&many(500)).await, (200, String::new()));
    assert_eq!(ask(&many(501)).await, (400, "0x8004430C".to_owned()));
    let deep = |count: usize| format!("{}x_done{}", "(".repeat(count), ")".repeat(count));
    assert_eq!(ask(&deep(99)).await.0, 200);
    assert_eq!(ask(&deep(15_000)).await.0, 400);
    assert_eq!(ask(&"not ".repeat(7000)).await.0, 400);
    let list = vec!["1"; 6000].join(",");
    let within = |times: usize| {
        let one = "Microsoft.Dynamics.CRM.In(PropertyName='x_count',PropertyValues=@p)";
        vec![one; times].join(" or ")
    };
    let aliased = async |times: usize| {
        let path = format!("x_things?$filter={}&@p=[{list}]", within(times).replace(' ', "+"));
        client.get(&path).await.status.as_u16()
    };
    assert_eq!((aliased(1).await, aliased(5).await, aliased(6).await), (200, 200, 400));
    let ordered = |count: usize| format!("x_things?$orderby={}", vec!["x_count"; count].join(","));
    assert_eq!(client.get(&ordered(32)).await.status, 200);
    assert_eq!(client.get(&ordered(33)).await.refusal(), (400, "0x80060888"));
    let grouped = |count: usize| {
        let works: Vec<String> = (0..count).map(|n| format!("x_count with sum as n{n}")).collect();
        format!("x_things?$apply=aggregate({})", works.join(","))
    };
    assert_eq!(client.get(&grouped(200)).await.status, 200);
    assert_eq!(client.get(&grouped(201)).await.refusal(), (400, "0x80060888"));
}

#[tokio::test]
async fn bodies_are_bounded() {
    let client = HttpClient::new().await;
    let body = vec![b' '; 116 * 1024 * 1024 + 1];
    let answer = JsonAnswer::of(client.request("POST", "x_things").body(body)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn cookies_that_were_tampered_with_are_refused() {
    let client = filled().await;
    let first = JsonAnswer::of(
        client.request("GET", "x_things?$orderby=x_name").header("prefer", "odata.maxpagesize=3"),
    )
    .await;
    let link = first.json["@odata.nextLink"].as_str().unwrap();
    assert_eq!(
        client.get(&link.replace("$orderby=x_name", "$orderby=x_name,x_code")).await.refusal(),
        (400, "0x80040203")
    );
    assert_eq!(
        client.get(&link.replace("pagingcookie=%22", "pagingcookie=%22A")).await.refusal(),
        (400, "0x80040203")
    );
    let last = u64::MAX;
    for path in [
        format!("x_things?$skiptoken=<cookie pagenumber=\"{last}\"/>"),
        "x_things?$skiptoken=".to_owned(),
        "x_things?$apply=groupby((x_level))&$skiptoken=nonsense".to_owned(),
    ] {
        assert_eq!(client.get(&path).await.refusal(), (400, "0x80040203"), "{path}");
    }
    let far = format!("x_things?$apply=groupby((x_level))&$skiptoken=<cookie pagenumber=\"{last}\"/>");
    assert_eq!(client.get(&far).await.json["value"], json!([]));
    let xml = format!(
        "<fetch count='5' page='{}' paging-cookie='&lt;a&gt;'><entity name='x_thing'/></fetch>",
        u32::MAX
    );
    let fetched = JsonAnswer::of(client.request("GET", "x_things").query(&[("fetchXml", xml)])).await;
    assert_eq!(fetched.refusal(), (400, "0x80040203"));
}
