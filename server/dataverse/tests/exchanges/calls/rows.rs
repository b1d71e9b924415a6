//! Single rows: made, read, changed, deleted, with conditions and with values of every kind.

use dataverse::{Client, Freshness, Query};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{CallFn, NOBODY, fixed, id};
use crate::read::Values;
use crate::told;

const SHIPS: &str = "port_ships";

async fn read(client: &Client, id: Uuid, columns: &[&str]) -> String {
    told::row(client.retrieve(SHIPS, id, columns).await, columns)
}

async fn update(client: &Client, id: Uuid, row: Value) -> String {
    told::done(client.update(SHIPS, id, &row).await)
}

async fn freshness(client: &Client, values: &Values, etag: &str) -> String {
    let query = Query::of(SHIPS).select(["port_name"]);
    told::or_error(client.retrieve_if_changed(&query, id(values, "ship"), etag).await, |fresh| match fresh {
        Freshness::Unchanged => "Unchanged".to_owned(),
        Freshness::Changed(row) => format!("Changed {}", told::shown(&row, &["port_name"])),
        Freshness::Gone => "Gone".to_owned(),
    })
}

pub const CALLS: &[(&str, CallFn)] = &[
    ("A row is made, and its address comes back", |client, _| {
        Box::pin(async move {
            let row = json!({ "port_name": "Aurora", "port_crew": 24, "port_insured": true });
            told::made(client.create(SHIPS, &row).await)
        })
    }),
    ("A row is read with some of its columns", |client, values| {
        Box::pin(read(client, id(values, "ship"), &["port_name", "port_crew", "port_note"]))
    }),
    ("Columns are changed, and only those that are sent", |client, values| {
        Box::pin(update(client, id(values, "ship"), json!({ "port_crew": 25, "port_note": "refitted" })))
    }),
    ("What was not sent is as it was", |client, values| {
        Box::pin(read(client, id(values, "ship"), &["port_name", "port_crew", "port_note"]))
    }),
    ("A row is deleted", |client, values| {
        Box::pin(async move { told::done(client.delete(SHIPS, id(values, "ship")).await) })
    }),
    ("A row that is gone is not deleted", |client, values| {
        Box::pin(async move { told::done(client.delete(SHIPS, id(values, "ship")).await) })
    }),
    ("A row that is gone is not read", |client, values| {
        Box::pin(read(client, id(values, "ship"), &["port_name"]))
    }),
    ("A row to set conditions on", |client, _| Box::pin(read(client, fixed(0xaa), &["port_name"]))),
    ("A row that has changed is sent", |client, values| Box::pin(freshness(client, values, "W/\"1\""))),
    ("A row that is still the same is not sent again", |client, values| {
        Box::pin(freshness(client, values, values.get("tag")))
    }),
    ("A row that is not there is not changed", |client, _| {
        Box::pin(update(client, NOBODY, json!({ "port_crew": 1 })))
    }),
    ("Without the condition the same makes the row", |client, values| {
        Box::pin(async move {
            told::done(client.upsert(SHIPS, id(values, "made"), &json!({ "port_name": "Dione" })).await)
        })
    }),
    ("A row that is there is not made again", |client, values| {
        Box::pin(async move {
            let row = json!({ "port_name": "Dione again" });
            told::done(client.create_only(SHIPS, id(values, "made"), &row).await)
        })
    }),
    ("Nor by a plain create under its id", |client, values| {
        Box::pin(async move {
            let row = json!({ "port_shipid": values.get("made"), "port_name": "Dione once more" });
            told::made(client.create(SHIPS, &row).await)
        })
    }),
    ("A row that is what was read changes", |client, values| {
        Box::pin(async move {
            let row = json!({ "port_crew": 2 });
            told::done(client.update_if_match(SHIPS, id(values, "ship"), values.get("tag"), &row).await)
        })
    }),
    ("A row changes only while it is what was read", |client, values| {
        Box::pin(async move {
            let row = json!({ "port_crew": 3 });
            told::done(client.update_if_match(SHIPS, id(values, "ship"), values.get("tag"), &row).await)
        })
    }),
    ("It is deleted only while it is what was read", |client, values| {
        Box::pin(async move {
            told::done(client.delete_if_match(SHIPS, id(values, "ship"), values.get("tag")).await)
        })
    }),
    ("Every kind comes back as the server writes it", |client, values| {
        Box::pin(async move {
            let row = json!({
                "port_name": "Aurora", "port_crew": 24, "port_seen": 9_007_199_254_740_993_i64, "port_draught": 7.5,
                "port_dues": 1200, "port_insured": true, "port_arrival": "2026-03-01T12:34:56Z",
                "port_built": "1999-12-31", "port_kind": 727_000_001, "port_cargo": "727000002,727000000",
            });
            told::done(client.upsert(SHIPS, id(values, "ship"), &row).await)
        })
    }),
    ("Read back", |client, values| {
        Box::pin(async move {
            let columns = [
                "port_crew",
                "port_seen",
                "port_draught",
                "port_dues",
                "port_insured",
                "port_arrival",
                "port_built",
                "port_kind",
                "port_cargo",
                "_port_berthid_value",
                "statecode",
                "statuscode",
            ];
            let row = client.retrieve(SHIPS, id(values, "ship"), &columns).await;
            told::row(row, &["port_seen", "port_kind", "port_arrival"])
        })
    }),
    ("A currency comes with every amount of money", |client, values| {
        Box::pin(read(client, id(values, "ship"), &["port_dues"]))
    }),
    ("A time without an offset is one in UTC", |client, values| {
        Box::pin(update(client, id(values, "ship"), json!({ "port_arrival": "2026-03-03T08:00:00" })))
    }),
    ("It has one when it comes back", |client, values| {
        Box::pin(read(client, id(values, "ship"), &["port_arrival"]))
    }),
    ("Columns that are the server's own are passed over", |client, values| {
        let row = json!({ "port_crew": 30, "modifiedon": "2001-01-01T00:00:00Z" });
        Box::pin(update(client, id(values, "ship"), row))
    }),
    ("Text that is too long is refused", |client, values| {
        Box::pin(update(client, id(values, "ship"), json!({ "port_call": "123456789012345678901" })))
    }),
    ("A number beyond the column's range is refused", |client, values| {
        Box::pin(update(client, id(values, "ship"), json!({ "port_crew": 5001 })))
    }),
    ("A value of the wrong kind is refused", |client, values| {
        Box::pin(update(client, id(values, "ship"), json!({ "port_crew": "many" })))
    }),
];
