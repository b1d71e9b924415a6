//! The standard library for WebAssembly: three roads, one switch (`XTASK_WASM`).

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Result, bail};

use super::{apt::Apt, debian};
use crate::{
    interrupt::Running,
    shell::{now, on_path, read, step},
    workspace::Workspace,
};

pub const TARGET: &str = "wasm32-unknown-unknown";
const RUSTUP_PATIENCE: Duration = Duration::from_secs(20);

/// Who compiles for the browser, and all of a quick build.
pub enum Compiler {
    /// The machine's own toolchain, which has the target.
    Own,
    /// Debian's rustc under this folder, driven by the machine's cargo.
    Debian(PathBuf),
}

impl Compiler {
    /// Makes a cargo command build with this compiler.
    pub fn choose(&self, cargo: &mut Command) {
        if let Self::Debian(place) = self {
            cargo.env("RUSTC", place.join("bin/rustc"));
        }
    }
}

pub fn install(workspace: &Workspace) -> Result<Compiler> {
    let switch = env::var("XTASK_WASM").unwrap_or_else(|_| "auto".to_owned());
    match switch.as_str() {
        "installed" if installed()? => Ok(Compiler::Own),
        "installed" => {
            bail!("XTASK_WASM=installed, but this toolchain has no {TARGET}: `rustup target add {TARGET}`")
        }
        "rustup" => rustup().map(|()| Compiler::Own),
        "debian" => debian::install(workspace).map(Compiler::Debian),
        "auto" => auto(workspace),
        other => bail!("XTASK_WASM={other} is not known; use auto, installed, rustup or debian"),
    }
}

fn auto(workspace: &Workspace) -> Result<Compiler> {
    if installed()? {
        return Ok(Compiler::Own);
    }
    if let Some(place) = debian::installed(workspace)? {
        return Ok(Compiler::Debian(place));
    }
    let no_rustup = match rustup() {
        Ok(()) => return Ok(Compiler::Own),
        Err(error) => error,
    };
    if !Apt::possible() {
        bail!(
            "{no_rustup:#}\nInstall it by hand (`rustup target add {TARGET}`, or your system's package of Rust's wasm32 std), then call this again."
        );
    }
    eprintln!("    {no_rustup:#}; taking Debian's road instead");
    debian::install(workspace).map(Compiler::Debian)
}

fn installed() -> Result<bool> {
    let sysroot = read(Command::new("rustc").args(["--print", "sysroot"]))?;
    Ok(Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET).join("lib").is_dir())
}

fn rustup() -> Result<()> {
    if installed()? {
        return Ok(());
    }
    if !on_path("rustup") {
        bail!("there is no rustup on this machine");
    }
    step(&format!("asking rustup for {TARGET}"), "about 10 s, at most 20", ask_rustup)
}

fn ask_rustup() -> Result<()> {
    // Where it cannot reach its server it fails at length; the reader has our word for it.
    let mut command = Command::new("rustup");
    command.args(["target", "add", TARGET]).env_remove("RUST_BACKTRACE");
    let mut rustup = Running::start(&mut command)?;
    let start = now();
    while start.elapsed() < RUSTUP_PATIENCE {
        if let Some(status) = rustup.0.try_wait()? {
            if status.success() {
                return Ok(());
            }
            bail!("rustup could not get {TARGET}");
        }
        thread::sleep(Duration::from_millis(100));
    }
    bail!("rustup did not get {TARGET} within 20 s");
}
