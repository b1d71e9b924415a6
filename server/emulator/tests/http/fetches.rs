//! FetchXML: conditions, links, pages, groups, and what both known clients need of it.

use serde_json::{Value, json};

use crate::client::{HttpClient, JsonAnswer};
use crate::queries::filled;

async fn fetch(client: &HttpClient, set: &str, xml: &str, prefer: &str) -> JsonAnswer {
    let request = client.request("GET", set).query(&[("fetchXml", xml)]).header("prefer", prefer);
    JsonAnswer::of(request).await
}

/// Counts of the things that a query finds.
async fn counts(client: &HttpClient, inside: &str) -> Vec<i64> {
    let xml = format!(
        "<fetch><entity name='x_thing'><attribute name='x_count'/>{inside}<order attribute='x_count'/></entity></fetch>"
    );
    let answer = fetch(client, "x_things", &xml, "").await;
    assert_eq!(answer.status, 200, "{inside}: {}", answer.text);
    answer.column("x_count").iter().map(|count| count.as_i64().unwrap_or(-1)).collect()
}

#[tokio::test]
async fn conditions_find_what_they_say() {
    let client = filled().await;
    let cases: [(&str, &[i64]); 34] = [
        ("attribute='x_count' operator='eq' value='3'", &[3]),
        ("attribute='x_name' operator='eq' value='THING 4'", &[4]),
        ("attribute='x_code' operator='ne' value='é0%'", &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("attribute='x_count' operator='gt' value='7'", &[8, 9]),
        ("attribute='x_count' operator='le' value='1'", &[0, 1]),
        ("attribute='x_cost' operator='eq' value='0.3'", &[3]),
        ("attribute='x_cost' operator='lt' value='0.1000001'", &[0, 1]),
        ("attribute='x_name' operator='like' value='%ING 5'", &[5]),
        ("attribute='x_name' operator='like' value='ING 5'", &[]),
        ("attribute='x_name' operator='not-like' value='thing _'", &[]),
        ("attribute='x_code' operator='begins-with' value='É1'", &[1]),
        ("attribute='x_code' operator='not-begin-with' value='é'", &[5, 6, 7, 8, 9]),
        ("attribute='x_name' operator='ends-with' value='7'", &[7]),
        ("attribute='x_code' operator='null'", &[5, 6, 7, 8, 9]),
        ("attribute='x_code' operator='not-null'", &[0, 1, 2, 3, 4]),
        ("attribute='x_done' operator='eq' value='0'", &[1, 3, 5, 7, 9]),
        ("attribute='x_day' operator='on' value='2026-03-02'", &[1]),
        ("attribute='x_at' operator='on-or-before' value='2026-03-02'", &[0, 1]),
        ("attribute='x_at' operator='not-on' value='2026-03-01'", &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("attribute='createdon' operator='today'", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("attribute='createdon' operator='last-x-days' value='1'", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("attribute='createdon' operator='olderthan-x-months' value='1'", &[]),
        ("attribute='createdon' operator='this-fiscal-year'", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("attribute='x_at' operator='in-fiscal-year' value='2025'", &[]),
        ("attribute='x_day' operator='in-fiscal-period' value='1'", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("attribute='x_day' operator='last-x-years' value='200'", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("attribute='createdby' operator='eq-userid'", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("attribute='createdby' operator='ne-userid'", &[]),
        ("attribute='owningbusinessunit' operator='eq-businessid'", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("attribute='statecode' operator='eq' value='0'", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("attribute='x_count' operator='eq' valueof='x_count'", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("attribute='x_name' operator='eq' valueof='x_code'", &[]),
        ("attribute='createdon' operator='gt' valueof='modifiedon'", &[]),
        ("attribute='x_placeid' operator='null'", &[5, 6, 7, 8, 9]),
    ];
    for (condition, expect) in cases {
        let found = counts(&client, &format!("<filter><condition {condition}/></filter>")).await;
        assert_eq!(found, expect, "{condition}");
    }
}

#[tokio::test]
async fn lists_and_nested_filters_are_understood() {
    let client = filled().await;
    let check =
        async |inside: &str, expect: &[i64]| assert_eq!(counts(&client, inside).await, expect, "{inside}");
    let values = |operator: &str, column: &str, values: &[&str]| {
        let values: String = values.iter().map(|value| format!("<value>{value}</value>")).collect();
        format!("<condition attribute='{column}' operator='{operator}'>{values}</condition>")
    };
    let filter = |kind: &str, inside: &str| format!("<filter type='{kind}'>{inside}</filter>");
    check(&filter("and", &values("in", "x_count", &["1", "2"])), &[1, 2]).await;
    check(&filter("and", &values("not-in", "x_code", &["é1%", "é2%"])), &[0, 3, 4, 5, 6, 7, 8, 9]).await;
    check(&filter("and", &values("between", "x_count", &["7", "8"])), &[7, 8]).await;
    check(&filter("and", &values("not-between", "x_count", &["1", "8"])), &[0, 9]).await;
    check(&filter("and", &values("contain-values", "x_tags", &["100000001"])), &[3]).await;
    check(&filter("and", &values("not-contain-values", "x_tags", &["100000000"])), &[3]).await;
    check(&filter("and", &values("in-fiscal-period-and-year", "x_day", &["2", "2026"])), &[]).await;
    let either = filter("or", &(values("in", "x_count", &["1"]) + &values("in", "x_count", &["9"])));
    check(&filter("and", &(either.clone() + &values("in", "x_done", &["0"]))), &[1, 9]).await;
    check(&format!("{either}{}", filter("and", &values("in", "x_count", &["9", "8"]))), &[9]).await;
    check("<filter/>", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]).await;
}

#[tokio::test]
async fn rows_show_selected_non_null_columns() {
    let client = filled().await;
    let xml = "<fetch><entity name='x_thing'><attribute name='x_code'/><attribute name='x_level' alias='l'/>\
               <attribute name='x_placeid'/><filter><condition attribute='x_count' operator='ge' value='4'/>\
               <condition attribute='x_count' operator='le' value='5'/></filter><order attribute='x_count'/></entity></fetch>";
    let answer = fetch(&client, "x_things", xml, "odata.include-annotations=\"*\"").await;
    let context = answer.json["@odata.context"].as_str().unwrap();
    assert!(context.ends_with("$metadata#x_things(x_code,l,_x_placeid_value,x_thingid)"), "{context}");
    let [first, second] = &answer.json["value"].as_array().unwrap()[..] else { panic!("{}", answer.text) };
    assert_eq!((&first["x_code"], &first["l"]), (&json!("é4%"), &json!(100_000_000)));
    assert_eq!(first["l@OData.Community.Display.V1.FormattedValue"], "Low");
    assert_eq!(first["_x_placeid_value@OData.Community.Display.V1.FormattedValue"], "Here");
    assert!(first["@odata.etag"].as_str().unwrap().starts_with("W/\""));
    let shown: Vec<&String> = second.as_object().unwrap().keys().filter(|name| !name.contains('@')).collect();
    assert_eq!(shown, ["l", "x_thingid"]);
    // Without attributes, all of them.
    let all = fetch(&client, "x_things", "<fetch top='1'><entity name='x_thing'/></fetch>", "").await;
    assert!(all.json["value"][0].as_object().unwrap().len() > 15, "{}", all.text);
}

/// Two places beside the one that five of the things are at: one with a thing of its own, one without.
async fn places(client: &HttpClient) {
    let there = client.post("x_places", &json!({ "x_name": "There" })).await.id();
    client.post("x_places", &json!({ "x_name": "Nowhere" })).await;
    client.thing(json!({ "x_count": 11, "x_PlaceId@odata.bind": format!("x_places({there})") })).await;
}

#[tokio::test]
async fn links_join_and_ask() {
    let client = filled().await;
    places(&client).await;
    let link = |kind: &str, inside: &str| {
        format!(
            "<link-entity name='x_place' from='x_placeid' to='x_placeid' link-type='{kind}' alias='p'>{inside}</link-entity>"
        )
    };
    let named =
        |name: &str| format!("<filter><condition attribute='x_name' operator='eq' value='{name}'/></filter>");
    assert_eq!(counts(&client, &link("inner", "")).await, [0, 1, 2, 3, 4, 11]);
    assert_eq!(counts(&client, &link("inner", &named("there"))).await, [11]);
    assert_eq!(counts(&client, &link("outer", &named("there"))).await.len(), 11);
    let outside =
        "<filter><condition entityname='p' attribute='x_name' operator='eq' value='there'/></filter>";
    assert_eq!(counts(&client, &(link("outer", "") + outside)).await, [11]);
    assert_eq!(counts(&client, &link("exists", &named("here"))).await, [0, 1, 2, 3, 4]);

    let names = async |inside: &str| {
        let xml = format!(
            "<fetch><entity name='x_place'><attribute name='x_name'/>{inside}<order attribute='x_name'/></entity></fetch>"
        );
        let answer = fetch(&client, "x_places", &xml, "").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.column("x_name")
    };
    let things = |kind: &str| {
        format!(
            "<filter><link-entity name='x_thing' from='x_placeid' to='x_placeid' link-type='{kind}'><filter>\
             <condition attribute='x_count' operator='eq' value='11'/></filter></link-entity></filter>"
        )
    };
    assert_eq!(names(&things("any")).await, ["There"]);
    assert_eq!(names(&things("not all")).await, ["There"]);
    assert_eq!(names(&things("not any")).await, ["Here", "Nowhere"]);
    assert_eq!(names(&things("all")).await, ["Here"]);
}

#[tokio::test]
async fn linked_columns_use_their_alias() {
    let client = filled().await;
    let xml = "<fetch><entity name='x_thing'><attribute name='x_count'/>\
               <link-entity name='x_place' from='x_placeid' to='x_placeid' alias='p'><attribute name='x_name'/>\
               <attribute name='x_name' alias='plain'/>\
               <link-entity name='x_thing' from='x_placeid' to='x_placeid' alias='other'><attribute name='x_count'/>\
               <filter><condition attribute='x_count' operator='eq' valueof='x_thing.x_count'/></filter>\
               </link-entity></link-entity><filter><condition attribute='x_count' operator='eq' value='2'/></filter>\
               </entity></fetch>";
    let answer = fetch(&client, "x_things", xml, "").await;
    assert_eq!(answer.json["value"].as_array().unwrap().len(), 1, "{}", answer.text);
    let row = &answer.json["value"][0];
    assert_eq!((&row["p.x_name"], &row["plain"]), (&json!("Here"), &json!("Here")));
    assert_eq!(row["other.x_count"], 2);
}

#[tokio::test]
async fn orders_are_by_what_people_see() {
    let client = filled().await;
    places(&client).await;
    let ordered = async |order: &str| {
        let xml =
            format!("<fetch><entity name='x_thing'><attribute name='x_count'/>{order}</entity></fetch>");
        let answer = fetch(&client, "x_things", &xml, "").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.column("x_count").iter().map(|count| count.as_i64().unwrap()).collect::<Vec<_>>()
    };
    // High, the odd ones, comes before Low in the alphabet, and nothing before both.
    let by_label =
        ordered("<order attribute='x_level'/><order attribute='x_count' descending='true'/>").await;
    assert_eq!(by_label, [11, 9, 7, 5, 3, 1, 8, 6, 4, 2, 0]);
    let by_name =
        ordered("<order attribute='x_placeid' descending='true'/><order attribute='x_count'/>").await;
    assert_eq!(by_name, [11, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let raw = "<fetch useraworderby='true'><entity name='x_thing'><attribute name='x_count'/>\
               <order attribute='x_level' descending='true'/><order attribute='x_count'/></entity></fetch>";
    let first = fetch(&client, "x_things", raw, "").await;
    assert_eq!(first.column("x_count")[0], 1);
}

/// Reads all pages as Microsoft's Python client does: by the cookie where there is one, else by number.
async fn pages(
    client: &HttpClient,
    inside: &str,
    size: u32,
    mut between: impl AsyncFnMut(u32),
) -> (Vec<Value>, bool) {
    let (mut seen, mut page, mut cookie, mut with_cookie) = (Vec::new(), 1, String::new(), true);
    loop {
        let xml = format!(
            "<fetch count='{size}' page='{page}'{cookie}><entity name='x_thing'>{inside}</entity></fetch>"
        );
        let wanted = "odata.include-annotations=\"Microsoft.Dynamics.CRM.fetchxmlpagingcookie,\
                      Microsoft.Dynamics.CRM.morerecords\"";
        let answer = fetch(client, "x_things", &xml, wanted).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        seen.extend(answer.column("x_count"));
        if answer.json["@Microsoft.Dynamics.CRM.morerecords"] != true {
            assert_eq!(answer.json["@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"], Value::Null);
            return (seen, with_cookie);
        }
        let annotation = answer.json["@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"].as_str().unwrap();
        cookie = match annotation.split("pagingcookie=\"").nth(1) {
            Some(rest) => {
                let inner = unescape(&unescape(rest.split('"').next().unwrap()));
                assert!(inner.starts_with(&format!("<cookie page=\"{page}\">")), "{inner}");
                format!(" paging-cookie='{}'", inner.replace('<', "&lt;").replace('"', "&quot;"))
            }
            None => {
                with_cookie = false;
                String::new()
            }
        };
        between(page).await;
        page += 1;
    }
}

/// Percent signs, as the clients take them away.
fn unescape(text: &str) -> String {
    let mut parts = text.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push(char::from(u8::from_str_radix(&part[..2], 16).unwrap()));
        out.push_str(&part[2..]);
    }
    out
}

#[tokio::test]
async fn pages_neither_lose_nor_repeat_rows() {
    let client = filled().await;
    let expect: Vec<Value> = (0..10).map(|n| json!(n)).collect();
    let column = "<attribute name='x_count'/>";
    for size in [1, 3, 5, 10] {
        let (seen, cookie) = pages(&client, column, size, async |_| {}).await;
        assert_eq!((seen, cookie), (expect.clone(), true));
        let ordered =
            format!("{column}<order attribute='x_level' descending='true'/><order attribute='x_code'/>");
        let (seen, _) = pages(&client, &ordered, size, async |_| {}).await;
        assert_eq!(seen, [6, 8, 0, 2, 4, 5, 7, 9, 1, 3].map(|n| json!(n)), "{size}");
        let linked = format!(
            "{column}<link-entity name='x_place' from='x_placeid' to='x_placeid' link-type='outer'>\
             <link-entity name='x_thing' from='x_placeid' to='x_placeid' link-type='outer'/></link-entity>"
        );
        let (seen, cookie) = pages(&client, &linked, size, async |_| {}).await;
        assert_eq!((seen.len(), cookie), (5 * 5 + 5, true), "five meet all five, five meet nobody");
        let by_link = format!(
            "{column}<link-entity name='x_place' from='x_placeid' to='x_placeid' link-type='outer'>\
             <order attribute='x_name'/></link-entity>"
        );
        let (seen, cookie) = pages(&client, &by_link, size, async |_| {}).await;
        assert_eq!((seen.len(), cookie), (10, size == 10), "an order of a link allows no cookie");
    }
}

#[tokio::test]
async fn writes_do_not_shift_pages() {
    let client = filled().await;
    let first = client.get("x_things?$filter=x_count eq 0").await.column("x_thingid");
    let first = first[0].as_str().unwrap();
    let inside = "<attribute name='x_count'/><order attribute='x_count'/>";
    let (seen, _) = pages(&client, inside, 4, async |page| {
        if page == 1 {
            client.thing(json!({ "x_count": 0 })).await;
            client.delete(&format!("x_things({first})")).await;
        }
    })
    .await;
    assert_eq!(seen, (0..10).map(|n| json!(n)).collect::<Vec<_>>());
}

#[tokio::test]
async fn tops_counts_and_distinct_rows_are_given() {
    let client = filled().await;
    let top = fetch(
        &client,
        "x_things",
        "<fetch top='3'><entity name='x_thing'><attribute name='x_count'/></entity></fetch>",
        "",
    );
    assert_eq!(top.await.column("x_count"), [0, 1, 2]);
    let xml = "<fetch count='4' returntotalrecordcount='true'><entity name='x_thing'><attribute name='x_count'/></entity></fetch>";
    let answer = fetch(&client, "x_things", xml, "odata.include-annotations=\"*\"").await;
    assert_eq!((&answer.json["@odata.count"], answer.column("x_count").len()), (&json!(10), 4));
    assert_eq!(answer.json["@Microsoft.Dynamics.CRM.totalrecordcount"], 10);
    assert_eq!(answer.json["@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"], false);
    let xml = "<fetch distinct='true' returntotalrecordcount='true'><entity name='x_thing'><attribute name='x_level'/>\
               <order attribute='x_level'/></entity></fetch>";
    let answer = fetch(&client, "x_things", xml, "").await;
    assert_eq!(answer.json["value"], json!([{ "x_level": 100_000_001 }, { "x_level": 100_000_000 }]));
    assert_eq!(answer.json["@odata.count"], 2);
}

#[tokio::test]
async fn groups_take_columns_and_date_parts() {
    let client = filled().await;
    client.thing(json!({ "x_day": "2023-08-27" })).await;
    let xml = "<fetch aggregate='true'><entity name='x_thing'>\
               <attribute name='x_count' alias='Average' aggregate='avg'/>\
               <attribute name='x_count' alias='Count' aggregate='count'/>\
               <attribute name='x_count' alias='ColumnCount' aggregate='countcolumn'/>\
               <attribute name='x_level' alias='Levels' aggregate='countcolumn' distinct='true'/>\
               <attribute name='x_count' alias='Maximum' aggregate='max'/>\
               <attribute name='x_count' alias='Sum' aggregate='sum'/></entity></fetch>";
    let answer = fetch(&client, "x_things", xml, "").await;
    let expect =
        json!([{ "Average": 4, "Count": 11, "ColumnCount": 10, "Levels": 2, "Maximum": 9, "Sum": 45 }]);
    assert_eq!(answer.json["value"], expect, "{}", answer.text);
    let xml = "<fetch aggregate='true'><entity name='x_thing'>\
               <attribute name='x_count' alias='Total' aggregate='sum'/>\
               <attribute name='x_day' alias='Week' groupby='true' dategrouping='week'/>\
               <attribute name='x_day' alias='Month' groupby='true' dategrouping='month'/>\
               <attribute name='x_day' alias='Quarter' groupby='true' dategrouping='quarter'/>\
               <attribute name='x_day' alias='Year' groupby='true' dategrouping='year'/>\
               <attribute name='x_day' alias='Fiscal' groupby='true' dategrouping='fiscal-year'/>\
               <order alias='Week' descending='true'/></entity></fetch>";
    let answer = fetch(&client, "x_things", xml, "odata.include-annotations=\"*\"").await;
    let groups = answer.json["value"].as_array().unwrap();
    let parts = |group: &Value| {
        ["Total", "Week", "Month", "Quarter", "Year"].map(|name| group[name].as_i64().unwrap())
    };
    assert_eq!(parts(&groups[0]), [0, 35, 8, 3, 2023], "{}", answer.text);
    assert_eq!(parts(&groups[1]), [24, 11, 3, 1, 2026]);
    assert_eq!(parts(&groups[2]), [21, 10, 3, 1, 2026]);
    let people = |name: &str| groups[0][format!("{name}@OData.Community.Display.V1.FormattedValue")].clone();
    assert_eq!((people("Year"), people("Fiscal")), (json!("2,023"), json!("FY2023")));
}

#[tokio::test]
async fn groups_cross_links_and_are_limited() {
    let client = filled().await;
    let xml = |limit: u32| {
        format!(
            "<fetch aggregate='true' aggregatelimit='{limit}'><entity name='x_thing'>\
             <attribute name='x_count' alias='n' aggregate='sum'/>\
             <link-entity name='x_place' from='x_placeid' to='x_placeid'>\
             <attribute name='x_name' alias='place' groupby='true'/></link-entity></entity></fetch>"
        )
    };
    let answer = fetch(&client, "x_things", &xml(5), "").await;
    assert_eq!(answer.json["value"], json!([{ "n": 10, "place": "Here" }]), "{}", answer.text);
    let refused = fetch(&client, "x_things", &xml(4), "").await;
    assert_eq!(refused.refusal(), (400, "0x8004E023"));
    assert!(refused.text.contains("AggregateQueryRecordLimit exceeded"));
}

#[tokio::test]
async fn mistakes_are_named() {
    let client = HttpClient::new().await;
    let of = |inside: &str| format!("<fetch><entity name='x_thing'>{inside}</entity></fetch>");
    let cases = [
        ("<fetch".to_owned(), 400, "0x80040201"),
        ("<fetch><entity name='x_place'/></fetch>".to_owned(), 400, "0x80041128"),
        (of("<attribute name='x_nme'/>"), 400, "0x80041103"),
        (of("<filter><condition attribute='x_count' operator='equals' value='1'/></filter>"), 400, "0x80041120"),
        (of("<filter><condition attribute='x_count' operator='eq' value='a'/></filter>"), 400, "0x80040203"),
        (of("<filter><condition attribute='x_count' operator='eq'/></filter>"), 400, "0x80040203"),
        (of("<filter><condition attribute='x_count' operator='like' value='1'/></filter>"), 400, "0x80040203"),
        (of("<filter><condition attribute='x_name' operator='today'/></filter>"), 400, "0x80040203"),
        (of("<filter><condition entityname='z' attribute='x_name' operator='null'/></filter>"), 400, "0x80041126"),
        (of("<filter><condition attribute='x_placeid' operator='under' value='1'/></filter>"), 501, "0x80060888"),
        (of("<link-entity name='nobody' from='a' to='b'/>"), 400, "0x80041102"),
        (of("<link-entity name='x_place' from='x_name' to='x_placeid'/>"), 400, "0x80040203"),
        (of("<attribute name='x_count' aggregate='sum' alias='a'/>"), 400, "0x8004111A"),
        ("<fetch aggregate='1'><entity name='x_thing'><attribute name='x_count' aggregate='sum'/></entity></fetch>".to_owned(), 400, "0x8004111B"),
        ("<fetch page='60' count='1000'><entity name='x_thing'/></fetch>".to_owned(), 400, "0x80040203"),
        ("<fetch top='6000'><entity name='x_thing'/></fetch>".to_owned(), 400, "0x80040203"),
        ("<fetch datasource='retained'><entity name='x_thing'/></fetch>".to_owned(), 501, "0x80060888"),
    ];
    for (xml, status, code) in cases {
        let answer = fetch(&client, "x_things", &xml, "").await;
        assert_eq!(answer.refusal(), (status, code), "{xml}: {}", answer.text);
    }
    let beside = client.request("GET", "x_things").query(&[("fetchXml", "<fetch/>"), ("$select", "x_name")]);
    assert_eq!(JsonAnswer::of(beside).await.status, 501);
}
