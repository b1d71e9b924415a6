//! Pages, single rows, changes.

use dataverse::{Error, Expand, Filter, Freshness, Query, RowChange};
use futures::TryStreamExt as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::stand_in::{Received, Say, WireStandIn, answer, token, with};

fn then(
    script: impl Fn(&Received, usize) -> Say + Send + Sync + 'static,
) -> impl Fn(&Received, usize) -> Say + Send + Sync {
    move |request, before| if request.target == "/token" { token(before) } else { script(request, before) }
}

/// Three pages; the links name another host, as they may behind a proxy.
fn paged(_: &Received, before: usize) -> Say {
    let link = format!("https://elsewhere.example/api/data/v9.2/sets?$skiptoken=%3Cpage%20{before}%3E");
    match before {
        0 => answer(
            200,
            &json!({ "@odata.count": "3", "value": [{ "a": 1 }, { "a": 2 }], "@odata.nextLink": link }),
        ),
        1 => answer(200, &json!({ "value": [], "@odata.nextLink": link })),
        _ => answer(200, &json!({ "value": [{ "a": 3 }] })),
    }
}

#[tokio::test]
async fn links_never_lead_to_another_host() {
    let server = WireStandIn::start(then(paged)).await;
    let query = Query::of("sets").filter(Filter::eq("a", "x")).page_size(2).formatted().count();
    let rows: Vec<Value> = server.client().query(query).rows().try_collect().await.unwrap();
    assert_eq!(rows.iter().map(|row| row["a"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    let asked = server.asked();
    assert_eq!(asked[0].target, "/api/data/v9.2/sets?$filter=a%20eq%20%27x%27&$count=true");
    assert_eq!(asked[1].target, "/api/data/v9.2/sets?$skiptoken=%3Cpage%200%3E", "verbatim");
    for request in &asked {
        assert_eq!(request.header("prefer"), "odata.maxpagesize=2,odata.include-annotations=\"*\"");
        assert_eq!(request.header("odata-version"), "4.0");
    }
}

#[tokio::test]
async fn failed_pages_can_be_retried() {
    let server = WireStandIn::start(then(|request, before| match before {
        1 => with(400, &[], ""),
        0 => paged(request, 0),
        _ => paged(request, 2),
    }))
    .await;
    let mut pages = server.client().query(Query::of("sets"));
    assert_eq!(pages.next_page().await.unwrap().unwrap().len(), 2);
    assert_eq!(pages.count(), Some(3));
    pages.next_page().await.unwrap_err();
    assert_eq!(pages.next_page().await.unwrap().unwrap().len(), 1);
    assert_eq!(pages.next_page().await.unwrap(), None);
}

#[tokio::test]
async fn dead_links_are_errors() {
    for link in ["http://x/api/data/v9.2/sets", "https://elsewhere.example/steal"] {
        let server = WireStandIn::start(then(move |_, _| {
            answer(200, &json!({ "value": [], "@odata.nextLink": link }))
        }))
        .await;
        let error = server.client().query(Query::of("sets")).next_page().await.unwrap_err();
        assert!(matches!(error, Error::Malformed(_)), "{link}: {error:?}");
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_missing_row_is_none() {
    let server = WireStandIn::start(then(|_, before| match before {
        0 => with(404, &[], r#"{"error":{"code":"0x80040217","message":"m"}}"#),
        _ => answer(200, &json!({ "a": 1 })),
    }))
    .await;
    let client = server.client();
    assert_eq!(client.retrieve("sets", Uuid::nil(), &["a"]).await.unwrap(), None);
    assert_eq!(client.retrieve("sets", Uuid::nil(), &["a"]).await.unwrap().unwrap()["a"], 1);
    assert!(server.asked()[0].target.ends_with("sets(00000000-0000-0000-0000-000000000000)?$select=a"));
}

#[tokio::test]
async fn unchanged_rows_are_not_sent_again() {
    let server = WireStandIn::start(then(|request, before| match before {
        0 if request.header("if-none-match") == "W/\"3\"" => with(304, &[], ""),
        1 => answer(200, &json!({ "a": 1 })),
        _ => with(404, &[], ""),
    }))
    .await;
    let (client, query) =
        (server.client(), Query::of("sets").select(["a"]).expand(Expand::of("N").select(["b"])));
    let read = || client.retrieve_if_changed(&query, Uuid::nil(), "W/\"3\"");
    assert_eq!(read().await.unwrap(), Freshness::Unchanged);
    assert_eq!(read().await.unwrap(), Freshness::Changed(json!({ "a": 1 })));
    assert_eq!(read().await.unwrap(), Freshness::Gone);
    assert!(server.asked()[0].target.ends_with("?$select=a&$expand=N($select=b)"));
    let of_many = query.filter(Filter::eq("a", 1));
    assert!(matches!(client.retrieve_with(&of_many, Uuid::nil()).await, Err(Error::Misuse(_))));
}

#[tokio::test]
async fn a_count_is_read_from_plain_text() {
    let server = WireStandIn::start(then(|_, before| match before {
        0 => with(200, &[("content-type", "text/plain")], "\u{feff}4711"),
        _ => with(200, &[], "many"),
    }))
    .await;
    let (client, query) = (server.client(), Query::of("sets").filter(Filter::eq("a", 1)));
    assert_eq!(client.count(&query).await.unwrap(), 4711);
    assert!(matches!(client.count(&query).await, Err(Error::Malformed(_))));
    assert!(server.asked()[0].target.ends_with("/sets/$count?$filter=a%20eq%201"));
}

#[tokio::test]
async fn fetch_xml_is_turned_by_its_cookie() {
    let server = WireStandIn::start(then(|_, before| match before {
        0 => answer(200, &json!({
            "value": [{ "a": 1 }], "@Microsoft.Dynamics.CRM.morerecords": true,
            "@Microsoft.Dynamics.CRM.fetchxmlpagingcookie": "<cookie pagenumber=\"2\" pagingcookie=\"%253cx%253e\" istracking=\"False\" />",
        })),
        _ => answer(200, &json!({ "value": [{ "a": 2 }], "@Microsoft.Dynamics.CRM.morerecords": false })),
    }))
    .await;
    let query = Query::of("sets").fetch_xml("<fetch count='1'><entity name='a'/></fetch>");
    assert_eq!(server.client().query(query).all().await.unwrap().len(), 2);
    let second = &server.asked()[1].target;
    assert!(second.contains("page%3D%222%22%20paging-cookie%3D%22%26lt%3Bx%26gt%3B%22"), "{second}");
}

#[tokio::test]
async fn changes_end_with_a_link() {
    let deleted = json!({ "@odata.context": "https://o/$metadata#sets/$deletedEntity", "id": Uuid::from_u128(9), "reason": "deleted" });
    let server = WireStandIn::start(then(move |_, before| match before {
        0 => answer(200, &json!({ "value": [{ "a": 1 }], "@odata.nextLink": "http://x/api/data/v9.2/sets?$skiptoken=1" })),
        1 => answer(200, &json!({ "value": [deleted], "@odata.deltaLink": "http://x/api/data/v9.2/sets?$deltatoken=5%21x" })),
        _ => with(400, &[], r#"{"error":{"code":"0x80044352","message":"Version stamp associated with the client has expired."}}"#),
    }))
    .await;
    let client = server.client();
    let mut changes = client.changes_from_start("sets", &["a"]).unwrap();
    assert!(
        matches!(&changes.next_page().await.unwrap().unwrap()[..], [RowChange::Upserted(row)] if row["a"] == 1)
    );
    assert!(changes.delta_link().is_none());
    assert_eq!(changes.next_page().await.unwrap().unwrap(), [RowChange::Deleted(Uuid::from_u128(9))]);
    assert_eq!(changes.next_page().await.unwrap(), None);
    let link = changes.delta_link().unwrap().clone();
    let error = client.changes_since(&link).unwrap().next_page().await.unwrap_err();
    assert!(matches!(error, Error::DeltaExpired(_)), "{error:?}");
    let asked = server.asked();
    assert_eq!(asked[2].target, "/api/data/v9.2/sets?$deltatoken=5%21x");
    assert!(asked.iter().all(|request| request.header("prefer") == "odata.track-changes"));
}
