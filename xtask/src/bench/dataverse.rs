//! How fast rows go through client and emulator, and what the emulator holds of them in memory.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{BenchReport, Figure};
use crate::{emulate::EmulatorProcess, shell::run, workspace::Workspace};

const ROWS: u64 = 1_000_000;

pub fn measure(workspace: &Workspace, binary: &Path) -> Result<BenchReport> {
    run(workspace.cargo().args(["build", "-p", "dataverse", "--release", "--example", "rows"]))?;
    let data = workspace.target.join("bench-dataverse-data");
    _ = fs::remove_dir_all(&data);
    let emulator = EmulatorProcess::start(binary, &data)?;
    let figures = drive(&workspace.target.join("release/examples/rows"), &emulator.ready)?;
    let memory = emulator.memory()? as f64 / 1e6;
    drop(emulator);
    fs::remove_dir_all(&data)?;
    let rate = |name: &str| figures[name].as_f64().unwrap_or(f64::NAN);
    Ok(BenchReport {
        method: format!(
            "{ROWS} rows of 14 columns through the client into `studio emulate --data`, over loopback, each answer on disk; \
             4 requests under way at once; memory is the emulator's VmRSS at the end"
        ),
        figures: vec![
            Figure::at_most("create, one row a request", rate("create"), "rows/s", None),
            Figure::at_most("UpsertMultiple, 1,000 rows a request", rate("upsertMultiple"), "rows/s", None),
            Figure::at_most("query by pages of 5,000", rate("pages"), "rows/s", None),
            Figure::at_most("changes since a delta link", rate("changes"), "rows/s", None),
            Figure::at_most("filter on an alternate key, median", rate("indexedFilterMs"), "ms", Some(10.0)),
            Figure::at_most("memory with all rows", memory, "MB", Some(400.0)),
        ],
    })
}

/// Runs the driver against the emulator and reads the line that it prints.
fn drive(driver: &Path, address: &str) -> Result<Value> {
    let mut command = Command::new(driver);
    command.arg(ROWS.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().context("cannot start the driver")?;
    child.stdin.take().context("the driver has no input")?.write_all(address.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("the driver ended with {}", output.status);
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
