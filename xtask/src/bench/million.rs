//! A ledger with a million runs: how long a start takes, what the server holds in memory, and how long history takes.

use std::{fs, path::Path, thread, time::Duration};

use anyhow::Result;

use super::{
    BenchReport, Figure,
    load::{self, HttpConnection},
    median, raw_limits,
};
use crate::{serve::Server, shell::now, workspace::Workspace};

const RECORDS: u64 = 1_000_000;
const BATCH: u64 = 1_000;
const STARTS: usize = 5;
const PAGES: usize = 9;

pub fn measure(workspace: &Workspace, binary: &Path) -> Result<BenchReport> {
    let data = workspace.target.join("bench-million-data");
    _ = fs::remove_dir_all(&data);
    let resting = [("STUDIO_DEMO", "off"), ("USE_DATAVERSE", "false"), ("STUDIO_LOG", "error")];
    let server = Server::start_with(binary, &data, &resting)?;
    let mut connection = HttpConnection::to(&server.address)?;
    let filling = now();
    for number in 0..RECORDS / BATCH {
        connection.send(&load::batch(number, BATCH, load::past_run))?;
    }
    let filled = RECORDS as f64 / filling.elapsed().as_secs_f64();
    let after = server.memory()? as f64 / 1e6;
    drop((connection, server));

    let mut starts = Vec::new();
    for _ in 0..STARTS {
        starts.push(Server::start_with(binary, &data, &resting)?.start.as_secs_f64() * 1000.0);
    }
    let server = Server::start_with(binary, &data, &resting)?;
    thread::sleep(Duration::from_secs(3));
    let idle = server.memory()? as f64 / 1e6;
    let mut connection = HttpConnection::to(&server.address)?;
    let mut history = |query: &str| -> Result<f64> {
        let mut took = Vec::new();
        for at in 0..PAGES {
            // Each another zone's days, so that nothing is answered from memory.
            let zone = ["UTC", "Asia/Tokyo", "Europe/Berlin", "America/Lima", "Asia/Kolkata"][at % 5];
            let start = now();
            connection.json(&format!("/api/metrics/history?range=90d&phase={}&tz={zone}{query}", at % 4))?;
            took.push(start.elapsed().as_secs_f64() * 1000.0);
        }
        Ok(median(took))
    };
    let (all, one) = (history("")?, history("&campaign=c-7")?);
    let viewed = server.memory()? as f64 / 1e6;
    let start = now();
    let balance = connection.json("/api/pipeline")?;
    let first_balance = start.elapsed().as_secs_f64() * 1000.0;
    let unaccounted = balance["unaccounted"].as_f64().unwrap_or(f64::NAN);
    drop(server);
    let [bare, bare_batches] = raw_limits::figures(&data)?;
    fs::remove_dir_all(&data)?;
    Ok(BenchReport {
        method: format!(
            "{RECORDS} runs over 90 days, taken in by one connection, {BATCH} a request, relay at rest; medians of {STARTS} starts \
             and of {PAGES} questions that were not asked before; memory is VmRSS"
        ),
        figures: vec![
            Figure::at_most("taken in", filled, "records/s", None),
            Figure::at_most("memory after that", after, "MB", Some(200.0)),
            Figure::at_most("ready", median(starts), "ms", Some(500.0)),
            Figure::at_most("memory idle after a start", idle, "MB", Some(60.0)),
            Figure::at_most("history of 90 days", all, "ms", Some(10.0)),
            Figure::at_most("history of 90 days, one campaign", one, "ms", Some(10.0)),
            Figure::at_most("memory after these", viewed, "MB", Some(200.0)),
            Figure::at_most("first balance", first_balance, "ms", None),
            Figure::at_most("unaccounted", unaccounted, "", Some(0.0)),
            bare,
            bare_batches,
        ],
    })
}
