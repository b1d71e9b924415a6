//! What a first visit loads, as the server sends it to a browser that takes brotli, held against the bars.

use anyhow::{Result, bail};

use super::tally::Tally;
use crate::{
    build,
    house::House,
    serve::Server,
    visit::{self, WASM_MAX, WHOLE_MAX},
};

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
            "the WebAssembly is {wasm} bytes, at most {WASM_MAX}; what grew? serde_json, formatting of f64 and Resource cost most"
        );
    }
    let whole = visit::sum(&loaded);
    if whole > WHOLE_MAX {
        bail!("the first visit is {whole} bytes, at most {WHOLE_MAX}");
    }
    eprintln!("    WebAssembly {wasm} of at most {WASM_MAX} bytes, the whole visit {whole} of {WHOLE_MAX}");
    Ok(())
}
