//! An emulator of ours for a measurement: a process on a free port, and the line in which it says how to reach it.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result};

use crate::{interrupt::Running, serve};

pub struct EmulatorProcess {
    /// As it was printed: address and credentials, in JSON.
    pub ready: String,
    process: Running,
}

impl EmulatorProcess {
    pub fn start(binary: &Path, data: &Path) -> Result<Self> {
        let mut command = Command::new(binary);
        command.args(["emulate", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        let mut process = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::null()))?;
        let mut ready = String::new();
        let output = process.0.stdout.take().context("the emulator has no output")?;
        BufReader::new(output).read_line(&mut ready)?;
        Ok(Self { ready, process })
    }

    /// Memory that it holds, in bytes, as Linux counts it.
    pub fn memory(&self) -> Result<u64> {
        serve::memory(self.process.0.id())
    }
}

impl Drop for EmulatorProcess {
    fn drop(&mut self) {
        self.process.stop();
    }
}
