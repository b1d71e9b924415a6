//! Filters, order, paging, counts.

use serde_json::{Value, json};

use crate::client::{HttpClient, JsonAnswer};

pub async fn filled() -> HttpClient {
    let client = HttpClient::new().await;
    let place = client.post("x_places", &json!({ "x_name": "Here" })).await.id();
    for n in 0..10 {
        let mut row = json!({
            "x_name": format!("Thing {n}"), "x_count": n, "x_cost": f64::from(n) / 10.0, "x_done": n % 2 == 0,
            "x_at": format!("2026-03-0{}T00:00:00Z", n + 1 - n / 9), "x_day": format!("2026-03-{:02}", n + 1),
            "x_level": 100_000_000 + n % 2, "x_tags": if n == 3 { "100000001" } else { "100000000" },
        });
        if n < 5 {
            row["x_PlaceId@odata.bind"] = format!("x_places({place})").into();
            row["x_code"] = format!("é{n}%").into();
        }
        client.thing(row).await;
    }
    client
}

#[tokio::test]
async fn filters_find_what_they_say() {
    let client = filled().await;
    let cases = [
        ("x_count eq 3", vec![3]),
        ("x_count ge 3 and x_count lt 5 or x_count eq 9", vec![3, 4, 9]),
        ("not (x_count gt 1)", vec![0, 1]),
        ("x_name eq 'thing 4'", vec![4]),
        ("contains(x_name, 'HING 5')", vec![5]),
        ("startswith(x_code,'É1')", vec![1]),
        ("endswith(x_code,'2[%]')", vec![2]),
        ("contains(x_code,'é_[%]') and x_count le 1", vec![0, 1]),
        ("x_code eq null", vec![5, 6, 7, 8, 9]),
        ("x_code ne 'é0%25' and x_count ge 4", vec![4, 5, 6, 7, 8, 9]),
        ("x_cost eq 0.3", vec![3]),
        ("x_cost gt 0.7999999", vec![8, 9]),
        ("x_cost le 1e-1", vec![0, 1]),
        ("x_cost eq 0.3000001", vec![]),
        ("x_cost lt 1e20 and x_count eq 1", vec![1]),
        ("x_done eq true and x_count gt 5", vec![6, 8]),
        ("x_done and x_count gt 7", vec![8]),
        ("x_at ge 2026-03-08T00:00:00Z and x_count lt 9", vec![7, 8]),
        ("x_day eq 2026-03-02", vec![1]),
        ("x_level eq 100000001 and x_count lt 4", vec![1, 3]),
        ("x_PlaceId/x_name eq 'HERE' and x_count gt 3", vec![4]),
        ("_x_placeid_value eq null and x_count lt 6", vec![5]),
        ("Microsoft.Dynamics.CRM.In(PropertyName='x_count',PropertyValues=[\"1\",\"2\"])", vec![1, 2]),
        ("Microsoft.Dynamics.CRM.In(PropertyName=@p1,PropertyValues=@p2)&@p1='x_count'&@p2=[\"4\"]", vec![4]),
        ("@p1 ge @p2 and @p1 ne @p3&@p1=x_count&@p2=8", vec![8, 9]),
        ("contains(@p1,@p2)&@p1=x_name&@p2='5'", vec![5]),
        ("Microsoft.Dynamics.CRM.InFiscalYear(PropertyName='x_at',PropertyValue=2025)", vec![]),
        (
            "Microsoft.Dynamics.CRM.InFiscalPeriodAndYear(PropertyName='x_day',PropertyValue1=1,PropertyValue2=2026) \
             and x_count gt 7",
            vec![8, 9],
        ),
        (
            "Microsoft.Dynamics.CRM.LastXMonths(PropertyName='createdon',PropertyValue=1) and x_count eq 1",
            vec![1],
        ),
        ("Microsoft.Dynamics.CRM.ThisFiscalPeriod(PropertyName='createdon') and x_count eq 2", vec![2]),
        ("Microsoft.Dynamics.CRM.NextWeek(PropertyName='createdon')", vec![]),
        (
            "Microsoft.Dynamics.CRM.EqualBusinessId(PropertyName='_owningbusinessunit_value') and x_count lt 1",
            vec![0],
        ),
        ("Microsoft.Dynamics.CRM.EqualUserLanguage(PropertyName='x_count')", vec![]),
        ("Microsoft.Dynamics.CRM.Between(PropertyName='x_count',PropertyValues=[\"7\",\"8\"])", vec![7, 8]),
        ("Microsoft.Dynamics.CRM.On(PropertyName='x_at',PropertyValue='2026-03-03')", vec![2]),
        ("Microsoft.Dynamics.CRM.OnOrBefore(PropertyName='x_day',PropertyValue='2026-03-02')", vec![0, 1]),
        (
            "Microsoft.Dynamics.CRM.ContainValues(PropertyName='x_tags',PropertyValues=[\"100000001\"])",
            vec![3],
        ),
        ("Microsoft.Dynamics.CRM.Today(PropertyName='createdon') and x_count eq 6", vec![6]),
        ("Microsoft.Dynamics.CRM.OlderThanXDays(PropertyName='createdon',PropertyValue=1)", vec![]),
    ];
    for (filter, expect) in cases {
        let filter = filter.replace("%]", "%25]");
        let answer = client.get(&format!("x_things?$select=x_count&$filter={filter}&$orderby=x_count")).await;
        let expect: Vec<Value> = expect.into_iter().map(|n: i32| json!(n)).collect();
        assert_eq!(answer.status, 200, "{filter}: {}", answer.text);
        assert_eq!(answer.column("x_count"), expect, "{filter}");
    }
}

