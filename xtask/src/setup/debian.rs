//! Debian's road to WebAssembly: its rustc, unpacked into our own folder, compiles the standard library from its own source.
//!
//! Nothing is installed. The machine's cargo drives that rustc through `RUSTC`.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use super::{
    Tool,
    apt::{self, Apt},
    wasm_std::TARGET,
};
use crate::{
    shell::{read, run},
    workspace::Workspace,
};

/// Its version changes when the recipe below does, so that an older result is made again.
const TOOL: Tool<'_> = Tool {
    name: "rust-wasm",
    version: "recipe 1",
    about: "Debian's rustc, and with it the std for WebAssembly: 140 MB, about 40 s",
};

/// Finds its own folder, so that the whole can be moved. It must be called `rustc`, or clippy refuses it.
const WRAPPER: &str = r#"#!/bin/sh
here=$(dirname "$(dirname "$(readlink -f "$0")")")
LD_LIBRARY_PATH=$here/usr/lib/FOLDER:$here/lib/FOLDER${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} exec "$here/usr/bin/PROGRAM" "$@"
"#;

pub fn installed(workspace: &Workspace) -> Result<Option<PathBuf>> {
    let Some(place) = TOOL.find(workspace) else { return Ok(None) };
    link_linker(&place)?;
    let version = read(Command::new(place.join("bin/rustc")).arg("--version"))?;
    let version = version.split_whitespace().nth(1).unwrap_or_default();
    if super::number(version) < super::number(&super::rust_version(workspace)?) {
        // The workspace has gone on to a newer Rust.
        fs::remove_dir_all(&place)?;
        return Ok(None);
    }
    Ok(Some(place))
}

pub fn install(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(place) = installed(workspace)? {
        return Ok(place);
    }
    if !Apt::possible() {
        bail!("Debian's road to WebAssembly needs the apt-get and dpkg of Debian or Ubuntu");
    }
    TOOL.once(workspace, |place| {
        unpack(workspace, place)?;
        link_linker(place)?;
        wrap(place, "rustc")?;
        wrap(place, "clippy-driver")?;
        build_std(workspace, place)?;
        sweep(workspace, place)
    })
}

fn debs(workspace: &Workspace) -> PathBuf {
    workspace.tools.join("rust-wasm.debs")
}

/// Fetches the packages and unpacks them: of the source only the library.
fn unpack(workspace: &Workspace, place: &Path) -> Result<()> {
    let apt = Apt::new(workspace)?;
    refresh_if_old(workspace, &apt)?;
    let std = apt.dependency("libstd-rust-web-dev", "libstd-rust-web-")?;
    let llvm = apt.dependency(&std, "libllvm")?;
    let mut packages = vec!["rustc-web", "rust-web-clippy", "libstd-rust-web-dev", "rust-web-src", &std];
    // LLVM, unless the machine has it, and whatever a small machine lacks of the libraries that it needs.
    let libraries = apt.missing(&[&llvm])?;
    packages.extend(libraries.iter().map(String::as_str));
    for deb in apt.download(&packages, &debs(workspace))? {
        let is_source =
            deb.file_name().is_some_and(|name| name.to_string_lossy().starts_with("rust-web-src"));
        if is_source {
            unpack_library(&deb, &place.join("source"))?;
        } else {
            run(Command::new("dpkg").arg("-x").arg(&deb).arg(place))?;
        }
    }
    let source = rustlib(place).join("src/rust");
    fs::create_dir_all(&source)?;
    fs::rename(place.join("source/library"), source.join("library"))
        .context("rust-web-src holds no library folder")
}

/// Lists of last year name a rustc that is too old for this workspace, or a package that is gone.
fn refresh_if_old(workspace: &Workspace, apt: &Apt) -> Result<()> {
    let wanted = super::rust_version(workspace)?;
    let new_enough =
        || apt.version("rustc-web").is_some_and(|version| super::number(&version) >= super::number(&wanted));
    if new_enough() {
        return Ok(());
    }
    apt.update()?;
    if !new_enough() {
        bail!(
            "the package rustc-web is missing here or older than {wanted}; install the target another way: `rustup target add {TARGET}`"
        );
    }
    Ok(())
}

