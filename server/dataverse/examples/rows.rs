//! Measures how fast rows go into an organisation and come out again: one by one, in bulk, by pages, by changes.
//!
//! `cargo run --release -p dataverse --example rows ROWS` reads one line of JSON on standard input (`url`, `tokenUrl`,
//! `clientId`, `clientSecret`, as the emulator prints it), makes a table of its own there, and prints a line of JSON.
//! Never point it at an organisation that you want to keep.

use std::io;

use dataverse::{
    Client, ColumnDefinition, ColumnKind, Error, Filter, IndexStatus, KeyDefinition, Query, RowChange,
    Settings, TableDefinition, TimeBehaviour,
};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

const SET: &str = "bench_rows";
const TABLE: &str = "bench_row";
/// Rows in one bulk request, and requests under way at once.
const BULK: usize = 1000;
const LANES: usize = 4;
/// Rows that are made one by one, and looked up one by one.
const SINGLES: usize = 2000;
const PROBES: usize = 501;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Address {
    url: String,
    token_url: String,
    client_id: String,
    client_secret: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rows: usize = std::env::args().nth(1).unwrap_or_default().parse().map_err(|_| "say how many rows")?;
    let address: Address = serde_json::from_str(&io::read_to_string(io::stdin())?)?;
    let secret = address.client_secret.as_str();
    let client =
        Client::new(Settings::new(address.url, address.token_url, address.client_id.as_str(), secret))?;
    make_table(&client).await?;
    let singles = singles(&client).await?;
    let bulk = bulk(&client, rows).await?;
    let (pages, changes) = (pages(&client, rows + SINGLES).await?, changes(&client).await?);
    let found = found(&client, rows).await?;
    let figures = json!({
        "create": singles, "upsertMultiple": bulk, "pages": pages, "changes": changes, "indexedFilterMs": found,
    });
    println!("{figures}");
    Ok(())
}

/// Fourteen columns, as a campaign run has, and an alternate key.
async fn make_table(client: &Client) -> Result<(), Error> {
    let column = |name: &str, label: &str, kind| ColumnDefinition::new(name, label, kind);
    let text = |max_length| ColumnKind::Text { max_length };
    let mut table = TableDefinition::new(TABLE, "Row", "Rows", "bench_name").entity_set(SET).tracked();
    table.columns = vec![
        column("bench_campaign", "Campaign", text(64)),
        column("bench_run", "Run", text(64)),
        column("bench_phase", "Phase", text(16)),
        column("bench_cost", "Cost", ColumnKind::Decimal { precision: 5, min: 0.0, max: 99_999.0 }),
        column("bench_at", "At", ColumnKind::DateTime(TimeBehaviour::UserLocal)),
    ];
    let whole = || ColumnKind::Integer { min: 0, max: i32::MAX };
    table.columns.extend((0..8).map(|n| column(&format!("bench_n{n}"), "Number", whole())));
    let columns = vec!["bench_n0".to_owned()];
    table.keys =
        vec![KeyDefinition { schema_name: "bench_key".to_owned(), display_name: "Key".to_owned(), columns }];
    client.metadata().create_table(&table).await?;
    while client.metadata().table(TABLE).await?.is_some_and(|t| t.keys[0].status != IndexStatus::Active) {
        sleep(std::time::Duration::from_millis(100)).await;
    }
    Ok(())
}

fn row(number: usize) -> Value {
    let mut row = json!({
        "bench_name": format!("row {number}"), "bench_campaign": format!("campaign-{}", number % 500),
        "bench_run": format!("run-{number}"), "bench_phase": "2-3", "bench_cost": 0.12345,
        "bench_at": "2026-11-21T09:30:00Z", "bench_n0": number,
    });
    for n in 1..8 {
        row[format!("bench_n{n}")] = (number * n % 10_000).into();
    }
    row
}

fn id(number: usize) -> Uuid {
    Uuid::from_u128(0xbe4c_0000_0000 + number as u128)
}

/// Rows a second, each in a request of its own.
async fn singles(client: &Client) -> Result<f64, Error> {
    let from = Instant::now();
    let make = |n: usize| async move { client.create(SET, &row(1_000_000_000 + n)).await };
    stream::iter((0..SINGLES).map(make)).buffer_unordered(LANES).try_for_each(|_| async { Ok(()) }).await?;
    Ok(rate(SINGLES, from))
}

async fn bulk(client: &Client, rows: usize) -> Result<f64, Error> {
    let from = Instant::now();
    let send = |first: usize| async move {
        let named = (first..(first + BULK).min(rows)).map(|n| {
            let mut row = row(n);
            row["bench_rowid"] = id(n).to_string().into();
            row
        });
        client.upsert_multiple(SET, TABLE, named.collect()).await
    };
    let sent = stream::iter((0..rows).step_by(BULK).map(send)).buffer_unordered(LANES);
    sent.try_for_each(|()| async { Ok(()) }).await?;
    Ok(rate(rows, from))
}

async fn pages(client: &Client, expected: usize) -> Result<f64, Error> {
    let from = Instant::now();
    let query = Query::of(SET).page_size(5000);
    let read = client.query(query).rows().try_fold(0, |read, _| async move { Ok(read + 1) }).await?;
    assert_eq!(read, expected, "no row is lost or repeated");
    Ok(rate(read, from))
}

/// What has changed since a moment ago: a tenth of a second's worth of bulk writing.
async fn changes(client: &Client) -> Result<f64, Error> {
    let mut all = client.changes_from_start(SET, &["bench_n0"])?;
    while all.next_page().await?.is_some() {}
    let link = all.delta_link().cloned().ok_or_else(|| Error::Malformed("no delta link".to_owned()))?;
    bulk(client, 5 * BULK).await?;
    let from = Instant::now();
    let mut since = client.changes_since(&link)?;
    let mut read = 0;
    while let Some(page) = since.next_page().await? {
        read += page.iter().filter(|change| matches!(change, RowChange::Upserted(_))).count();
    }
    assert_eq!(read, 5 * BULK, "every change, and once");
    Ok(rate(read, from))
}

/// The median time of a filter on the alternate key's column, in milliseconds.
async fn found(client: &Client, rows: usize) -> Result<f64, Error> {
    let mut times = Vec::with_capacity(PROBES);
    for probe in 0..PROBES {
        let number = probe * 7919 % rows;
        let filter = Filter::eq("bench_n0", i64::try_from(number).unwrap_or_default());
        let from = Instant::now();
        let found = client.query(Query::of(SET).filter(filter)).all().await?;
        times.push(from.elapsed().as_secs_f64() * 1000.0);
        assert_eq!(found.len(), 1);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[PROBES / 2])
}

fn rate(rows: usize, from: Instant) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
    let rows = rows as f64;
    rows / from.elapsed().as_secs_f64()
}
