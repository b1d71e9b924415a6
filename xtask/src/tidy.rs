//! `cargo xtask tidy`: the rules of the workspace that no compiler knows.

mod arrows;
mod browser;
mod dependencies;
mod documented;
mod kinds;
mod pins;
mod text;
mod type_names;
mod words;

pub use pins::locked;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{
    shell::{git, read},
    workspace::Workspace,
};

/// What the rules look at: the workspace as cargo sees it, and every file as git sees it.
struct Tree {
    metadata: Value,
    /// Path from the root, and the text; pictures and other binaries are not in it.
    files: Vec<(String, String)>,
}

pub fn command(workspace: &Workspace) -> Result<()> {
    let tree = Tree::read(workspace)?;
    let mut complaints = text::check(&tree.files);
    complaints.extend(arrows::check(&tree.metadata)?);
    complaints.extend(dependencies::check(&tree)?);
    complaints.extend(documented::check(&tree.files));
    complaints.extend(pins::check(&tree.files)?);
    complaints.extend(kinds::check(&tree.files));
    complaints.extend(type_names::check(&tree.files));
    complaints.extend(words::check(&tree.files));
    if complaints.is_empty() {
        // A wrong arrow may be a circle, of which cargo draws no tree: then the complaint about the arrow is the better one.
        complaints.extend(browser::check(workspace)?);
    }
    if complaints.is_empty() {
        eprintln!("    tidy: {} files, no complaint", tree.files.len());
        return Ok(());
    }
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    bail!("tidy has {} complaints, see above; the rules stand in xtask/src/tidy", complaints.len());
}

impl Tree {
    fn read(workspace: &Workspace) -> Result<Self> {
        let text = read(workspace.cargo().args(["metadata", "--format-version", "1", "--no-deps"]))?;
        let metadata =
            serde_json::from_str(&text).context("cargo metadata wrote something else than JSON")?;
        let names = read(git(workspace).args(["ls-files", "--cached", "--others", "--exclude-standard"]))
            .context("tidy asks git for the files of the tree, so it needs a clone")?;
        let mut files = Vec::new();
        for name in names.lines() {
            // A file that is deleted but not yet committed is still on git's list; one that is no text has no words to judge.
            if let Ok(text) = std::fs::read_to_string(workspace.root.join(name)) {
                files.push((name.to_owned(), text));
            }
        }
        Ok(Self { metadata, files })
    }
}

/// A list in cargo's metadata.
fn list<'a>(value: &'a Value, name: &str) -> Result<&'a [Value]> {
    value[name].as_array().map(Vec::as_slice).with_context(|| format!("cargo metadata has no list `{name}`"))
}

/// A word in cargo's metadata.
fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}
