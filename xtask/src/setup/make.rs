//! make, with which the server's allocator is compiled.

use anyhow::{Result, bail};

use super::apt::{self, Apt};
use crate::{shell::on_path, workspace::Workspace};

/// Sees to it that there is one; installed if we may.
pub fn install(workspace: &Workspace) -> Result<()> {
    if !on_path("make") && Apt::possible() && apt::is_root() {
        Apt::new(workspace)?.install_fresh(&["make"])?;
    }
    if !on_path("make") {
        bail!("there is no make on this machine; install it (Debian: build-essential)");
    }
    Ok(())
}
