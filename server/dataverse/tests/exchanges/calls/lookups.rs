//! Lookups: bound, followed, cleared.

use dataverse::{Client, Expand, Query, formatted};
use serde_json::{Value, json};

use super::{CallFn, id};
use crate::read::Values;
use crate::told;

const SHIPS: &str = "port_ships";

async fn update(client: &Client, values: &Values, row: Value) -> String {
    told::done(client.update(SHIPS, id(values, "ship"), &row).await)
}

fn berth() -> Expand {
    Expand::of("port_BerthId").select(["port_name"])
}

pub const CALLS: &[(&str, CallFn)] = &[
    ("A row to point at", |client, _| {
        Box::pin(async move {
            told::made(client.create("port_berths", &json!({ "port_name": "North Quay" })).await)
        })
    }),
    ("A lookup is bound by its navigation property", |client, values| {
        Box::pin(async move {
            let berth = format!("/port_berths({})", values.get("berth"));
            let row = json!({ "port_name": "Aurora", "port_BerthId@odata.bind": berth });
            told::made(client.create(SHIPS, &row).await)
        })
    }),
    ("The column's name in lower case is not that property", |client, values| {
        Box::pin(async move {
            let berth = format!("/port_berths({})", values.get("berth"));
            let row = json!({ "port_name": "Borealis", "port_berthid@odata.bind": berth });
            told::made(client.create(SHIPS, &row).await)
        })
    }),
    ("It is read under another name", |client, values| {
        Box::pin(async move {
            let query = Query::of(SHIPS).select(["_port_berthid_value"]).formatted();
            told::or_error(client.retrieve_with(&query, id(values, "ship")).await, |row| {
                let row = row.unwrap();
                let seen = formatted(&row, "_port_berthid_value").unwrap_or_default();
                format!("row {}, seen as {seen}", told::shown(&row, &["_port_berthid_value"]))
            })
        })
    }),
    ("A row is read with the one that it points at", |client, values| {
        Box::pin(async move {
            let query = Query::of(SHIPS).select(["port_name"]).expand(berth());
            told::or_error(client.retrieve_with(&query, id(values, "ship")).await, |row| {
                let row = row.unwrap();
                let at = row["port_BerthId"]["port_name"].as_str().unwrap_or_default();
                format!("row {}, at {at}", told::shown(&row, &["port_name"]))
            })
        })
    }),
    ("A lookup is cleared by its reference", |client, values| {
        Box::pin(
            async move { told::done(client.clear_lookup(SHIPS, id(values, "ship"), "port_BerthId").await) },
        )
    }),
    ("It is empty then", |client, values| {
        Box::pin(async move {
            let query = Query::of(SHIPS).select(["_port_berthid_value"]).expand(berth());
            let row = client.retrieve_with(&query, id(values, "ship")).await;
            told::row(row, &["_port_berthid_value", "port_BerthId"])
        })
    }),
    ("A lookup is set by an update without the leading slash", |client, values| {
        let berth = format!("port_berths({})", values.get("berth"));
        Box::pin(update(client, values, json!({ "port_BerthId@odata.bind": berth })))
    }),
    ("Null unbinds", |client, values| {
        Box::pin(update(client, values, json!({ "port_BerthId@odata.bind": null })))
    }),
    ("So does null under the navigation property's own name", |client, values| {
        Box::pin(update(client, values, json!({ "port_BerthId": null })))
    }),
    ("What is not there cannot be pointed at", |client, values| {
        let nobody = "/port_berths(00000000-0000-0000-0000-00000000000a)";
        Box::pin(update(client, values, json!({ "port_BerthId@odata.bind": nobody })))
    }),
];
