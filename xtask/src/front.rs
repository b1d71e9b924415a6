//! The browser's side: the module compiled, then packed into the folder that the server embeds.

use std::path::PathBuf;

use anyhow::Result;

use crate::{
    house::House,
    setup::{TARGET, Tools},
    shell::{run, step},
};

/// How much care a build takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// What people get: small and compressed.
    Release,
    /// For people who change the panel: soon there.
    Quick,
}

pub fn build(house: &House, tools: &Tools, flavour: Flavour) -> Result<()> {
    step("compiling the browser's side", "2 min the first time, then seconds", || {
        compile(house, tools, flavour)
    })?;
    step(
        "packing page script, WebAssembly, styles and icons",
        "40 s the first time, then 10 s or nothing",
        || pack(house, tools, flavour),
    )
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

fn module(house: &House, flavour: Flavour) -> PathBuf {
    house.front_target().join(TARGET).join(flavour.folder()).join("studio.wasm")
}

fn compile(house: &House, tools: &Tools, flavour: Flavour) -> Result<()> {
    let mut cargo = house.front_cargo();
    cargo.args(["build", "-p", "studio", "--lib", "--target", TARGET, "--profile", flavour.profile()]);
    tools.compiler.choose(&mut cargo);
    run(&mut cargo)
}

pub fn pack(house: &House, tools: &Tools, flavour: Flavour) -> Result<()> {
    let mut cargo = house.cargo();
    cargo
        .args(["run", "--quiet", "-p", "pack", "--profile", "tool", "--", "--wasm"])
        .arg(module(house, flavour));
    cargo
        .arg("--style")
        .arg(house.root.join("style/main.css"))
        .arg("--public")
        .arg(house.root.join("public"));
    cargo.arg("--site").arg(house.site(flavour));
    if let Some(wasm_opt) = &tools.wasm_opt {
        cargo.arg("--wasm-opt").arg(wasm_opt);
    }
    if flavour == Flavour::Quick {
        cargo.arg("--quick");
    }
    run(&mut cargo)
}
