//! The browser's side: the module compiled, then packed into the folder that the server embeds.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use crate::{
    countdown::Countdown,
    setup::{Compiler, TARGET, Tools},
    shell::run,
    workspace::Workspace,
};

/// How much care a build takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// What people get: small and compressed.
    Release,
    /// For people who look at the panel: soon there when nothing was built yet.
    Quick,
    /// For people who change the panel: soon there after each change.
    Dev,
}

pub fn build(
    workspace: &Workspace,
    tools: &Tools,
    flavour: Flavour,
    countdown: &mut Countdown,
) -> Result<()> {
    countdown.step(|| compile(workspace, tools, flavour))?;
    countdown.step(|| pack(workspace, tools, flavour))
}

impl Flavour {
    fn profile(self) -> &'static str {
        match self {
            Self::Release => "wasm-release",
            Self::Quick | Self::Dev => "quick",
        }
    }
}

/// Cargo as quick builds call it, for the server's side too: one compiler and one folder, so that what both sides need to be
/// compiled is compiled once.
pub fn quick_cargo(workspace: &Workspace, compiler: &Compiler) -> Command {
    let mut cargo = workspace.cargo();
    cargo.env("CARGO_TARGET_DIR", workspace.wasm_target());
    compiler.choose(&mut cargo);
    cargo
}

/// Whether the browser's part was ever made for this tree.
pub fn is_packed(workspace: &Workspace, flavour: Flavour) -> bool {
    workspace.site(flavour).join("studio_bg.wasm").exists()
}

fn module(workspace: &Workspace, flavour: Flavour) -> PathBuf {
    workspace.wasm_target().join(TARGET).join(flavour.profile()).join("studio.wasm")
}

fn compile(workspace: &Workspace, tools: &Tools, flavour: Flavour) -> Result<()> {
    let mut cargo = workspace.wasm_cargo();
    cargo.args(["build", "-p", "studio", "--lib", "--target", TARGET, "--profile", flavour.profile()]);
    tools.compiler.choose(&mut cargo);
    if flavour == Flavour::Dev {
        cargo.env("CARGO_INCREMENTAL", "1");
    }
    run(&mut cargo)
}

pub fn pack(workspace: &Workspace, tools: &Tools, flavour: Flavour) -> Result<()> {
    let mut cargo = match flavour {
        Flavour::Release => workspace.cargo(),
        Flavour::Quick | Flavour::Dev => quick_cargo(workspace, &tools.compiler),
    };
    let profile = if flavour == Flavour::Release { "tool" } else { "quick" };
    cargo.args(["run", "--quiet", "-p", "pack", "--profile", profile, "--", "--wasm"]);
    cargo.arg(module(workspace, flavour));
    if let Some(wasm_opt) = &tools.wasm_opt {
        cargo.arg("--wasm-opt").arg(wasm_opt);
    }
    look(workspace, flavour, &mut cargo)
}

/// What pages need to be looked at before there is a module: styles and icons.
pub fn pack_look(workspace: &Workspace, tools: &Tools) -> Result<()> {
    let mut cargo = quick_cargo(workspace, &tools.compiler);
    cargo.args(["run", "--quiet", "-p", "pack", "--profile", "quick", "--no-default-features", "--"]);
    look(workspace, Flavour::Quick, &mut cargo)
}

fn look(workspace: &Workspace, flavour: Flavour, pack: &mut Command) -> Result<()> {
    pack.arg("--style").arg(workspace.root.join("style/main.css"));
    pack.arg("--public").arg(workspace.root.join("public"));
    pack.arg("--site").arg(workspace.site(flavour));
    if flavour != Flavour::Release {
        pack.arg("--quick");
    }
    run(pack)
}
