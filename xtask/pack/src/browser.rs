//! The module and its JavaScript: wasm-bindgen, then wasm-opt, then brotli; skipped whole when nothing of it changed.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
    process::Command,
};

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::{PackOrder, site::PackedSite};

const JS: &str = "studio.js";
const WASM: &str = "studio_bg.wasm";

pub fn pack(order: &PackOrder, module: &Path, site: &mut PackedSite) -> Result<()> {
    // Beside the folder and not in it: everything in it is embedded.
    let stamp_file = order.site.with_extension("stamp");
    let stamp = stamp(order, module)?;
    let made: &[&str] =
        if order.quick { &[JS, WASM] } else { &[JS, WASM, "studio.js.br", "studio_bg.wasm.br"] };
    if fs::read_to_string(&stamp_file).is_ok_and(|found| found == stamp) && site.keep(made) {
        return Ok(());
    }
    _ = fs::remove_file(&stamp_file);
    let work = tempfile::tempdir().context("there is no place for temporary files")?;
    let work = work.path();
    bind(order, module, work)?;
    if let (Some(wasm_opt), false) = (&order.wasm_opt, order.quick) {
        optimise(wasm_opt, &work.join(WASM))?;
    }
    for name in [JS, WASM] {
        site.put(name, &fs::read(work.join(name))?, !order.quick)?;
    }
    fs::write(&stamp_file, stamp).with_context(|| format!("cannot write {}", stamp_file.display()))
}

/// Everything that decides how the result looks: the module, this program, the optimiser, and the flavour.
fn stamp(order: &PackOrder, module: &Path) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    let wasm = fs::read(module)
        .with_context(|| format!("{} is missing; `cargo xtask build` makes it", module.display()))?;
    wasm.hash(&mut hasher);
    fs::read(std::env::current_exe()?)?.hash(&mut hasher);
    (&order.wasm_opt, order.quick).hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}

/// wasm-bindgen as a library, the same version that the module was linked with.
fn bind(order: &PackOrder, module: &Path, work: &Path) -> Result<()> {
    let mut output = Bindgen::new()
        .input_path(module)
        .out_name("studio")
        .web(true)?
        .typescript(false)
        // The page names the module by its content hash; a second address in the script would be a second download.
        .omit_default_module_path(true)
        .remove_name_section(!order.quick)
        .remove_producers_section(!order.quick)
        .generate_output()
        .context("wasm-bindgen could not read the module; is it built for wasm32 and of the version in Cargo.lock?")?;
    drop_dead_exports(&mut output);
    if output.snippets().values().any(|files| !files.is_empty()) || !output.local_modules().is_empty() {
        bail!("a crate brings JavaScript files of its own; the site is flat and has no place for them");
    }
    output.emit(work)
}

/// server_fn pulls in wasm-streams, whose 13 exports nothing calls; as exports they would keep their code alive.
fn drop_dead_exports(output: &mut wasm_bindgen_cli_support::Output) {
    let exports = &mut output.wasm_mut().exports;
    let mut dead = Vec::new();
    for export in exports.iter().filter(|export| export.name.contains("intounderlying")) {
        dead.push(export.id());
    }
    for export in dead {
        exports.delete(export);
    }
}

fn optimise(wasm_opt: &Path, module: &Path) -> Result<()> {
    let status =
        Command::new(wasm_opt).arg("-Oz").arg(module).arg("-o").arg(module).status().with_context(|| {
            format!("cannot start {}; `cargo xtask setup` installs it", wasm_opt.display())
        })?;
    if !status.success() {
        bail!("wasm-opt ended with {status}");
    }
    Ok(())
}