#[tokio::test]
async fn children_are_asked_with_any_and_all() {
    let client = filled().await;
    let check = async |filter: &str, expect: usize| {
        let answer = client.get(&format!("x_places?$filter={filter}")).await;
        assert_eq!(answer.column("x_name").len(), expect, "{filter}: {}", answer.text);
    };
    check("x_place_things/any(t:t/x_count eq 4)", 1).await;
    check("x_place_things/any(t:t/x_count eq 5)", 0).await;
    check("x_place_things/all(t:t/x_count lt 5)", 1).await;
    check("x_place_things/all(t:t/x_count lt 4)", 0).await;
    check("x_place_things/any()", 1).await;
}

#[tokio::test]
async fn mistakes_in_filters_are_named() {
    let client = HttpClient::new().await;
    let cases = [
        ("x_nme eq 1", "Could not find a property named 'x_nme' on type 'Microsoft.Dynamics.CRM.x_thing'."),
        ("x_count eq", "Syntax error at position 10"),
        ("x_count eq 'a'", "incompatible types"),
        ("x_name eq 1", "incompatible types"),
        ("contains(x_count,'1')", "No function signature"),
        ("tolower(x_name) eq 'a'", "unknown function"),
        ("x_count eq 1 or", "Syntax error at position 15"),
        ("x_count", "single boolean value"),
    ];
    for (filter, part) in cases {
        let answer = client.get(&format!("x_things?$filter={filter}")).await;
        assert_eq!(answer.refusal(), (400, "0x0"), "{filter}: {}", answer.text);
        assert!(answer.text.contains(part), "{filter}: {}", answer.text);
    }
    for option in ["$skip=1", "$search=a", "$format=json"] {
        assert_eq!(client.get(&format!("x_things?{option}")).await.status, 400, "{option}");
    }
    for option in ["$top=x", "$count=yes", "$fliter=x_count eq 1", "$Select=x_name", "$top=1&%24top=2"] {
        assert_eq!(client.get(&format!("x_things?{option}")).await.refusal(), (400, "0x0"), "{option}");
    }
    assert_eq!(client.get("x_things?own=1&@p=2").await.status, 200);
}

#[tokio::test]
async fn all_ways_of_escaping_are_understood() {
    let client = filled().await;
    for query in [
        "%24select=x_name%2Cx_count&%24filter=x_name+eq+%27Thing+1%27&%24top=2",
        "$select=x_name,x_count&$filter=x_name%20eq%20'Thing%201'&$top=2",
    ] {
        assert_eq!(client.get(&format!("x_things?{query}")).await.column("x_count"), [json!(1)], "{query}");
    }
}

