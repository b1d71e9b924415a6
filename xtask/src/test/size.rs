//! What a first visit loads, as the server sends it to a browser that takes brotli, held against the bars.

use anyhow::{Result, bail};

use super::test_count::TestCount;
use crate::{
    build,
    first_load::{self, WASM_MAX, WHOLE_MAX},
    serve::Server,
    workspace::Workspace,
};

pub fn check(workspace: &Workspace, _: &mut TestCount) -> Result<()> {
    let binary = build::release(workspace)?;
    let server = Server::start(workspace, &binary)?;
    let loaded = first_load::first(&server.address)?;
    eprint!("{}", first_load::table(&loaded));
    let wasm = first_load::sum(loaded.iter().filter(|file| file.address.ends_with(".wasm")));
    if wasm == 0 {
        bail!("the page names no WebAssembly, so nobody would hydrate it");
    }
    if wasm > WASM_MAX {
        bail!(
            "the WebAssembly is {wasm} bytes, at most {WASM_MAX}; what grew? serde_json, formatting of f64 and Resource cost most"
        );
    }
    let whole = first_load::sum(&loaded);
    if whole > WHOLE_MAX {
        bail!("the first visit is {whole} bytes, at most {WHOLE_MAX}");
    }
    eprintln!("    WebAssembly {wasm} of at most {WASM_MAX} bytes, the whole visit {whole} of {WHOLE_MAX}");
    Ok(())
}
