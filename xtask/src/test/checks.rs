//! Checks that run no test: format, clippy, documentation, licences.

use std::process::Command;

use anyhow::{Context, Result};

use super::test_count::TestCount;
use crate::{
    setup::{self, Compiler, TARGET},
    shell::run,
    workspace::Workspace,
};

pub fn format(workspace: &Workspace, _: &mut TestCount) -> Result<()> {
    run(workspace.cargo().args(["fmt", "--all", "--check"])).context("`cargo fmt` mends it")
}

/// The server's side and the browser's are looked at apart: `ssr` and `hydrate` in one build would be another program.
pub fn clippy(workspace: &Workspace, _: &mut TestCount) -> Result<()> {
    for packages in [workspace.server_side()?, vec!["xtask".to_owned(), "pack".to_owned()]] {
        let mut cargo = workspace.cargo();
        cargo.args(["clippy", "--all-targets"]);
        choose(&mut cargo, &packages);
        if packages.iter().any(|package| package == "server") {
            cargo.args(["--features", "server/livereload"]);
        }
        run(cargo.args(["--", "-D", "warnings"]))?;
    }
    run(&mut browser_clippy(workspace)?)
}

/// The packages, with the server's features when they are the server's.
pub fn choose(cargo: &mut Command, packages: &[String]) {
    for package in packages {
        cargo.args(["-p", package]);
    }
    if packages.iter().any(|package| package == "app") {
        cargo.args(["--features", "app/ssr"]);
    }
}

/// `-p studio` brings app and model along, compiled as the browser gets them.
fn browser_clippy(workspace: &Workspace) -> Result<Command> {
    let compiler = setup::compiler(workspace)?;
    let mut cargo = workspace.wasm_cargo();
    let what = ["-p", "studio", "--all-targets", "--target", TARGET];
    match &compiler {
        Compiler::Own => cargo.arg("clippy").args(what).args(["--", "-D", "warnings"]),
        // What `cargo clippy` does, done by hand: the machine's own clippy belongs to the machine's own rustc.
        Compiler::Debian(place) => cargo
            .arg("check")
            .args(what)
            .env("RUSTC_WORKSPACE_WRAPPER", place.join("bin/clippy-driver"))
            .env("SYSROOT", place.join("usr"))
            .env("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__"),
    };
    compiler.choose(&mut cargo);
    Ok(cargo)
}

pub fn documentation(workspace: &Workspace, _: &mut TestCount) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["doc", "--quiet", "--no-deps", "--document-private-items"]);
    choose(&mut cargo, &workspace.server_side()?);
    run(cargo.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Advisories need a database that lies on GitHub. Where that cannot be reached the rest is still checked, and it is said.
pub fn deny(workspace: &Workspace, _: &mut TestCount) -> Result<()> {
    let deny = setup::cargo_deny(workspace)?;
    let ask = |arguments: &[&str]| {
        let mut command = workspace.clean(Command::new(&deny));
        command.args(["--log-level", "warn", "--workspace"]).args(arguments);
        command
    };
    run(&mut ask(&["check", "licenses", "bans", "sources"]))?;
    if crate::shell::read(&mut ask(&["fetch", "db"])).is_err() {
        eprintln!(
            "    NOT CHECKED: advisories. Their database (github.com/rustsec/advisory-db) cannot be reached from this machine."
        );
        return Ok(());
    }
    run(&mut ask(&["check", "advisories"]))
}

pub fn alerts(workspace: &Workspace, _: &mut TestCount) -> Result<()> {
    let promtool = setup::promtool(workspace)?;
    let folder = workspace.root.join("docs/monitoring");
    for arguments in [["check", "rules", "alerts.yml"], ["test", "rules", "alerts.test.yml"]] {
        run(Command::new(&promtool).args(arguments).current_dir(&folder))?;
    }
    Ok(())
}
