//! `cargo xtask build`: the release, one file with everything inside. And what `run` starts: the same, built sooner.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

use crate::{
    countdown::Countdown,
    setup,
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

/// Without what makes it small and fast to the last, and takes most of the time.
pub fn quick(workspace: &Workspace) -> Result<PathBuf> {
    built(workspace, Flavour::Quick, "")
}

/// The commit that the tree is at, and whether files of it were changed since. None without git, or outside of a clone.
fn commit(workspace: &Workspace) -> Option<String> {
    let hash = read(git(workspace).args(["rev-parse", "--short=12", "HEAD"])).ok()?;
    let changed = read(git(workspace).args(["status", "--porcelain", "--untracked-files=no"])).ok()?;
    Some(format!("{}{}", hash.trim(), if changed.is_empty() { "" } else { ".dirty" }))
}

fn release_of(workspace: &Workspace, commit: &str) -> Result<PathBuf> {
    let built = built(workspace, Flavour::Release, commit)?;
    let binary = workspace.root.join("target/studio/studio");
    place(&built, &binary)
        .with_context(|| format!("cannot copy {} to {}", built.display(), binary.display()))?;
    Ok(binary)
}

fn built(workspace: &Workspace, flavour: Flavour, commit: &str) -> Result<PathBuf> {
    let profile = match flavour {
        Flavour::Release => "release",
        Flavour::Quick => "quick",
    };
    let tools = setup::for_build(workspace)?;
    let binary = workspace.target.join(profile).join("studio");
    let mut countdown = Countdown::of(flavour, binary.exists());
    wasm::build(workspace, &tools, flavour, &mut countdown)?;
    countdown.step(|| {
        let mut cargo = workspace.cargo();
        cargo.args(["build", "-p", "server", "--profile", profile]).env("STUDIO_COMMIT", commit);
        match flavour {
            Flavour::Release => cargo.env("RUSTFLAGS", workspace.remap()),
            Flavour::Quick => cargo.arg("--no-default-features").env("STUDIO_SITE", workspace.site(flavour)),
        };
        run(&mut cargo)
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
