//! How many bytes the first visit loads.

use std::path::Path;

use anyhow::Result;

use super::{BenchReport, Figure};
use crate::{
    first_load::{self, Loaded},
    serve::Server,
    workspace::Workspace,
};

pub fn measure(workspace: &Workspace, binary: &Path) -> Result<BenchReport> {
    let server = Server::start(workspace, binary)?;
    let loaded = first_load::first(&server.address)?;
    eprint!("{}", first_load::table(&loaded));
    let kilobytes = |ending: &str| {
        let files = loaded.iter().filter(|file| file.address.ends_with(ending));
        first_load::sum(files) as f64 / 1000.0
    };
    let kilobyte = |what, value, bar: Option<f64>| Figure::at_most(what, value, "KB", bar);
    Ok(BenchReport {
        method:
            "bytes of every body of a first visit, as sent to a browser that takes brotli; KB = 1000 bytes"
                .to_owned(),
        figures: vec![
            kilobyte("the whole visit", kilobytes(""), Some(first_load::WHOLE_MAX as f64 / 1000.0)),
            kilobyte("WebAssembly", kilobytes(".wasm"), Some(first_load::WASM_MAX as f64 / 1000.0)),
            kilobyte("JavaScript", kilobytes(".js"), None),
            kilobyte("styles", kilobytes(".css"), None),
            kilobyte("the page", page(&loaded), None),
        ],
    })
}

fn page(loaded: &[Loaded]) -> f64 {
    first_load::sum(loaded.iter().filter(|file| file.address == "/")) as f64 / 1000.0
}
