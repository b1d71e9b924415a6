//! What a first visit loads, as the server sends it to a browser that takes brotli, held against the bars.

use anyhow::{Result, bail};

use super::tally::Tally;
use crate::{build, house::House, serve::Server, visit};

/// QUALITY.md's bars, in bytes.
const WASM_MAX: usize = 100_000;
const VISIT_MAX: usize = 130_000;

pub fn check(house: &House, _: &mut Tally) -> Result<()> {
    let binary = build::release(house)?;
    let server = Server::start(house, &binary)?;
    let loaded = visit::first(&server.address)?;
    eprint!("{}", visit::table(&loaded));
    let wasm = visit::sum(loaded.iter().filter(|file| file.address.ends_with(".wasm")));
    if wasm == 0 {
        bail!("the page names no WebAssembly, so nobody would hydrate it");
    }
    if wasm > WASM_MAX {
        bail!(
            "the WebAssembly is {wasm} bytes, at most {WASM_MAX}; what grew? (shared HYDRATION: serde_json, f64 formatting and Resource cost most)"
        );
    }
    let whole = visit::sum(&loaded);
    if whole > VISIT_MAX {
        bail!("the first visit is {whole} bytes, at most {VISIT_MAX}");
    }
    eprintln!("    WebAssembly {wasm} of at most {WASM_MAX} bytes, the whole visit {whole} of {VISIT_MAX}");
    Ok(())
}
