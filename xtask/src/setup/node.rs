//! Node, which the machine brings: wasm-opt runs on it, and the tests in a browser.

use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{on_path, read};

const OLDEST: u32 = 20;

/// Whether there is a Node that is new enough, and npm with it; if not, the error says what to do.
pub fn check() -> Result<()> {
    if !on_path("node") || !on_path("npm") {
        bail!("there is no Node on this machine; install Node {OLDEST} or newer, with npm");
    }
    let version = read(Command::new("node").arg("--version"))?;
    let version = version.trim().trim_start_matches('v');
    if super::number(version).0 < OLDEST {
        bail!("the Node on this machine is {version}; install Node {OLDEST} or newer, with npm");
    }
    Ok(())
}

/// npm, saying only what went wrong.
pub fn npm() -> Command {
    let mut npm = Command::new("npm");
    npm.args(["--loglevel=error", "--no-fund", "--no-audit", "--no-progress"]);
    npm
}
