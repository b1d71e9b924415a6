//! Rows by their alternate keys; elastic rows, which are known by id and partition.

use dataverse::{Client, RowKey};
use serde_json::{Value, json};

use super::{CallFn, fixed};
use crate::told;

const SHIPS: &str = "port_ships";

fn trip() -> RowKey {
    RowKey::column("port_line", 2).and("port_trip", 2)
}

fn called(name: &str) -> RowKey {
    RowKey::column("port_call", name)
}

async fn upsert(client: &Client, key: RowKey, row: Value) -> String {
    told::done(client.upsert_by_key(SHIPS, &key, &row).await)
}

async fn read(client: &Client, set: &str, key: RowKey, columns: &[&str], shown: &[&str]) -> String {
    told::row(client.retrieve(set, key, columns).await, shown)
}

pub const CALLS: &[(&str, CallFn)] = &[
    ("A row is made under two columns of a key", |client, _| {
        Box::pin(upsert(client, trip(), json!({ "port_name": "Line 2, trip 2" })))
    }),
    ("It is changed under them, and nothing tells the two apart", |client, _| {
        Box::pin(upsert(client, trip(), json!({ "port_name": "Line 2, trip 2, changed" })))
    }),
    ("The key's values went into the row", |client, _| {
        let columns = &["port_name", "port_line", "port_trip"];
        Box::pin(read(client, SHIPS, trip(), columns, &["port_name", "port_line"]))
    }),
    ("Quotes in a value are doubled", |client, _| {
        Box::pin(upsert(client, called("O'Neil"), json!({ "port_name": "Grace" })))
    }),
    ("A row is read by a key of text", |client, _| {
        Box::pin(read(client, SHIPS, called("O'Neil"), &["port_name"], &["port_name"]))
    }),
    ("A value that is taken is refused with 412", |client, _| {
        Box::pin(async move {
            let row = json!({ "port_name": "Impostor", "port_call": "O'Neil" });
            told::made(client.create(SHIPS, &row).await)
        })
    }),
    ("No row has these values", |client, _| {
        Box::pin(read(client, SHIPS, called("nobody"), &["port_name"], &[]))
    }),
    ("It is not changed either", |client, _| {
        Box::pin(async move {
            told::done(client.update(SHIPS, called("nobody"), &json!({ "port_crew": 1 })).await)
        })
    }),
    ("Columns that are no key do not address", |client, _| {
        Box::pin(read(client, SHIPS, RowKey::column("port_crew", 5), &["port_name"], &[]))
    }),
    ("A key that is not active does not address", |client, _| {
        Box::pin(read(client, "port_cranes", RowKey::column("port_maker", "Any"), &["port_name"], &[]))
    }),
    ("A row is made in its partition", |client, _| {
        Box::pin(async move {
            let row = json!({ "port_depth": 40, "partitionid": "buoy-1", "ttlinseconds": 86_400 });
            told::made(client.create("port_soundings", &row).await)
        })
    }),
    ("It is changed by id and partition", |client, _| {
        Box::pin(async move {
            let key = RowKey::column("port_soundingid", fixed(1)).and("partitionid", "buoy-1");
            told::done(client.update("port_soundings", key, &json!({ "port_depth": 60 })).await)
        })
    }),
];
