//! Tells the server which folder of browser files to embed, and makes it when it is missing.
//!
//! The folder is `$STUDIO_SITE`, by default `target/site` of this tree. `cargo xtask` fills it; without that (clippy, tests on a clean
//! clone) it is empty and the server still compiles.

use std::{env, fs, path::PathBuf};

fn main() {
    let site = env::var_os("STUDIO_SITE").map_or_else(default_site, PathBuf::from);
    if let Err(error) = fs::create_dir_all(&site) {
        panic!("cannot make {}, the folder of browser files: {error}", site.display());
    }
    println!("cargo::rustc-env=STUDIO_SITE={}", site.display());
    println!("cargo::rerun-if-env-changed=STUDIO_SITE");
    println!("cargo::rerun-if-changed=build.rs");
    // A debug server reads the files from the disk at run time, so only a release is out of date when they change.
    if env::var("PROFILE").as_deref() == Ok("release") {
        println!("cargo::rerun-if-changed={}", site.display());
    }
}

fn default_site() -> PathBuf {
    let server = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    server.join("../target/site")
}
