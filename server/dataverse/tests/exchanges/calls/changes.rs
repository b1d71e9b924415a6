//! Change tracking.

use dataverse::{Changes, Client, DeltaLink, Error, RowChange};

use super::CallFn;
use crate::read::Values;
use crate::told;

async fn told_of(changes: Result<Changes, Error>) -> String {
    let mut changes = changes.unwrap();
    let (mut upserted, mut deleted, mut pages) = (0, 0, 0);
    loop {
        match changes.next_page().await {
            Ok(Some(page)) => {
                pages += 1;
                for change in page {
                    match change {
                        RowChange::Upserted(_) => upserted += 1,
                        RowChange::Deleted(_) => deleted += 1,
                    }
                }
            }
            Ok(None) => break,
            Err(error) => return told::error(&error),
        }
    }
    let link = changes.delta_link().map(DeltaLink::as_str).unwrap_or_default();
    format!("{upserted} upserted, {deleted} deleted in {pages} page, to go on from {link}")
}

async fn since(client: &Client, link: String) -> String {
    told_of(client.changes_since(&DeltaLink::from(link))).await
}

fn newer(values: &Values) -> String {
    values.get("newer").to_owned()
}

pub const CALLS: &[(&str, CallFn)] = &[
    ("A table is read whole, and a link says where to go on", |client, _| {
        Box::pin(told_of(client.changes_from_start("port_ships", &["port_name", "port_crew"])))
    }),
    ("The link brings what has changed, and what is gone", |client, values| {
        let (base, stamp) = (values.get("base"), values.get("stamp"));
        Box::pin(since(client, format!("{base}port_ships?$select=port_name,port_crew&$deltatoken={stamp}")))
    }),
    ("Nothing has changed", |client, values| Box::pin(since(client, newer(values)))),
    ("After seven days a link holds no longer", |client, values| Box::pin(since(client, newer(values)))),
];
