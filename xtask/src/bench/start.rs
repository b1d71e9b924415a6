//! How long a start takes, and the memory that the server holds when idle.

use std::{fs, path::Path, thread, time::Duration};

use anyhow::Result;

use super::{Figure, Report, median};
use crate::{house::House, serve::Server};

const RUNS: usize = 9;
/// Long enough for what goes on behind the ready line to end.
const SETTLED: Duration = Duration::from_secs(5);

pub fn measure(house: &House, binary: &Path) -> Result<Report> {
    let data = house.target.join("bench-start-data");
    let (mut first, mut again) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        _ = fs::remove_dir_all(&data);
        first.push(milliseconds(&Server::start_on(binary, &data)?));
    }
    for _ in 0..RUNS {
        again.push(milliseconds(&Server::start_on(binary, &data)?));
    }
    let server = Server::start_on(binary, &data)?;
    thread::sleep(SETTLED);
    let memory = server.memory()? as f64 / 1e6;
    drop(server);
    fs::remove_dir_all(&data)?;
    Ok(Report {
        method: format!(
            "median of {RUNS} starts, from the start of the process to its ready line; memory is VmRSS {} s after the last",
            SETTLED.as_secs()
        ),
        figures: vec![
            Figure::at_most("ready, on an empty folder with demo data", median(first), "ms", Some(500.0)),
            Figure::at_most("ready, on a filled folder", median(again), "ms", Some(500.0)),
            Figure::at_most("memory, idle", memory, "MB", Some(60.0)),
        ],
    })
}

fn milliseconds(server: &Server) -> f64 {
    server.start.as_secs_f64() * 1000.0
}
