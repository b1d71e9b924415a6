//! How long a question about 90 days takes, of few runs and of many, first and again, and while others write; beside DuckDB and a
//! plain SQL query over the same rows.

use std::{
    fs,
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{
    BenchReport, Figure,
    load::{self, HttpConnection},
    median,
    postgres::PostgresServer,
};
use crate::{
    serve::Server,
    setup,
    shell::{now, read, run},
    workspace::Workspace,
};

const SIZES: [u64; 3] = [10_000, 100_000, 1_000_000];
const LARGE: u64 = 10_000_000;
const BATCH: u64 = 1_000;
const SENDERS: u64 = 4;
/// Their days begin at other moments of UTC, so that no answer serves for two of them.
const ZONES: [&str; 5] = ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/Lima", "Asia/Tokyo"];
const AGAIN: usize = 3;
const BAR_MS: f64 = 10.0;
const PAGE_BAR_MS: f64 = 40.0;
const REQUIREMENTS: &str = "xtask/src/bench/history/requirements.txt";
const OTHERS: &str = "xtask/src/bench/history/others.py";

/// What is asked, beside the range and the zone.
const QUESTIONS: [(&str, &str); 6] = [
    ("all", ""),
    ("one campaign", "&campaign=c-7"),
    ("one phase", "&phase=2"),
    ("campaign and phase", "&campaign=c-7&phase=3"),
    ("by campaign", "&by=campaign"),
    ("why", "&why=cost"),
];

pub fn measure(workspace: &Workspace, binary: &Path) -> Result<BenchReport> {
    let figures = of_sizes(|runs| of_size(workspace, binary, runs, None))?;
    Ok(BenchReport { method: method("DuckDB and SQLite answer", "from memory and from the file"), figures })
}

/// With a database for each size.
pub fn measure_on_postgres(workspace: &Workspace, binary: &Path) -> Result<BenchReport> {
    let figures = of_sizes(|runs| {
        let postgres = PostgresServer::start(workspace)?;
        of_size(workspace, binary, runs, Some(&postgres.address))
    })?;
    let method = method("DuckDB answers", "from memory");
    Ok(BenchReport { method: format!("{method}; PostgreSQL as it comes, on the same cores"), figures })
}

fn of_sizes(measure: impl Fn(u64) -> Result<Vec<Figure>>) -> Result<Vec<Figure>> {
    let large = std::env::args().any(|word| word == super::LARGE).then_some(LARGE);
    let figures: Vec<_> = SIZES.into_iter().chain(large).map(measure).collect::<Result<_>>()?;
    Ok(figures.into_iter().flatten().collect())
}

fn method(others: &str, whence: &str) -> String {
    format!(
        "90 days of runs spread evenly over them, relay at rest; medians over {} zones, asked for the first time and {AGAIN} times \
         again; {others} in their own process, {whence}, one zone, 9 rounds",
        ZONES.len()
    )
}

/// `database` is that of a PostgreSQL, where the ledger is no file.
fn of_size(workspace: &Workspace, binary: &Path, runs: u64, database: Option<&str>) -> Result<Vec<Figure>> {
    let data = workspace.target.join("bench-history-data");
    _ = fs::remove_dir_all(&data);
    fs::create_dir_all(&data)?;
    let mut resting = vec![("STUDIO_DEMO", "off"), ("USE_DATAVERSE", "false"), ("STUDIO_LOG", "error")];
    resting.extend(database.map(|address| ("DATABASE_URL", address)));
    let mut server = Server::start_with(binary, &data, &resting)?;
    fill(&server.address, runs)?;
    // What was written lately is not at hand any more.
    drop(server);
    server = Server::start_with(binary, &data, &resting)?;
    let mut figures = vec![figure(runs, "start", server.start.as_secs_f64() * 1_000.0, Some(500.0))];
    let mut connection = HttpConnection::to(&server.address)?;
    for (what, query) in QUESTIONS {
        let [first, again] = ask(&mut connection, query)?;
        figures.push(figure(runs, &format!("{what}, first"), first, Some(BAR_MS)));
        figures.push(figure(runs, &format!("{what}, again"), again, Some(BAR_MS)));
    }
    figures.push(figure(runs, "page", page(&mut connection)?, Some(PAGE_BAR_MS)));
    let beside = while_others_write(&server.address, || Ok(ask(&mut connection, "")?[0]))?;
    figures.push(figure(runs, "all, while others write", beside, None));
    drop((connection, server));
    figures.extend(others(workspace, binary, &data, database, runs)?);
    fs::remove_dir_all(&data)?;
    Ok(figures)
}

fn figure(runs: u64, what: &str, value: f64, bar: Option<f64>) -> Figure {
    Figure::at_most(format!("{runs} runs: {what}"), value, "ms", bar)
}

fn fill(address: &str, runs: u64) -> Result<()> {
    let batches = runs / BATCH;
    thread::scope(|scope| {
        let sender = |first: u64| -> Result<()> {
            let mut connection = HttpConnection::to(address)?;
            let mut at = first;
            while at < batches {
                connection.send(&load::batch(at, BATCH, load::past_run))?;
                at += SENDERS;
            }
            Ok(())
        };
        let senders: Vec<_> = (0..SENDERS).map(|first| scope.spawn(move || sender(first))).collect();
        senders.into_iter().try_for_each(|sender| sender.join().expect("a sender does not panic"))
    })
}

/// The median of what each zone took at first, and again.
fn ask(connection: &mut HttpConnection, query: &str) -> Result<[f64; 2]> {
    let (mut first, mut again) = (Vec::new(), Vec::new());
    for zone in ZONES {
        for round in 0..=AGAIN {
            let start = now();
            let path = format!("/api/metrics/history?range=90d&tz={zone}{query}");
            let (_, answer) = connection.ask("GET", &path, "application/json", "")?;
            let took = start.elapsed().as_secs_f64() * 1_000.0;
            // Reading it is the asker's business, which is not optimised here.
            let answer: Value = serde_json::from_str(&answer)?;
            answer["figures"]["assets"]["runs"].as_u64().filter(|runs| *runs > 0).context("no runs")?;
            if round == 0 { &mut first } else { &mut again }.push(took);
        }
    }
    Ok([median(first), median(again)])
}

fn page(connection: &mut HttpConnection) -> Result<f64> {
    let mut took = Vec::new();
    for zone in ZONES {
        let start = now();
        let (status, _) = connection.ask("GET", &format!("/?range=90d&tz={zone}"), "text/html", "")?;
        took.push(start.elapsed().as_secs_f64() * 1_000.0);
        anyhow::ensure!(status == 200, "the page answered {status}");
    }
    Ok(median(took))
}

/// One neighbour that sends a record whenever the last one was taken.
fn while_others_write<T>(address: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let neighbour = scope.spawn(|| -> Result<()> {
            let mut connection = HttpConnection::to(address)?;
            let mut number = 3_000_000_000;
            while !over.load(Relaxed) {
                connection.send(&load::run(number))?;
                number += 1;
            }
            Ok(())
        });
        thread::sleep(Duration::from_millis(300));
        let worked = work();
        over.store(true, Relaxed);
        neighbour.join().expect("a sender does not panic")?;
        worked
    })
}

