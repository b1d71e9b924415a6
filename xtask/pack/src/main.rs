//! Makes the folder that the server embeds: one flat folder of files, most of them with a brotli twin.
//!
//! A program of its own and not part of `xtask`, because it compiles for 20 s and a newcomer should read the first line sooner.

mod brotli;
#[cfg(feature = "browser")]
mod browser;
mod site;
mod styles;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail};

const USAGE: &str =
    "usage: pack [--wasm FILE] --style FILE --public DIR --site DIR [--wasm-opt FILE] [--quick]";

/// What to pack, and where to.
#[derive(Default)]
struct PackOrder {
    /// The module as rustc left it; without it, pages can be looked at and no more.
    wasm: Option<PathBuf>,
    /// `style/main.css`.
    style: PathBuf,
    /// `public/`.
    public: PathBuf,
    /// The folder that the server embeds.
    site: PathBuf,
    /// npm's `wasm-opt`; without it the module stays as large as it is.
    wasm_opt: Option<PathBuf>,
    /// For daily work: neither optimised nor compressed.
    quick: bool,
}

fn main() -> ExitCode {
    match PackOrder::from_arguments(std::env::args().skip(1)).and_then(|order| pack(&order)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn pack(order: &PackOrder) -> Result<()> {
    let mut site = site::PackedSite::open(&order.site)?;
    if let Some(module) = &order.wasm {
        pack_browser(order, module, &mut site)?;
    }
    site.put("studio.css", styles::bundle(&order.style)?.as_bytes(), !order.quick)?;
    site.put_folder(&order.public, !order.quick)?;
    site.close()
}

#[cfg(feature = "browser")]
use browser::pack as pack_browser;

#[cfg(not(feature = "browser"))]
fn pack_browser(_: &PackOrder, module: &std::path::Path, _: &mut site::PackedSite) -> Result<()> {
    bail!("{} was not packed: this program was built without the feature `browser`", module.display())
}

impl PackOrder {
    fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut order = Self::default();
        while let Some(name) = arguments.next() {
            let mut path = || {
                arguments.next().map(PathBuf::from).with_context(|| format!("{name} wants a path; {USAGE}"))
            };
            match name.as_str() {
                "--wasm" => order.wasm = Some(path()?),
                "--style" => order.style = path()?,
                "--public" => order.public = path()?,
                "--site" => order.site = path()?,
                "--wasm-opt" => order.wasm_opt = Some(path()?),
                "--quick" => order.quick = true,
                _ => bail!("{name} is not known; {USAGE}"),
            }
        }
        if [&order.style, &order.public, &order.site].iter().any(|path| path.as_os_str().is_empty()) {
            bail!(USAGE);
        }
        Ok(order)
    }
}
