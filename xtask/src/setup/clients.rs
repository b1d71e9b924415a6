//! Client libraries of others, for `cargo xtask test clients`: two from npm, two from PyPI, each pinned by hash in
//! `server/emulator/clients`, installed outside the tree.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

use super::{Tool, lock_file, node, python};
use crate::{shell::run, workspace::Workspace};

pub const FOLDER: &str = "server/emulator/clients";

/// Where the clients are.
pub struct Clients {
    /// A folder with `node_modules`.
    pub npm: PathBuf,
    /// The interpreter of a virtual environment.
    pub python: PathBuf,
}

pub fn install(workspace: &Workspace) -> Result<Clients> {
    let requirements = workspace.root.join(FOLDER).join("requirements.txt");
    let about = "clients for Python and what they ask for: 70 MB, about 40 s";
    let python = python::environment(workspace, "clients-python", &requirements, about)?;
    Ok(Clients { npm: npm(workspace)?, python })
}

fn npm(workspace: &Workspace) -> Result<PathBuf> {
    node::check().context("the clients for JavaScript need Node")?;
    let folder = workspace.root.join(FOLDER);
    let version = lock_file::version_of(&folder.join("package-lock.json"))?;
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
