//! strace, which writes down the system calls of the server under test: the system's, else Debian's, installed as root or
//! unpacked among our tools.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use anyhow::{Context, Result, bail};

use super::{
    Tool,
    apt::{self, Apt},
};
use crate::{shell::which, workspace::Workspace};

pub fn install(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(found) = which("strace") {
        return Ok(found);
    }
    if !Apt::possible() {
        bail!("the test of what is flushed needs strace on the PATH; install it, then call this again");
    }
    if apt::is_root() {
        Apt::new(workspace)?.install_fresh(&["strace"])?;
        return which("strace").context("strace was installed, but is not on the PATH");
    }
    let tool = Tool { name: "strace", version: "recipe 1", about: "unpacked without root: 1 MB, about 2 s" };
    let place = tool.once(workspace, |place| {
        let apt = Apt::new(workspace)?;
        apt.unpack(&["strace", "libunwind8"], place)?;
        // Finds its library beside itself, so that the folder can be moved.
        let wrapper = place.join("strace");
        let library = format!("usr/lib/{}", apt::library_folder());
        fs::write(
            &wrapper,
            format!("#!/bin/sh\nhere=$(dirname \"$0\")\nLD_LIBRARY_PATH=$here/{library} exec \"$here/usr/bin/strace\" \"$@\"\n"),
        )?;
        Ok(fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755))?)
    })?;
    Ok(place.join("strace"))
}
