//! How many records a second are taken in, each on disk before its answer; beside the machine's own limit.

use std::{env, fs, path::Path, time::Duration};

use anyhow::Result;

use super::{
    BenchReport, Figure,
    load::{self, Load},
    raw_limits,
};
use crate::{serve::Server, workspace::Workspace};

const TIME: Duration = Duration::from_secs(8);
const CONNECTIONS: usize = 64;
const BATCH: u64 = 1_000;
const BATCHERS: usize = 8;

pub fn measure(_: &Workspace, binary: &Path) -> Result<BenchReport> {
    let data = env::temp_dir().join("studio-bench-intake");
    _ = fs::remove_dir_all(&data);
    let resting = [("STUDIO_DEMO", "off"), ("USE_DATAVERSE", "false"), ("STUDIO_LOG", "error")];
    let server = Server::start_with(binary, &data, &resting)?;
    let alone = load::send(&server.address, 1, TIME / 4, |number| load::run(number + 2_000_000_000))?;
    let single = load::send(&server.address, CONNECTIONS, TIME, load::run)?;
    let batches = |first: u64, run: fn(u64) -> String| {
        load::send(&server.address, BATCHERS, TIME, |number| load::batch(first + number, BATCH, run))
    };
    let batched = batches(1_000_000, load::run)?;
    let past = batches(1_500_000, load::past_run)?;
    let memory = server.memory()? as f64 / 1e6;
    drop(server);
    let [bare, bare_batches] = raw_limits::figures(&data)?;
    fs::remove_dir_all(&data)?;
    let rate = |load: &Load| load.requests / load.seconds;
    Ok(BenchReport {
        method: format!(
            "{} s each over loopback, sender and server share the cores, relay at rest, new records only; the bare loop appends \
             the same bytes to a file and flushes it (fdatasync) before the next",
            TIME.as_secs()
        ),
        figures: vec![
            Figure::at_most("one connection: median at the sender", alone.median_ms, "ms", Some(5.0)),
            Figure::at_least("one record a request, 64 connections", rate(&single), "records/s", 10_000.0),
            Figure::at_most("of them: median at the sender", single.median_ms, "ms", None),
            Figure::at_least(
                "1,000 records a request, 8 connections",
                rate(&batched) * BATCH as f64,
                "records/s",
                50_000.0,
            ),
            Figure::at_most(
                "the same, of runs out of ninety days",
                rate(&past) * BATCH as f64,
                "records/s",
                None,
            ),
            bare,
            bare_batches,
            Figure::at_most("memory after it", memory, "MB", Some(200.0)),
        ],
    })
}
