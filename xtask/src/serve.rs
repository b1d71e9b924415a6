//! A server of ours for a measurement: started on a free port with a folder of its own, ended with it.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::house::House;

const READY: &str = "Studio Metrics is ready: http://";

pub struct Server {
    /// Where it listens: `127.0.0.1:40123`.
    pub address: String,
    /// From the start of the process to its ready line.
    pub start: Duration,
    child: Child,
    data: PathBuf,
}

impl Server {
    /// Starts it on an empty folder.
    pub fn start(house: &House, binary: &Path) -> Result<Self> {
        let data = house.target.join(format!("xtask-data-{}", std::process::id()));
        _ = fs::remove_dir_all(&data);
        Self::start_on(binary, &data)
    }

    /// Starts it on a folder that may hold something already.
    pub fn start_on(binary: &Path, data: &Path) -> Result<Self> {
        let start = Instant::now();
        let mut child = Command::new(binary)
            .env("STUDIO_ADDR", "127.0.0.1:0")
            .env("STUDIO_DATA", data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let output = child.stdout.take().context("the server has no output")?;
        for line in BufReader::new(output).lines() {
            if let Some(address) = line?.strip_prefix(READY) {
                let address = address.trim_end_matches('/').to_owned();
                return Ok(Self { address, start: start.elapsed(), child, data: data.to_owned() });
            }
        }
        let status = child.wait()?;
        bail!("{} ended with {status} before it was ready; start it by hand to read why", binary.display());
    }

    /// Memory that it holds, in bytes, as Linux counts it.
    pub fn memory(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("/proc names no VmRSS")?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib * 1024)
    }

    /// Ends it in order and keeps its folder.
    pub fn stop(&mut self) -> Result<()> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            _ = self.stop();
        }
        _ = fs::remove_dir_all(&self.data);
    }
}
