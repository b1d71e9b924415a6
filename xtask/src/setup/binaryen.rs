//! wasm-opt, from npm. Debian's binaryen 108 is older and breaks the module silently: it loads, and the page never comes alive.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use crate::{
    house::House,
    shell::{on_path, run},
};

const VERSION: &str = "132.0.0";

pub fn install(house: &House) -> Result<Option<PathBuf>> {
    if !on_path("node") || !on_path("npm") {
        eprintln!(
            "==> there is no Node on this machine: the WebAssembly stays about twice as large (with Node 20 or newer it is optimised)"
        );
        return Ok(None);
    }
    let place = super::once(house, "binaryen", VERSION, "104 MB, about 5 s", |place| {
        run(Command::new("npm")
            .args(["install", "--silent", "--no-fund", "--no-audit", "--prefix"])
            .arg(place)
            .arg(format!("binaryen@{VERSION}")))
    })?;
    Ok(Some(place.join("node_modules/.bin/wasm-opt")))
}
