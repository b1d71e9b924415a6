//! The browser's side: the module compiled, then packed into the folder that the server embeds.

use std::path::PathBuf;

use anyhow::Result;

use crate::{
    countdown::Countdown,
    setup::{TARGET, Tools},
    shell::run,
    workspace::Workspace,
};

/// How much care a build takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// What people get: small and compressed.
    Release,
    /// For people who look at the panel or change it: soon there.
    Quick,
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
            Self::Quick => "dev",
        }
    }

    /// Cargo's folder for that profile.
    fn folder(self) -> &'static str {
        match self {
            Self::Release => "wasm-release",
            Self::Quick => "debug",
        }
    }
}

fn module(workspace: &Workspace, flavour: Flavour) -> PathBuf {
    workspace.wasm_target().join(TARGET).join(flavour.folder()).join("studio.wasm")
}

fn compile(workspace: &Workspace, tools: &Tools, flavour: Flavour) -> Result<()> {
    let mut cargo = workspace.wasm_cargo();
    cargo.args(["build", "-p", "studio", "--lib", "--target", TARGET, "--profile", flavour.profile()]);
    tools.compiler.choose(&mut cargo);
    run(&mut cargo)
}

pub fn pack(workspace: &Workspace, tools: &Tools, flavour: Flavour) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo
        .args(["run", "--quiet", "-p", "pack", "--profile", "tool", "--", "--wasm"])
        .arg(module(workspace, flavour));
    cargo
        .arg("--style")
        .arg(workspace.root.join("style/main.css"))
        .arg("--public")
        .arg(workspace.root.join("public"));
    cargo.arg("--site").arg(workspace.site(flavour));
    if let Some(wasm_opt) = &tools.wasm_opt {
        cargo.arg("--wasm-opt").arg(wasm_opt);
    }
    if flavour == Flavour::Quick {
        cargo.arg("--quick");
    }
    run(&mut cargo)
}