fn unpack_library(deb: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    let mut dpkg = Command::new("dpkg").arg("--fsys-tarfile").arg(deb).stdout(Stdio::piped()).spawn()?;
    let tar = dpkg.stdout.take().context("dpkg gave no output")?;
    let only = ["-x", "--strip-components=4", "--wildcards", "./usr/src/rustc-*/library/*"];
    run(Command::new("tar").arg("-C").arg(to).args(only).stdin(tar))?;
    dpkg.wait()?;
    Ok(())
}

fn rustlib(place: &Path) -> PathBuf {
    place.join("usr/lib/rustlib")
}

/// The linker is the machine's own toolchain's, which may have moved since.
fn link_linker(place: &Path) -> Result<()> {
    let host = host()?;
    let sysroot = read(Command::new("rustc").args(["--print", "sysroot"]))?;
    let linker = Path::new(sysroot.trim()).join("lib/rustlib").join(&host).join("bin/rust-lld");
    let link = rustlib(place).join(&host).join("bin/rust-lld");
    if fs::read_link(&link).is_ok_and(|found| found == linker) {
        return Ok(());
    }
    if !linker.exists() {
        bail!("this Rust toolchain has no rust-lld ({}); install one with rustup", linker.display());
    }
    fs::create_dir_all(link.with_file_name(""))?;
    _ = fs::remove_file(&link);
    symlink(&linker, &link).with_context(|| format!("cannot link {}", link.display()))
}

fn wrap(place: &Path, program: &str) -> Result<()> {
    let script = WRAPPER.replace("FOLDER", &apt::library_folder()).replace("PROGRAM", program);
    let file = place.join("bin").join(program);
    fs::create_dir_all(place.join("bin"))?;
    fs::write(&file, script)?;
    Ok(fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?)
}

/// Compiles std with cargo's `-Zbuild-std`, for an empty package, and puts it where that rustc looks for it.
fn build_std(workspace: &Workspace, place: &Path) -> Result<()> {
    let work = place.join("std");
    fs::create_dir_all(work.join("src"))?;
    fs::write(work.join("src/lib.rs"), "")?;
    let manifest = work.join("Cargo.toml");
    let text = "[package]\nname=\"std-for-wasm\"\nversion=\"0.0.0\"\nedition=\"2021\"\n[workspace]\n[profile.release]\ncodegen-units=1\n";
    fs::write(&manifest, text)?;
    let source = rustlib(place).join("src/rust");
    let flags =
        format!("-Cembed-bitcode=yes --remap-path-prefix={}=rust {}", source.display(), workspace.remap());
    let mut cargo = workspace.cargo();
    cargo.args([
        "build",
        "--quiet",
        "--release",
        "--target",
        TARGET,
        "-Zbuild-std=std,panic_abort,test,proc_macro",
    ]);
    cargo.arg("--manifest-path").arg(&manifest).arg("--target-dir").arg(work.join("target"));
    cargo.env("RUSTC", place.join("bin/rustc")).env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", flags);
    run(&mut cargo)?;
    let library = rustlib(place).join(TARGET).join("lib");
    fs::create_dir_all(&library)?;
    for entry in fs::read_dir(work.join("target").join(TARGET).join("release/deps"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libstd_for_wasm") {
            fs::copy(&path, library.join(name))?;
        }
    }
    Ok(())
}

/// What was only needed to get here: 300 MB of packages, source and intermediate files.
fn sweep(workspace: &Workspace, place: &Path) -> Result<()> {
    for folder in [debs(workspace), place.join("source"), place.join("std"), rustlib(place).join("src")] {
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
    }
    Ok(())
}

fn host() -> Result<String> {
    let text = read(Command::new("rustc").arg("-vV"))?;
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .context("rustc names no host")
}
