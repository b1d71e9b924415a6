//! Ten thousand records wait while Dataverse is away: how long until they are there, once it is back.

use std::{fs, path::Path, thread, time::Duration};

use anyhow::{Result, bail};

use super::{
    BenchReport, Figure,
    load::{self, HttpConnection},
    raw_limits,
};
use crate::{serve::Server, shell::now, workspace::Workspace};

const RECORDS: i64 = 10_000;
const BATCH: u64 = 1_000;
/// What takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

pub fn measure(workspace: &Workspace, binary: &Path) -> Result<BenchReport> {
    let data = workspace.target.join("bench-backlog-data");
    _ = fs::remove_dir_all(&data);
    let server = Server::start_with(binary, &data, &[("STUDIO_DEMO", "off"), ("STUDIO_LOG", "error")])?;
    let mut connection = HttpConnection::to(&server.address)?;
    wait(&mut connection, "the relay", |pipeline| !pipeline["relay"].is_null())?;
    make(&mut connection, "away")?;
    for number in 0..RECORDS.unsigned_abs() / BATCH {
        connection.send(&load::batch(number, BATCH, load::past_run))?;
    }
    wait(&mut connection, "the outage", |pipeline| pipeline["state"] == "stopped")?;
    make(&mut connection, "none")?;
    let back = now();
    wait(&mut connection, "the first delivery", |pipeline| pipeline["balance"][0]["delivered"] != 0)?;
    let first = back.elapsed().as_secs_f64();
    wait(&mut connection, "the last delivery", |pipeline| pipeline["balance"][0]["delivered"] == RECORDS)?;
    let delivered = back.elapsed().as_secs_f64();
    wait(&mut connection, "the read-back", |pipeline| pipeline["balance"][0]["confirmed"] == RECORDS)?;
    let confirmed = back.elapsed().as_secs_f64();
    let pipeline = connection.json("/api/pipeline")?;
    let unaccounted = pipeline["unaccounted"].as_f64().unwrap_or(f64::NAN);
    let token = &pipeline["tokenCache"];
    let hits: f64 = token["hitRate"].as_str().and_then(|rate| rate.parse().ok()).unwrap_or(f64::NAN);
    drop(server);
    let [bare, bare_batches] = raw_limits::figures(&data)?;
    fs::remove_dir_all(&data)?;
    Ok(BenchReport {
        method: format!(
            "{RECORDS} records taken while the emulator inside cuts every connection; from the moment that it is brought back, \
             with its service protection limits on"
        ),
        figures: vec![
            Figure::at_most("until the first is there (the pause ends)", first, "s", None),
            Figure::at_most("until all are delivered", delivered, "s", Some(15.0)),
            Figure::at_most("until all are read back", confirmed, "s", None),
            Figure::at_most("unaccounted", unaccounted, "", Some(0.0)),
            Figure::at_least("requests that found a token at hand", hits, "%", 99.0),
            bare,
            bare_batches,
        ],
    })
}

/// What a person giving a demo presses.
fn make(connection: &mut HttpConnection, trouble: &str) -> Result<()> {
    let media = "application/x-www-form-urlencoded";
    match connection.ask("POST", "/pipeline/demo", media, &format!("make={trouble}"))? {
        (303, _) => Ok(()),
        (status, body) => bail!("{status}: {body}"),
    }
}

pub fn wait(
    connection: &mut HttpConnection,
    what: &str,
    done: impl Fn(&serde_json::Value) -> bool,
) -> Result<()> {
    let start = now();
    while !done(&connection.json("/api/pipeline")?) {
        if start.elapsed() > PATIENCE {
            bail!("in vain waited for {what}");
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
