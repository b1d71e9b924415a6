//! `cargo xtask build`: the release, one file with everything inside.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

use crate::{
    setup,
    shell::{run, step},
    wasm::{self, Flavour},
    workspace::Workspace,
};

pub fn command(workspace: &Workspace) -> Result<()> {
    let binary = release(workspace)?;
    eprintln!("{} is ready: one file, copy it anywhere", binary.display());
    Ok(())
}

/// Builds what is out of date and hands over where the one file lies.
pub fn release(workspace: &Workspace) -> Result<PathBuf> {
    let tools = setup::for_build(workspace)?;
    wasm::build(workspace, &tools, Flavour::Release)?;
    step("compiling the server", "2 min the first time, then seconds", || {
        let mut cargo = workspace.cargo();
        run(cargo.args(["build", "-p", "server", "--release"]).env("RUSTFLAGS", workspace.remap()))
    })?;
    let built = workspace.target.join("release/studio");
    let binary = workspace.root.join("target/studio/studio");
    place(&built, &binary)
        .with_context(|| format!("cannot copy {} to {}", built.display(), binary.display()))?;
    Ok(binary)
}

/// Copies under another name first: a server that is running keeps the file that it was started from.
fn place(built: &PathBuf, binary: &PathBuf) -> Result<()> {
    fs::create_dir_all(binary.with_file_name(""))?;
    let unfinished = binary.with_extension("unfinished");
    fs::copy(built, &unfinished)?;
    Ok(fs::rename(&unfinished, binary)?)
}
