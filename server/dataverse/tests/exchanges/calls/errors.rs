//! Refusals and limits.

use dataverse::{Client, Query};
use serde_json::json;
use uuid::Uuid;

use super::{CallFn, NOBODY, fixed};
use crate::told;

async fn who(client: &Client) -> String {
    let said = told::done(client.who_am_i().await.map(drop));
    with_pause(client, &said)
}

/// Who shares the client waits as well.
pub fn with_pause(client: &Client, said: &str) -> String {
    let pause = client.held_back_for().map_or(0, |pause| pause.as_secs());
    format!("{said}; everybody held back for {pause} s")
}

async fn read(client: &Client, id: Uuid) -> String {
    told::row(client.retrieve("port_ships", id, &["port_name"]).await, &[])
}

pub const CALLS: &[(&str, CallFn)] = &[
    ("An error has a code and a message", |client, _| Box::pin(read(client, NOBODY))),
    ("There is no such set", |client, _| {
        Box::pin(told::pages(client.query(Query::of("Port_Ships").select(["port_name"])), &[]))
    }),
    ("A property that is not there, in a body", |client, _| {
        Box::pin(async move {
            let row = json!({ "port_name": "Aurora", "port_nme": "Borealis" });
            told::made(client.create("port_ships", &row).await)
        })
    }),
    ("A gateway's own shape", |client, _| Box::pin(read(client, fixed(1)))),
    ("Definitions are locked", |client, _| {
        Box::pin(async move { told::done(client.metadata().publish("port_ship").await) })
    }),
    ("The service is not available", |client, _| {
        Box::pin(async move { told::done(client.who_am_i().await.map(drop)) })
    }),
    ("One too many", |client, _| Box::pin(who(client))),
    ("The time that requests take is limited too", |client, _| Box::pin(who(client))),
    ("And so are requests at the same time", |client, _| Box::pin(who(client))),
    ("A server that is away may say when it is back", |client, _| Box::pin(who(client))),
];
