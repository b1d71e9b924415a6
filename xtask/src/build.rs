//! `cargo xtask build`: the release, one file with everything inside. And the server that `run` starts.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

use crate::{
    countdown::{BuildPlan, Countdown},
    setup::{self, Tools},
    shell::{git, read, run},
    wasm::{self, Flavour},
    workspace::Workspace,
};

pub fn command(workspace: &Workspace) -> Result<()> {
    let binary = release_of(workspace, &commit(workspace).unwrap_or_default())?;
    eprintln!("{} is ready: one file, copy it anywhere", binary.display());
    Ok(())
}

/// Builds what is out of date and hands over where the one file lies. It names no commit: each would make it out of date.
pub fn release(workspace: &Workspace) -> Result<PathBuf> {
    release_of(workspace, "")
}

/// The server without what makes it small and fast, and takes most of the time. The browser's files it reads from the disk.
pub fn quick_server(workspace: &Workspace, tools: &Tools) -> Result<PathBuf> {
    let mut cargo = wasm::quick_cargo(workspace, &tools.compiler);
    cargo.args(["build", "-p", "server", "--profile", "quick", "--no-default-features"]);
    run(cargo.env("STUDIO_SITE", workspace.site(Flavour::Quick)).env("STUDIO_COMMIT", ""))?;
    Ok(quick_binary(workspace))
}

/// Where that lies.
pub fn quick_binary(workspace: &Workspace) -> PathBuf {
    workspace.wasm_target().join("quick/studio")
}

/// The commit that the tree is at, and whether files of it were changed since. None without git, or outside of a clone.
fn commit(workspace: &Workspace) -> Option<String> {
    let hash = read(git(workspace).args(["rev-parse", "--short=12", "HEAD"])).ok()?;
    let changed = read(git(workspace).args(["status", "--porcelain", "--untracked-files=no"])).ok()?;
    Some(format!("{}{}", hash.trim(), if changed.is_empty() { "" } else { ".dirty" }))
}

fn release_of(workspace: &Workspace, commit: &str) -> Result<PathBuf> {
    let built = built(workspace, commit)?;
    let binary = workspace.root.join("target/studio/studio");
    place(&built, &binary)
        .with_context(|| format!("cannot copy {} to {}", built.display(), binary.display()))?;
    Ok(binary)
}

fn built(workspace: &Workspace, commit: &str) -> Result<PathBuf> {
    let tools = setup::for_build(workspace)?;
    let binary = workspace.target.join("release/studio");
    let mut countdown = Countdown::of(BuildPlan::Release, binary.exists());
    wasm::build(workspace, &tools, Flavour::Release, &mut countdown)?;
    countdown.step(|| {
        let mut cargo = workspace.cargo();
        cargo.args(["build", "-p", "server", "--profile", "release"]).env("STUDIO_COMMIT", commit);
        run(cargo.env("RUSTFLAGS", workspace.remap()))
    })?;
    Ok(binary)
}

/// Copies under another name first: a server that is running keeps the file that it was started from.
fn place(built: &PathBuf, binary: &PathBuf) -> Result<()> {
    fs::create_dir_all(binary.with_file_name(""))?;
    let unfinished = binary.with_extension("unfinished");
    fs::copy(built, &unfinished)?;
    Ok(fs::rename(&unfinished, binary)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_named_by_their_hash() {
        // Outside of a clone there is nothing to name.
        let Some(named) = commit(&Workspace::find().unwrap()) else { return };
        let hash = named.strip_suffix(".dirty").unwrap_or(&named);
        assert!(hash.len() >= 12 && hash.chars().all(|c| c.is_ascii_hexdigit()), "{named}");
    }
}