fn others(
    workspace: &Workspace,
    binary: &Path,
    data: &Path,
    database: Option<&str>,
    runs: u64,
) -> Result<Vec<Figure>> {
    let about = "DuckDB, which history is held against: 21 MB, about 10 s";
    let requirements = workspace.root.join(REQUIREMENTS);
    let python = setup::python_environment(workspace, "bench-python", &requirements, about)?;
    let csv = data.join("runs.csv");
    let mut export = Command::new(binary);
    export.args(["export".as_ref(), csv.as_os_str()]).env("STUDIO_DATA", data).env("USE_DATAVERSE", "false");
    run(export.envs(database.map(|address| ("DATABASE_URL", address))))?;
    let mut ask = Command::new(python);
    ask.arg(workspace.root.join(OTHERS)).arg(&csv);
    let file = database.is_none().then(|| data.join("ledger.sqlite"));
    let told: Value = serde_json::from_str(&read(ask.args(&file))?)?;
    let plain = file.map(|_| ("plain SQL", "sqlite"));
    let mut figures = Vec::new();
    for (name, key) in [("DuckDB", "duckdb")].into_iter().chain(plain) {
        for (what, question) in [("all", "all"), ("one campaign", "campaign"), ("by campaign", "by")] {
            let took = told[key][question].as_f64().with_context(|| format!("{key} told no {question}"))?;
            figures.push(figure(runs, &format!("{what}, {name}"), took, None));
        }
    }
    Ok(figures)
}
