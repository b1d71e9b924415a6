//! Measures durable intake: single records over 64 connections, then batches, beside a bare loop of write and flush.
//!
//! `cargo run --release -p ledger --example intake [FOLDER | postgres://…]`: a database is measured in the schema
//! `studio_measured`, which stays there.

use std::{
    fs::File,
    io::Write,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::StreamExt;
use ledger::{Database, Ledger, StoreSettings};
use model::{
    calendar::{Compare, Zone, window},
    clock::Clock,
    history::RunFilter,
    range::Range,
    record::{self, KINDS, Record, campaign_run::CAMPAIGN_RUN},
    rng::Seeded,
    tenant::TenantId,
    time::{DAY, Timestamp},
};
use tokio::time::Instant;

struct Machine;

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(0))
    }
}

const T: TenantId = TenantId::FIRST;

#[tokio::main]
async fn main() {
    let given = std::env::args().nth(1);
    let folder = std::env::temp_dir().join("intake");
    let (folder, settings) = match given {
        Some(address) if address.starts_with("postgres") => {
            let database =
                Database::parse(&address).and_then(|database| database.in_schema("studio_measured"));
            (folder, StoreSettings::Database(database.expect("is an address")))
        }
        given => {
            let folder = given.map_or(folder, PathBuf::from);
            (folder.clone(), StoreSettings::Folder(folder))
        }
    };
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("creates");
    let ledger = Ledger::open(KINDS, settings, Arc::new(Machine), Seeded::new(1)).await.expect("opens");
    bare(&folder);
    let spent = cpu_seconds();
    singles(&ledger, 64, Duration::from_secs(5)).await;
    println!("  processor time: {:.2} s", cpu_seconds() - spent);
    let spent = cpu_seconds();
    batches(&ledger, 1_000, 200).await;
    println!("  processor time, all of it: {:.2} s", cpu_seconds() - spent);
    history(&ledger).await;
    delivery_counts(&ledger).await;
    ledger.close().await;
    let _ = std::fs::remove_dir_all(&folder);
}

/// What the machine can do at best: write a page, flush it.
fn bare(folder: &std::path::Path) {
    let mut file = File::create(folder.join("bare")).expect("creates");
    let start = Instant::now();
    let mut flushes = 0;
    while start.elapsed() < Duration::from_secs(1) {
        file.write_all(&[7; 4096]).expect("writes");
        file.sync_data().expect("flushes");
        flushes += 1;
    }
    println!("bare loop of write and flush: {flushes} a second");
}

async fn singles(ledger: &Ledger, connections: usize, time: Duration) {
    let next = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let (ledger, next) = (ledger.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                let mut waits = Vec::new();
                while start.elapsed() < time {
                    let record = record("single", next.fetch_add(1, Ordering::Relaxed));
                    let asked = Instant::now();
                    ledger.store(T, vec![record]).await.expect("stores");
                    waits.push(asked.elapsed());
                }
                waits
            })
        })
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await.expect("ends"));
    }
    waits.sort_unstable();
    let rate = f64::from(u32::try_from(waits.len()).unwrap_or(0)) / start.elapsed().as_secs_f64();
    let (p50, p99) = (waits[waits.len() / 2], waits[waits.len() * 99 / 100]);
    println!("singles, {connections} connections: {rate:.0} a second, P50 {p50:.1?}, P99 {p99:.1?}");
}

async fn batches(ledger: &Ledger, size: usize, count: usize) {
    let prepared: Vec<Vec<Record>> =
        (0..count).map(|batch| (0..size).map(|at| record("batch", batch * size + at)).collect()).collect();
    let start = Instant::now();
    let mut waiting = futures::stream::FuturesUnordered::new();
    for records in prepared {
        use futures::StreamExt;
        waiting.push(ledger.store(T, records));
        if waiting.len() >= 8 {
            waiting.next().await.expect("one waits").expect("stores");
        }
    }
    while waiting.next().await.is_some() {}
    let seconds = start.elapsed().as_secs_f64();
    let records = f64::from(u32::try_from(size * count).unwrap_or(0));
    println!("batches of {size}, 8 at a time: {:.0} records a second", records / seconds);
}

async fn history(ledger: &Ledger) {
    for (range, campaign) in [
        (Range::Live, None),
        (Range::Days30, None),
        (Range::Days90, None),
        (Range::Days90, Some("c3".to_owned())),
    ] {
        let window = window(range, &Zone::utc(), Machine.now(), Compare::Previous);
        let filter = RunFilter { campaign, phase: None };
        let mut best = Duration::MAX;
        let mut rows = (0, 0);
        for _ in 0..5 {
            let start = Instant::now();
            let history = ledger.history(T, &window, &filter).await.expect("answers");
            best = best.min(start.elapsed());
            rows = (history.figures.sums.runs, history.previous.sums.runs);
        }
        println!("history {} {:?}: {} + {} runs in {best:.1?}", range.key(), filter.campaign, rows.0, rows.1);
    }
}

async fn delivery_counts(ledger: &Ledger) {
    for _ in 0..2 {
        let start = Instant::now();
        let counts = ledger.delivery_counts(T).await.expect("answers");
        println!("counted: {} durable in {:.1?}", counts.balance[0].durable, start.elapsed());
        assert_eq!(counts.balance[0].unaccounted(), 0);
    }
}

/// What this process has used of the processors, all threads together: what a busy machine cannot blur.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.split(' ').skip(13).take(2).filter_map(|number| number.parse::<u32>().ok());
    f64::from(ticks.sum::<u32>()) / 100.0
}

/// Spread over 180 days, as history is.
fn record(prefix: &str, number: usize) -> Record {
    let at = Machine.now().plus(-(i64::try_from(number).unwrap_or(0) % 180_000) * (DAY / 1_000));
    let json = format!(
        r#"{{"campaignId":"c{}","runId":"{prefix}-{number}","phase":"{}","agentsTotal":5,"agentsSuccessful":4,
        "tokensIn":12345,"tokensOut":2345,"costUSD":0.31415,"latencyP95Ms":{},"latencyAvgMs":800,"createdAt":"{at}"}}"#,
        number % 11,
        number % 4,
        900 + number % 2_000,
    );
    record::parse(&CAMPAIGN_RUN, &json, Machine.now()).expect("is a record")
}
