//! Client libraries of others, for `cargo xtask test clients`: two from npm, two from PyPI, each pinned by hash in
//! `server/emulator/clients`, installed outside the tree.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use super::{
    Tool,
    apt::{self, Apt},
    node, number,
};
use crate::{
    shell::{on_path, read, run},
    workspace::Workspace,
};

pub const FOLDER: &str = "server/emulator/clients";
/// What Microsoft's client asks for wants no older one.
const OLDEST_PYTHON: (u32, u32) = (3, 11);

/// Where the clients are.
pub struct Clients {
    /// A folder with `node_modules`.
    pub npm: PathBuf,
    /// The interpreter of a virtual environment.
    pub python: PathBuf,
}

pub fn install(workspace: &Workspace) -> Result<Clients> {
    Ok(Clients { npm: npm(workspace)?, python: python(workspace)?.join("bin/python") })
}

fn npm(workspace: &Workspace) -> Result<PathBuf> {
    node::check().context("the clients for JavaScript need Node")?;
    let folder = workspace.root.join(FOLDER);
    let version = version_of(&folder.join("package-lock.json"))?;
    let tool =
        Tool { name: "clients-npm", version: &version, about: "clients for JavaScript: 3 MB, about 3 s" };
    tool.once(workspace, |place| {
        for file in ["package.json", "package-lock.json"] {
            fs::copy(folder.join(file), place.join(file))?;
        }
        run(node::npm().arg("ci").current_dir(place))
            .context("npm could not install the clients; is there a network?")
    })
}

fn python(workspace: &Workspace) -> Result<PathBuf> {
    let requirements = workspace.root.join(FOLDER).join("requirements.txt");
    let version = version_of(&requirements)?;
    let about = "clients for Python and what they ask for: 70 MB, about 40 s";
    Tool { name: "clients-python", version: &version, about }.once(workspace, |place| {
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
        run(install.args(["--only-binary=:all:", "-r"]).arg(&requirements))
            .context("pip could not install the clients; is there a network?")
    })
}

/// A lock's content, in a few digits: another lock is another version.
fn version_of(lock: &Path) -> Result<String> {
    let text = fs::read(lock).with_context(|| format!("{} is missing", lock.display()))?;
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    Ok(format!("lock {:016x}", hasher.finish()))
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
    let place = workspace.tools.join("clients-pip");
    let debs = workspace.tools.join("clients-pip.debs");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_lock_is_another_version() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lock");
        fs::write(&file, "a").unwrap();
        let first = version_of(&file).unwrap();
        assert_eq!(version_of(&file).unwrap(), first);
        fs::write(&file, "b").unwrap();
        assert_ne!(version_of(&file).unwrap(), first);
        assert!(version_of(&folder.path().join("none")).unwrap_err().to_string().contains("is missing"));
    }
}
