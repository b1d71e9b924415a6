//! wasm-opt, from npm. Debian's binaryen 108 is older and breaks the module silently: it loads, and the page never comes alive.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{Tool, node};
use crate::{shell::run, workspace::Workspace};

const VERSION: &str = "132.0.0";

/// Where wasm-opt is; `None` without Node, which only makes the page larger.
pub fn install(workspace: &Workspace) -> Result<Option<PathBuf>> {
    let tool =
        Tool { name: "binaryen", version: VERSION, about: "makes the WebAssembly small: 104 MB, about 5 s" };
    if let Err(why) = node::check() {
        eprintln!("==> the WebAssembly stays about twice as large as it could be: {why}");
        return Ok(None);
    }
    let place = tool.once(workspace, |place| {
        let mut npm = node::npm();
        npm.args(["install", "--prefix"]).arg(place).arg(format!("binaryen@{VERSION}"));
        run(&mut npm).context("npm could not install binaryen; is there a network?")
    })?;
    Ok(Some(place.join("node_modules/.bin/wasm-opt")))
}
