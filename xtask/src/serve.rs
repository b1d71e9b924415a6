//! A server of ours for a measurement: started on a free port with a folder of its own, and ended with it.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::{
    interrupt::Running,
    shell::{now, words},
    workspace::Workspace,
};

const READY: &str = "Studio Metrics is ready: http://";

pub struct Server {
    /// Where it listens: `127.0.0.1:40123`.
    pub address: String,
    /// From the start of the process to its ready line.
    pub start: Duration,
    process: Running,
    /// A folder that goes when the server does.
    own_data: Option<PathBuf>,
}

impl Server {
    /// Starts it on an empty folder, which is removed with it.
    pub fn start(workspace: &Workspace, binary: &Path) -> Result<Self> {
        let data = workspace.target.join(format!("xtask-data-{}", std::process::id()));
        _ = fs::remove_dir_all(&data);
        let mut server = Self::start_on(binary, &data)?;
        server.own_data = Some(data);
        Ok(server)
    }

    /// Starts it on a folder that may hold something already, and leaves that there.
    pub fn start_on(binary: &Path, data: &Path) -> Result<Self> {
        Self::start_with(binary, data, &[])
    }

    /// The same with settings.
    pub fn start_with(binary: &Path, data: &Path, settings: &[(&str, &str)]) -> Result<Self> {
        let mut command = Command::new(binary);
        forget_settings(&mut command);
        command.envs(settings.iter().copied());
        command.env("STUDIO_ADDR", "127.0.0.1:0").env("STUDIO_DATA", data);
        command.stderr(Stdio::null());
        let start = now();
        let (process, address) = ready(&mut command)?;
        Ok(Self { address, start: start.elapsed(), process, own_data: None })
    }

    /// Memory that it holds, in bytes, as Linux counts it.
    pub fn memory(&self) -> Result<u64> {
        memory(self.process.0.id())
    }
}

/// Memory that a process holds, in bytes, as Linux counts it.
pub fn memory(process: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("/proc names no VmRSS")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024)
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.stop();
        if let Some(data) = &self.own_data {
            _ = fs::remove_dir_all(data);
        }
    }
}

/// Measured as it comes, whatever the shell that we run in has set.
fn forget_settings(command: &mut Command) {
    let beginnings = ["STUDIO_", "DATAVERSE_", "NEXT_PUBLIC_DATAVERSE_", "AZURE_"];
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if beginnings.iter().any(|beginning| text.starts_with(beginning))
            || text == "DATABASE_URL"
            || text == "USE_DATAVERSE"
        {
            command.env_remove(&name);
        }
    }
}

/// Starts a server and waits for its ready line: the process, and where it listens.
pub fn ready(command: &mut Command) -> Result<(Running, String)> {
    let mut process = Running::start(command.stdout(Stdio::piped()))?;
    let mut output = BufReader::new(process.0.stdout.take().context("the server has no output")?);
    let mut line = String::new();
    while output.read_line(&mut line)? > 0 {
        if let Some(address) = line.strip_prefix(READY) {
            let address = address.trim_end().trim_end_matches('/').to_owned();
            // Given back, so that whatever it still writes finds an open end.
            process.0.stdout = Some(output.into_inner());
            return Ok((process, address));
        }
        line.clear();
    }
    let status = process.wait()?;
    bail!("`{}` ended with {status} before it was ready; start it by hand to read why", words(command));
}
