//! Tells the server which version it is, and which folder of browser files to embed, which is made when it is missing.
//!
//! The version is the package's; `cargo xtask build` adds the commit by `$STUDIO_COMMIT`. It is not read from the checkout here:
//! every commit would make every build begin anew.
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
    println!("cargo::rustc-env=STUDIO_VERSION={}", version());
    println!("cargo::rerun-if-env-changed=STUDIO_COMMIT");
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

/// `0.1.0`, or `0.1.0+1a2b3c4d5e6f`.
fn version() -> String {
    let package = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    match env::var("STUDIO_COMMIT") {
        Ok(commit) if !commit.is_empty() => format!("{package}+{commit}"),
        _ => package,
    }
}
