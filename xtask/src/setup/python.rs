//! Packages from PyPI, in virtual environments outside the tree.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use super::{
    Tool,
    apt::{self, Apt},
    lock_file, number,
};
use crate::{
    shell::{on_path, read, run},
    workspace::Workspace,
};

/// What Microsoft's client asks for wants no older one.
const OLDEST_PYTHON: (u32, u32) = (3, 11);

/// The interpreter of a virtual environment that holds what `requirements` pins by hash; made once for each content.
pub fn environment(
    workspace: &Workspace,
    name: &'static str,
    requirements: &Path,
    about: &'static str,
) -> Result<PathBuf> {
    let version = lock_file::version_of(requirements)?;
    let place = Tool { name, version: &version, about }.once(workspace, |place| {
        let python = interpreter(workspace)?;
        let venv = |options: &[&str]| run(Command::new(python).args(["-m", "venv"]).args(options).arg(place));
        let pip = match has_pip(python) {
            true => None,
            false => pip_for_venv(workspace)?,
        };
        let mut install = Command::new(place.join("bin/python"));
        match &pip {
            None => {
                venv(&[])?;
                install.args(["-m", "pip"]);
            }
            // A wheel is a program as well.
            Some(wheel) => {
                venv(&["--without-pip"])?;
                install.arg(wheel.join("pip"));
            }
        }
        install.args(["install", "--quiet", "--disable-pip-version-check", "--require-hashes"]);
        run(install.args(["--only-binary=:all:", "-r"]).arg(requirements))
            .context("pip could not install what is asked for; is there a network?")
    })?;
    Ok(place.join("bin/python"))
}

/// The machine's Python, new enough; installed if there is none and we may.
fn interpreter(workspace: &Workspace) -> Result<&'static str> {
    if !on_path("python3") && Apt::possible() && apt::is_root() {
        Apt::new(workspace)?.install_fresh(&["python3", "python3-venv"])?;
    }
    if !on_path("python3") {
        bail!("there is no Python on this machine; install python3 with venv (Debian: python3-venv)");
    }
    let version = read(Command::new("python3").arg("--version"))?;
    let version = version.trim().trim_start_matches("Python ");
    if number(version) < OLDEST_PYTHON {
        let (major, minor) = OLDEST_PYTHON;
        bail!("the Python on this machine is {version}; install Python {major}.{minor} or newer");
    }
    Ok("python3")
}

/// Debian splits this part off Python.
fn has_pip(python: &str) -> bool {
    read(Command::new(python).args(["-c", "import ensurepip"])).is_ok()
}

/// As root what is missing is installed (`None`); otherwise pip's wheel is unpacked among our tools.
fn pip_for_venv(workspace: &Workspace) -> Result<Option<PathBuf>> {
    if !Apt::possible() {
        bail!("this Python comes without ensurepip, so it makes no virtual environment with pip; install it");
    }
    if apt::is_root() {
        Apt::new(workspace)?.install_fresh(&["python3-venv"])?;
        return Ok(None);
    }
    let apt = Apt::new(workspace)?;
    let place = workspace.tools.join("python-pip");
    let debs = workspace.tools.join("python-pip.debs");
    let files = apt.download(&["python3-pip-whl"], &debs).or_else(|_| {
        apt.update()?;
        apt.download(&["python3-pip-whl"], &debs)
    })?;
    for deb in files {
        run(Command::new("dpkg").arg("-x").arg(&deb).arg(&place))?;
    }
    fs::remove_dir_all(&debs)?;
    let wheels = fs::read_dir(place.join("usr/share/python-wheels"))?;
    let is_pip =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pip-"));
    let wheel = wheels.filter_map(|entry| Some(entry.ok()?.path())).find(is_pip);
    wheel.context("Debian's python3-pip-whl holds no pip").map(Some)
}
