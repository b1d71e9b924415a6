//! `cargo xtask run`: builds what is out of date, quickly, and becomes the server.

use std::{os::unix::process::CommandExt, process::Command};

use anyhow::{Result, anyhow};

use crate::{build, workspace::Workspace};

/// The server takes this process over, so signals, exit code and standard output are its own and nothing has to be passed on.
pub fn command(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let binary = build::quick(workspace)?;
    eprintln!("==> starting the panel (Ctrl-C ends it)");
    let error = Command::new(&binary).args(arguments).exec();
    Err(anyhow!("cannot start {}: {error}", binary.display()))
}
