//! How long a start takes, and the memory that the server holds when idle.

use std::{fs, path::Path, thread, time::Duration};

use anyhow::Result;

use super::{BenchReport, Figure, backlog::wait, load::HttpConnection, median, raw_limits};
use crate::{serve::Server, workspace::Workspace};

const RUNS: usize = 9;
/// Long enough for what the last delivery took to be given back.
const SETTLED: Duration = Duration::from_secs(10);

pub fn measure(workspace: &Workspace, binary: &Path) -> Result<BenchReport> {
    let data = workspace.target.join("bench-start-data");
    let (mut first, mut again) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        _ = fs::remove_dir_all(&data);
        first.push(milliseconds(&Server::start_on(binary, &data)?));
    }
    for _ in 0..RUNS {
        again.push(milliseconds(&Server::start_on(binary, &data)?));
    }
    let server = Server::start_on(binary, &data)?;
    // A server that was killed at its ready line left its demo data to the next one.
    let mut connection = HttpConnection::to(&server.address)?;
    wait(&mut connection, "the delivery", |pipeline| pipeline["pending"] == 0)?;
    thread::sleep(SETTLED);
    let memory = server.memory()? as f64 / 1e6;
    drop(server);
    let [bare, bare_batches] = raw_limits::figures(&data)?;
    fs::remove_dir_all(&data)?;
    Ok(BenchReport {
        method: format!(
            "median of {RUNS} starts, from the start of the process to its ready line; memory is VmRSS {} s \
             after everything was delivered",
            SETTLED.as_secs()
        ),
        figures: vec![
            Figure::at_most("ready, on an empty folder with demo data", median(first), "ms", Some(500.0)),
            Figure::at_most("ready, on a filled folder", median(again), "ms", Some(500.0)),
            Figure::at_most("memory, idle", memory, "MB", Some(60.0)),
            bare,
            bare_batches,
        ],
    })
}

fn milliseconds(server: &Server) -> f64 {
    server.start.as_secs_f64() * 1000.0
}
