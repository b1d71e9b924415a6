//! `cargo xtask dev`: rebuilds and reloads on save, for those who change the panel.
//!
//! Everything is built for speed of building: a debug server that reads the browser's files from the disk, WebAssembly neither
//! optimised nor compressed. Open pages load themselves again when the server is back.

mod watch;

use std::{
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use anyhow::Result;

use crate::{
    countdown::{BuildPlan, Countdown},
    interrupt::{self, Running},
    serve,
    setup::{self, Tools},
    shell::run,
    wasm::{self, Flavour},
    workspace::Workspace,
};
use watch::{Rebuild, Watch};

const PAUSE: Duration = Duration::from_millis(300);

pub fn command(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let tools = setup::for_quick_build(workspace)?;
    let watch = Watch::begin(workspace)?;
    let mut countdown = countdown(workspace);
    wasm::build(workspace, &tools, Flavour::Dev, &mut countdown)?;
    let binary = server(workspace, &mut countdown)?;
    let (mut studio, address) = start(&binary, arguments)?;
    println!("The panel is at http://{address}; save a file, and it changes (Ctrl-C ends it)");
    while interrupt::exit_code().is_none() {
        thread::sleep(PAUSE);
        if let Some(change) = watch.look() {
            match rebuild(workspace, &tools, change) {
                Ok(()) => {
                    // An open page holds a connection, for which an orderly end would wait; what was answered is on disk.
                    studio.kill();
                    (studio, _) = start(&binary, arguments)?;
                }
                // The old one goes on; the next save may mend it.
                Err(error) => eprintln!("{error:#}"),
            }
        }
    }
    Ok(())
}

fn rebuild(workspace: &Workspace, tools: &Tools, change: Rebuild) -> Result<()> {
    match change {
        Rebuild::Look => wasm::pack(workspace, tools, Flavour::Dev),
        Rebuild::Server => compile(workspace).map(drop),
        Rebuild::Panel => {
            let mut countdown = countdown(workspace);
            wasm::build(workspace, tools, Flavour::Dev, &mut countdown)?;
            server(workspace, &mut countdown).map(drop)
        }
    }
}

fn countdown(workspace: &Workspace) -> Countdown {
    Countdown::of(BuildPlan::Dev, binary(workspace).exists())
}

fn server(workspace: &Workspace, countdown: &mut Countdown) -> Result<PathBuf> {
    countdown.step(|| compile(workspace))
}

fn compile(workspace: &Workspace) -> Result<PathBuf> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "-p", "server", "--no-default-features", "--features", "livereload"]);
    run(cargo.env("STUDIO_SITE", workspace.site(Flavour::Dev)))?;
    Ok(binary(workspace))
}

fn binary(workspace: &Workspace) -> PathBuf {
    workspace.target.join("debug/studio")
}

fn start(binary: &Path, arguments: &[String]) -> Result<(Running, String)> {
    serve::ready(Command::new(binary).args(arguments))
}
