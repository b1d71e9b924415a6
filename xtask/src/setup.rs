//! `cargo xtask setup`: installs what is missing, says what it does, and goes on after Ctrl-C where it was.

mod apt;
mod binaryen;
mod chromium;
mod crates;
mod debian;
mod end2end;
mod wasm_std;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

pub use chromium::Chromium;
pub use wasm_std::{Compiler, TARGET};

use crate::house::House;

/// What a build needs.
pub struct Tools {
    /// Who compiles for the browser.
    pub compiler: Compiler,
    /// npm's wasm-opt, when there is Node.
    pub wasm_opt: Option<PathBuf>,
}

pub fn command(house: &House) -> Result<()> {
    for_tests(house)?;
    eprintln!("Everything is there. `cargo xtask run` starts the panel.");
    Ok(())
}

pub fn for_build(house: &House) -> Result<Tools> {
    let compiler = compiler(house)?;
    let _alone = lock(house)?;
    let wasm_opt = binaryen::install(house)?;
    Ok(Tools { compiler, wasm_opt })
}

/// Everything that the tests need beyond that. Each check asks for its own tools again and finds them there.
pub fn for_tests(house: &House) -> Result<()> {
    for_build(house)?;
    end2end(house)?;
    chromium(house)?;
    wasm_test_runner(house)?;
    cargo_deny(house)?;
    Ok(())
}

pub fn compiler(house: &House) -> Result<Compiler> {
    let _alone = lock(house)?;
    wasm_std::install(house)
}

pub fn end2end(house: &House) -> Result<()> {
    let _alone = lock(house)?;
    end2end::install(house)
}

pub fn chromium(house: &House) -> Result<Chromium> {
    let _alone = lock(house)?;
    chromium::install(house)
}

pub fn wasm_test_runner(house: &House) -> Result<PathBuf> {
    let _alone = lock(house)?;
    crates::wasm_test_runner(house)
}

pub fn cargo_deny(house: &House) -> Result<PathBuf> {
    let _alone = lock(house)?;
    crates::cargo_deny(house)
}

/// One set-up at a time, also between two clones that share a folder of tools.
fn lock(house: &House) -> Result<fs::File> {
    let tools = &house.tools;
    fs::create_dir_all(tools)
        .with_context(|| format!("cannot make {}; set XTASK_TOOLS to another folder", tools.display()))?;
    let file = fs::File::create(tools.join(".lock"))?;
    if file.try_lock().is_err() {
        eprintln!("==> another set-up is at work in {}; waiting for it", tools.display());
        file.lock()?;
    }
    Ok(file)
}

/// Installs one tool into `<tools>/<name>` unless that very version stands there. It is made under another name first, so
/// that what was interrupted is never taken for whole.
fn once(
    house: &House,
    name: &str,
    version: &str,
    usually: &str,
    make: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let place = house.tools.join(name);
    let stamp = place.join(".version");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == version) {
        return Ok(place);
    }
    let what = format!("installing {name} {version}");
    crate::shell::step(&what, usually, || {
        let unfinished = house.tools.join(format!("{name}.unfinished"));
        _ = fs::remove_dir_all(&unfinished);
        fs::create_dir_all(&unfinished)?;
        make(&unfinished)?;
        fs::write(unfinished.join(".version"), version)?;
        _ = fs::remove_dir_all(&place);
        fs::rename(&unfinished, &place).with_context(|| format!("cannot make {}", place.display()))
    })?;
    Ok(place)
}

/// The `rust-version` of the workspace: no compiler may be older.
fn rust_version(house: &House) -> Result<String> {
    let text = fs::read_to_string(house.root.join("Cargo.toml"))?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .context("Cargo.toml has no rust-version")?;
    Ok(line.trim_matches('"').to_owned())
}

/// The first two numbers of a version, to compare by.
fn number(version: &str) -> (u32, u32) {
    let mut numbers = version.split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}