async fn walk(client: &HttpClient, path: &str, size: u32, mut between: impl AsyncFnMut(usize)) -> Vec<Value> {
    let mut all = Vec::new();
    let mut next = path.to_owned();
    for page in 0.. {
        let request = client.request("GET", &next).header("prefer", format!("odata.maxpagesize={size}"));
        let answer = JsonAnswer::of(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        all.extend(answer.column("x_count"));
        match answer.json["@odata.nextLink"].as_str() {
            Some(link) => next = link.to_owned(),
            None => break,
        }
        between(page).await;
    }
    all
}

#[tokio::test]
async fn pages_neither_lose_nor_repeat_rows() {
    let client = filled().await;
    let expect: Vec<Value> = (0..10).map(|n| json!(n)).collect();
    for size in [1, 3, 5, 10, 11] {
        assert_eq!(walk(&client, "x_things?$select=x_count", size, async |_| {}).await, expect, "{size}");
        let ordered =
            walk(&client, "x_things?$orderby=x_level desc,x_code&$filter=x_count lt 9", size, async |_| {})
                .await;
        // Nothing comes before everything; the rest in the order of the code.
        assert_eq!(ordered, [5, 7, 1, 3, 6, 8, 0, 2, 4].map(|n| json!(n)), "{size}");
    }
}

#[tokio::test]
async fn writes_do_not_shift_pages() {
    let client = filled().await;
    let first = client.get("x_things?$filter=x_count eq 0").await.column("x_thingid");
    let first = first[0].as_str().unwrap();
    let seen = walk(&client, "x_things?$orderby=x_count", 4, async |page| {
        if page == 0 {
            client.thing(json!({ "x_count": 0 })).await;
            client.delete(&format!("x_things({first})")).await;
        }
    })
    .await;
    assert_eq!(seen, (0..10).map(|n| json!(n)).collect::<Vec<_>>());
}

#[tokio::test]
async fn lookups_sort_by_name_choices_by_number() {
    let client = filled().await;
    let after = client.post("x_places", &json!({ "x_name": "after Here" })).await.id();
    client.thing(json!({ "x_count": 20, "x_PlaceId@odata.bind": format!("x_places({after})") })).await;
    let ordered = async |order: &str| {
        let path = format!("x_things?$select=x_count&$filter=x_count gt 3&$orderby={order}");
        walk(&client, &path, 2, async |_| {}).await.iter().map(|n| n.as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(ordered("_x_placeid_value desc,x_count").await, [4, 20, 5, 6, 7, 8, 9]);
    assert_eq!(ordered("x_PlaceId/x_name desc,x_count").await, [4, 20, 5, 6, 7, 8, 9]);
    // "High" is the greater number, and after "Low", though before it in the alphabet.
    assert_eq!(ordered("x_level desc,x_count").await, [5, 7, 9, 4, 6, 8, 20]);
    assert_eq!(ordered("@p1 desc,@p2&@p1=x_level&@p2=x_count").await, [5, 7, 9, 4, 6, 8, 20]);
    let refused = client.get("x_things?$orderby=x_count down").await;
    assert!(refused.text.contains("Syntax error at position 8 in 'x_count down'."), "{}", refused.text);
}

#[tokio::test]
async fn counts_and_tops_are_given() {
    let client = filled().await;
    let answer = client.get("x_things?$count=true&$top=3&$filter=x_count ge 2").await;
    assert_eq!((answer.json["@odata.count"].as_i64(), answer.column("x_count").len()), (Some(8), 3));
    assert_eq!(answer.json["@odata.nextLink"], Value::Null);
    let count = client.get("x_things/$count").await;
    assert_eq!((count.text.as_str(), count.header("content-type")), ("10", "text/plain"));
}

#[tokio::test]
async fn formatted_values_come_when_asked_for() {
    let client = filled().await;
    let path = "x_things?$filter=x_count eq 3&$select=x_level,x_tags,x_done,x_at,x_cost,x_day";
    assert!(!client.get(path).await.text.contains("FormattedValue"));
    let wanted = "odata.include-annotations=\"OData.Community.Display.V1.FormattedValue\"";
    let answer = JsonAnswer::of(client.request("GET", path).header("prefer", wanted)).await;
    let row = &answer.json["value"][0];
    let formatted = |name: &str| row[format!("{name}@OData.Community.Display.V1.FormattedValue")].clone();
    assert_eq!(formatted("x_level"), "High");
    assert_eq!(formatted("x_tags"), "High");
    assert_eq!(formatted("x_done"), "No");
    assert_eq!(formatted("x_at"), "3/4/2026 12:00 AM");
    assert_eq!(formatted("x_day"), "3/4/2026");
    assert_eq!(formatted("x_cost"), "0.30000");
}
