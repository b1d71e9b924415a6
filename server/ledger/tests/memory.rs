//! However heavy the records are, the ledger holds a few megabytes of them at once. Alone in its process, whose memory is
//! measured.

#[path = "suite/specimen.rs"]
mod specimen;

use std::{fs, sync::Arc};

use futures::{StreamExt as _, stream};
use ledger::{Ledger, LedgerError, ListAsk, StoreSettings};
use model::{
    clock::ManualClock,
    record::{self, KINDS, Kind, Kinds, Record},
    rng::Seeded,
    tenant::TenantId,
    time::{SECOND, Timestamp},
};
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use tokio::time::{Duration, sleep};

static KINDS_HERE: &[&Kind] = &[&specimen::KEYED];

const T: TenantId = TenantId::FIRST;
const RECORDS: usize = 2_000;
const SENDERS: usize = 200;
const PAYLOAD: usize = 64_000;
/// Megabytes that the intake may take: SQLite's cache of 64, what its senders hold, and what waits.
const INTAKE_BOUND: u64 = 120;
/// Megabytes that each way of reading may take. Read as a whole the records would be 128.
const READING_BOUND: u64 = 40;

fn heavy(name: usize, now: Timestamp) -> Record {
    let more = specimen::MORE;
    let text = "x".repeat(PAYLOAD);
    let json = format!(
        r#"{{"campaignId":"c","runId":"{name}","phase":"1","agentsTotal":5,"agentsSuccessful":4,{more}"payload":{{"t":"{text}"}}}}"#
    );
    record::parse(&specimen::KEYED, &json.replace(r#""payload":{"b":[1,2.50,null],"a":{"é":"𝄞"}},"#, ""), now)
        .unwrap()
}

/// Megabytes that the process holds.
struct Memory {
    now: u64,
    /// At the most since it was asked for last.
    peak: u64,
}

fn memory() -> Memory {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let megabytes = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1_024
    };
    fs::write("/proc/self/clear_refs", "5").unwrap();
    Memory { now: megabytes("VmRSS:"), peak: megabytes("VmHWM:") }
}

#[track_caller]
fn takes_little(what: &str, before: &Memory, bound: u64) -> Memory {
    let after = memory();
    let more = after.peak.saturating_sub(before.now);
    assert!(more < bound, "{what} took {more} MB for {RECORDS} records of {PAYLOAD} bytes");
    after
}

async fn store(ledger: &Ledger, name: usize, now: Timestamp) {
    let record = heavy(name, now);
    while let Err(error) = ledger.store(T, vec![record.clone()]).await {
        assert!(matches!(error, LedgerError::Busy { .. }), "{error}");
        sleep(Duration::from_millis(100)).await;
    }
}

async fn list_all(ledger: &Ledger) -> usize {
    let (mut cursor, mut listed) = (None, 0);
    loop {
        let ask = ListAsk { limit: 1_000, cursor, ..ListAsk::default() };
        let page = ledger.list(T, &specimen::KEYED, &ask).await.unwrap();
        listed += page.items.len();
        cursor = page.next;
        if cursor.is_none() {
            return listed;
        }
    }
}

async fn deliver_all(ledger: &Ledger, now: Timestamp) -> usize {
    let mut delivered = 0;
    loop {
        let parcels = ledger.lease(1_000, Duration::from_secs(60)).await.unwrap();
        if parcels.is_empty() {
            return delivered;
        }
        delivered += parcels.len();
        ledger.delivered(&parcels, now).await.unwrap();
    }
}

async fn confirm_all(ledger: &Ledger, until: Timestamp) -> u64 {
    let mut confirmed = 0;
    loop {
        let page = ledger.unconfirmed(until, None, 4_000).await.unwrap();
        if page.is_empty() {
            return confirmed;
        }
        confirmed += ledger.confirmed(&page).await.unwrap();
    }
}

#[tokio::test]
async fn heavy_records_take_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp::parse("2026-11-21T12:00:00Z").unwrap()));
    let now = Timestamp::parse("2026-11-21T12:00:00Z").unwrap();
    let settings = || StoreSettings::Folder(folder.path().to_owned());
    Ledger::open(KINDS, settings(), clock.clone(), Seeded::new(1)).await.unwrap().close().await;
    let file = SqliteConnectOptions::new().filename(folder.path().join("ledger.sqlite"));
    let mut connection = file.connect().await.unwrap();
    sqlx::raw_sql(include_str!("data/specimen/sqlite.sql")).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let kinds = Kinds::new(KINDS_HERE);
    let ledger = Ledger::open(kinds, settings(), clock.clone(), Seeded::new(1)).await.unwrap();

    let before = memory();
    stream::iter(0..RECORDS).for_each_concurrent(SENDERS, |name| store(&ledger, name, now)).await;
    let before = takes_little("taking in", &before, INTAKE_BOUND);
    assert_eq!(list_all(&ledger).await, RECORDS);
    let before = takes_little("listing", &before, READING_BOUND);
    assert_eq!(deliver_all(&ledger, now).await, RECORDS);
    let before = takes_little("delivering", &before, READING_BOUND);
    clock.advance_micros(SECOND);
    assert_eq!(confirm_all(&ledger, now.plus(SECOND)).await, RECORDS as u64);
    takes_little("reading back", &before, READING_BOUND);
    ledger.close().await;
}
