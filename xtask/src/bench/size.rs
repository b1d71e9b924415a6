//! How many bytes the first visit loads.

use std::path::Path;

use anyhow::Result;

use super::{Figure, Report};
use crate::{
    house::House,
    serve::Server,
    visit::{self, Loaded},
};

pub fn measure(house: &House, binary: &Path) -> Result<Report> {
    let server = Server::start(house, binary)?;
    let loaded = visit::first(&server.address)?;
    eprint!("{}", visit::table(&loaded));
    let kilobytes = |ending: &str| {
        let files = loaded.iter().filter(|file| file.address.ends_with(ending));
        visit::sum(files) as f64 / 1000.0
    };
    let kilobyte = |what, value, bar: Option<f64>| Figure::at_most(what, value, "KB", bar);
    Ok(Report {
        method:
            "bytes of every body of a first visit, as sent to a browser that takes brotli; KB = 1000 bytes"
                .to_owned(),
        figures: vec![
            kilobyte("the whole visit", kilobytes(""), Some(visit::WHOLE_MAX as f64 / 1000.0)),
            kilobyte("WebAssembly", kilobytes(".wasm"), Some(visit::WASM_MAX as f64 / 1000.0)),
            kilobyte("JavaScript", kilobytes(".js"), None),
            kilobyte("styles", kilobytes(".css"), None),
            kilobyte("the page", page(&loaded), None),
        ],
    })
}

fn page(loaded: &[Loaded]) -> f64 {
    visit::sum(loaded.iter().filter(|file| file.address == "/")) as f64 / 1000.0
}
