//! `cargo xtask build`: the release, one file with everything inside.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

use crate::{
    front::{self, Flavour},
    house::House,
    setup,
    shell::{run, step},
};

pub fn command(house: &House) -> Result<()> {
    let binary = release(house)?;
    eprintln!("{} is ready: one file, copy it anywhere", binary.display());
    Ok(())
}

/// Builds what is out of date and hands over where the one file lies.
pub fn release(house: &House) -> Result<PathBuf> {
    let tools = setup::for_build(house)?;
    front::build(house, &tools, Flavour::Release)?;
    step("compiling the server", "2 min the first time, then seconds", || {
        let mut cargo = house.cargo();
        run(cargo.args(["build", "-p", "server", "--release"]).env("RUSTFLAGS", house.remap()))
    })?;
    let built = house.target.join("release/studio");
    let binary = house.root.join("target/studio/studio");
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
