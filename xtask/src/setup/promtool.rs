//! promtool, which reads the alert rules as Prometheus does: the system's, else out of Debian's package.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::{Tool, apt::Apt};
use crate::{shell::which, workspace::Workspace};

pub fn install(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(found) = which("promtool") {
        return Ok(found);
    }
    if !Apt::possible() {
        bail!(
            "the alert rules are checked by promtool, which comes with Prometheus; put it on the PATH, then call this again"
        );
    }
    let tool =
        Tool { name: "promtool", version: "recipe 1", about: "out of Debian's Prometheus: 19 MB, about 5 s" };
    let place = tool.once(workspace, |place| Apt::new(workspace)?.unpack(&["prometheus"], place))?;
    Ok(place.join("usr/bin/promtool"))
}
