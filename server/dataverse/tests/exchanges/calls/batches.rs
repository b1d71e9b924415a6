//! Batches, change sets and bulk actions.

use dataverse::{BatchOperation, BatchOptions, Client, Filter, Query};
use serde_json::{Value, json};

use super::{CallFn, NOBODY, fixed, id};
use crate::told;

const SHIPS: &str = "port_ships";
const TOO_LONG: &str = "123456789012345678901";

async fn batch(client: &Client, operations: Vec<BatchOperation>, continue_on_error: bool) -> String {
    told::outcomes(client.batch(operations, BatchOptions { continue_on_error }).await)
}

fn create(row: Value) -> BatchOperation {
    BatchOperation::create(SHIPS, row)
}

fn named(name: &str) -> BatchOperation {
    create(json!({ "port_name": name }))
}

fn names() -> BatchOperation {
    BatchOperation::query(&Query::of(SHIPS).select(["port_name"]).order_by("port_name"))
}

async fn upsert(client: &Client, rows: Vec<Value>) -> String {
    told::done(client.upsert_multiple(SHIPS, "port_ship", rows).await)
}

pub const CALLS: &[(&str, CallFn)] = &[
    ("Answers come in the order of the requests", |client, _| {
        let query = Query::of(SHIPS).select(["port_name"]).filter(Filter::eq("port_name", "Aurora"));
        Box::pin(batch(client, vec![named("Aurora"), BatchOperation::query(&query)], false))
    }),
    ("The first failure stops a batch", |client, _| {
        Box::pin(batch(client, vec![create(json!({ "port_call": TOO_LONG })), named("Borealis")], false))
    }),
    ("It is there", |client, values| {
        Box::pin(async move {
            told::row(client.retrieve(SHIPS, id(values, "kept"), &["port_name"]).await, &["port_name"])
        })
    }),
    ("Told to go on, a batch goes on", |client, values| {
        let kept = id(values, "kept");
        let operations = vec![
            create(json!({ "port_call": TOO_LONG })),
            BatchOperation::update(SHIPS, kept, json!({ "port_crew": 7 })),
            BatchOperation::delete(SHIPS, kept),
        ];
        Box::pin(batch(client, operations, true))
    }),
    ("A change set is answered by a change set", |client, _| {
        let set = BatchOperation::change_set(vec![named("Aurora"), named("Borealis")]);
        Box::pin(batch(client, vec![set, names()], false))
    }),
    ("One failure undoes the set", |client, _| {
        let set = vec![named("Celeste"), create(json!({ "port_call": TOO_LONG })), named("Dione")];
        Box::pin(batch(client, vec![BatchOperation::change_set(set), names()], true))
    }),
    ("A batch is throttled as a whole", |client, _| {
        Box::pin(async move {
            let said = batch(client, vec![BatchOperation::delete(SHIPS, NOBODY)], false).await;
            super::errors::with_pause(client, &said)
        })
    }),
    ("Rows are made, and their ids come in the same order", |client, _| {
        Box::pin(async move {
            let rows = vec![json!({ "port_name": "Aurora" }), json!({ "port_name": "Borealis" })];
            told::or_error(client.create_multiple(SHIPS, "port_ship", rows).await, |ids| {
                ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            })
        })
    }),
    ("Rows are changed, each by its primary key column", |client, values| {
        Box::pin(async move {
            let rows = vec![
                json!({ "port_shipid": values.get("aurora"), "port_crew": 5 }),
                json!({ "port_shipid": values.get("borealis"), "port_crew": 6 }),
            ];
            told::done(client.update_multiple(SHIPS, "port_ship", rows).await)
        })
    }),
    ("One bad row undoes all", |client, _| {
        Box::pin(async move {
            let rows = vec![json!({ "port_name": "Celeste" }), json!({ "port_call": TOO_LONG })];
            told::done(client.create_multiple(SHIPS, "port_ship", rows).await.map(drop))
        })
    }),
    ("Rows are made or changed by a key, and nobody is told which", |client, values| {
        let rows = vec![
            json!({ "@odata.id": "port_ships(port_call='DDDD')", "port_name": "Dione" }),
            json!({ "port_shipid": values.get("aurora"), "port_name": "Aurora II" }),
        ];
        Box::pin(upsert(client, rows))
    }),
    ("The key's values went into the new row", |client, _| {
        Box::pin(async move {
            let key = dataverse::RowKey::column("port_call", "DDDD");
            told::row(client.retrieve(SHIPS, key, &["port_name", "port_call"]).await, &["port_name"])
        })
    }),
    ("The key in address and body is an error while the row is new", |client, _| {
        Box::pin(upsert(
            client,
            vec![json!({ "@odata.id": "port_ships(port_call='EEEE')", "port_call": "EEEE" })],
        ))
    }),
    ("Once the row is there it goes through", |client, _| {
        let row = json!({ "@odata.id": "port_ships(port_call='DDDD')", "port_call": "DDDD", "port_crew": 9 });
        Box::pin(upsert(client, vec![row]))
    }),
    ("Rows that are not there are not changed", |client, _| {
        Box::pin(async move {
            let rows = vec![json!({ "port_shipid": NOBODY, "port_crew": 1 })];
            told::done(client.update_multiple(SHIPS, "port_ship", rows).await)
        })
    }),
    ("A deadlock passes by itself", |client, _| {
        Box::pin(async move {
            let rows = vec![json!({ "port_shipid": fixed(1), "port_crew": 1 })];
            told::done(client.update_multiple(SHIPS, "port_ship", rows).await)
        })
    }),
];
