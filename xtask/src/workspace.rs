//! Where things are: the tree, what cargo builds into, and the folder of installed tools.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{shell::read, wasm::Flavour};

pub struct Workspace {
    /// The tree: the folder of the workspace's Cargo.toml.
    pub root: PathBuf,
    /// What cargo builds into: `$CARGO_TARGET_DIR`, else `target`.
    pub target: PathBuf,
    /// What set-up installs into: `$XTASK_TOOLS`, else `.tools`.
    pub tools: PathBuf,
}

impl Workspace {
    pub fn find() -> Result<Self> {
        // Asked at run time: with a target folder shared by two clones, the program may have been compiled in the other one.
        let xtask = env::var_os("CARGO_MANIFEST_DIR").context("start this through cargo: `cargo xtask …`")?;
        let root = Path::new(&xtask).parent().context("xtask lies in no workspace")?.to_owned();
        let folder = |name: &str, default: &str| {
            env::var_os(name).map_or_else(|| root.join(default), |path| root.join(path))
        };
        Ok(Self {
            target: folder("CARGO_TARGET_DIR", "target"),
            tools: folder("XTASK_TOOLS", ".tools"),
            root,
        })
    }

    /// Cargo's target folder for the browser's side, and for all that quick builds compile. Its compiler may be another one than
    /// the machine's own, and must not meet that one's results.
    pub fn wasm_target(&self) -> PathBuf {
        self.target.join("front")
    }

    /// The folder that the server embeds. It is the tree's own, as `server/build.rs` says too; quick builds have one beside it, so
    /// that they never end up in a release.
    pub fn site(&self, flavour: Flavour) -> PathBuf {
        match flavour {
            Flavour::Release => {
                env::var_os("STUDIO_SITE").map_or_else(|| self.root.join("target/site"), PathBuf::from)
            }
            Flavour::Quick | Flavour::Dev => self.root.join("target/site-quick"),
        }
    }

    /// The same cargo that started us.
    pub fn cargo(&self) -> Command {
        let mut cargo = self.clean(Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into())));
        cargo.env("CARGO_TARGET_DIR", &self.target);
        cargo
    }

    /// A program in the tree's folder, without what cargo told us about ourselves: some build scripts would run again because of it.
    pub fn clean(&self, mut command: Command) -> Command {
        command.current_dir(&self.root);
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command
    }

    /// The workspace as cargo sees it, without what it depends on.
    pub fn metadata(&self) -> Result<Value> {
        let text = read(self.cargo().args(["metadata", "--format-version", "1", "--no-deps"]))?;
        serde_json::from_str(&text).context("cargo metadata wrote something else than JSON")
    }

    /// The packages that run on the server; `studio` is the browser's, the last two are these commands themselves.
    pub fn server_side(&self) -> Result<Vec<String>> {
        let metadata = self.metadata()?;
        let packages = metadata["packages"].as_array().context("cargo metadata has no packages")?;
        let names = packages.iter().filter_map(|package| package["name"].as_str());
        Ok(names.filter(|name| !["studio", "xtask", "pack"].contains(name)).map(str::to_owned).collect())
    }

    /// Cargo for the browser's side, with a target folder of its own.
    pub fn wasm_cargo(&self) -> Command {
        let mut cargo = self.cargo();
        cargo.env("CARGO_TARGET_DIR", self.wasm_target()).env("RUSTFLAGS", self.remap());
        cargo
    }

    /// Flags that keep the builder's own paths out of what is shipped. Cargo names our own sources from the root of the tree
    /// already, so the root is not among them: flags that differ from clone to clone would compile every dependency again.
    pub fn remap(&self) -> String {
        let home = || env::home_dir().unwrap_or_default().join(".cargo");
        let cargo_home = env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from);
        let own = env::var("RUSTFLAGS").unwrap_or_default();
        let remap = |from: &Path, to: &str| format!(" --remap-path-prefix={}={to}", from.display());
        format!("{own}{}{}", remap(&cargo_home, "cargo"), remap(&self.target, "target")).trim().to_owned()
    }
}
