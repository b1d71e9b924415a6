//! Tools that come as crates: the test runner of wasm-bindgen, and cargo-deny. Only `cargo xtask test` needs them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::Tool;
use crate::{shell::run, tidy::locked, workspace::Workspace};

const DENY: &str = "0.20.2";

/// The runner speaks the format of the very wasm-bindgen that the tests are linked with, so Cargo.lock names its version.
pub fn wasm_test_runner(workspace: &Workspace) -> Result<PathBuf> {
    let lock = fs::read_to_string(workspace.root.join("Cargo.lock"))?;
    let version = locked(&lock, "wasm-bindgen").context("Cargo.lock has no wasm-bindgen")?;
    // Not --locked: its lock names a crate that was withdrawn. Without the default features it leaves TLS out, which a driver
    // on this machine does not speak.
    let place = install(
        workspace,
        "wasm-bindgen-cli",
        version,
        "runs the tests of the browser's code: compiled here, about 1 min",
        &["--no-default-features"],
    )?;
    Ok(place.join("bin/wasm-bindgen-test-runner"))
}

pub fn cargo_deny(workspace: &Workspace) -> Result<PathBuf> {
    let place = install(
        workspace,
        "cargo-deny",
        DENY,
        "checks licences and advisories: compiled here, about 3 min",
        &["--locked"],
    )?;
    Ok(place.join("bin/cargo-deny"))
}

fn install(
    workspace: &Workspace,
    package: &str,
    version: &str,
    about: &str,
    options: &[&str],
) -> Result<PathBuf> {
    Tool { name: package, version, about }.once(workspace, |place| {
        let work = workspace.tools.join("build");
        compile(workspace, package, version, options, place, &work)?;
        fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))
    })
}

/// What is compiled stays in `work` until it is all there, so that Ctrl-C costs little.
fn compile(
    workspace: &Workspace,
    package: &str,
    version: &str,
    options: &[&str],
    place: &Path,
    work: &Path,
) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["install", "--no-track", package, "--version", version]).args(options);
    cargo.arg("--root").arg(place).env("CARGO_TARGET_DIR", work);
    // They run for seconds: quick to compile is worth more than quick to run.
    cargo.envs([
        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
        ("CARGO_PROFILE_RELEASE_LTO", "off"),
        ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
        ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
    ]);
    run(&mut cargo).with_context(|| {
        format!("{package} could not be installed; is there a network? What it needs comes from crates.io")
    })
}
