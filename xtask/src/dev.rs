//! `cargo xtask dev`: rebuilds and reloads on save, for those who change the panel.
//!
//! Everything is built for speed of building: a debug server that reads the browser's files from the disk, WebAssembly neither
//! optimised nor compressed. A small proxy stands before the server and tells open pages when to load themselves again.

mod proxy;
mod watch;

use std::{env, path::PathBuf, process::Command, sync::Arc, thread, time::Duration};

use anyhow::Result;

use crate::{
    interrupt::{self, Running},
    serve,
    setup::{self, Tools},
    shell::{run, step},
    wasm::{self, Flavour},
    workspace::Workspace,
};
use proxy::Door;
use watch::{Change, Watch};

const PAUSE: Duration = Duration::from_millis(300);

pub fn command(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let tools = setup::for_build(workspace)?;
    let mut watch = Watch::begin(workspace);
    wasm::build(workspace, &tools, Flavour::Quick)?;
    let binary = server(workspace)?;
    let door = Door::open(&env::var("STUDIO_ADDR").unwrap_or_else(|_| "127.0.0.1:3000".to_owned()))?;
    let mut studio = start(&binary, arguments, &door)?;
    println!("The panel is at http://{}; save a file, and it changes (Ctrl-C ends it)", door.address);
    while interrupt::exit_code().is_none() {
        thread::sleep(PAUSE);
        if let Some(change) = watch.look(workspace) {
            match rebuild(workspace, &tools, change) {
                Ok(()) => {
                    studio.stop();
                    studio = start(&binary, arguments, &door)?;
                }
                // The old one goes on; the next save may mend it.
                Err(error) => eprintln!("{error:#}"),
            }
        }
    }
    Ok(())
}

fn rebuild(workspace: &Workspace, tools: &Tools, change: Change) -> Result<()> {
    match change {
        Change::Look => wasm::pack(workspace, tools, Flavour::Quick),
        Change::Server => server(workspace).map(drop),
        Change::Panel => {
            wasm::build(workspace, tools, Flavour::Quick)?;
            server(workspace).map(drop)
        }
    }
}

fn server(workspace: &Workspace) -> Result<PathBuf> {
    step("compiling the server", "2 min the first time, then seconds", || {
        let mut cargo = workspace.cargo();
        run(cargo.args(["build", "-p", "server"]).env("STUDIO_SITE", workspace.site(Flavour::Quick)))
    })?;
    Ok(workspace.target.join("debug/studio"))
}

/// Starts the server behind the door, on a port that only the door knows.
fn start(binary: &PathBuf, arguments: &[String], door: &Arc<Door>) -> Result<Running> {
    let mut command = Command::new(binary);
    command.args(arguments).env("STUDIO_ADDR", "127.0.0.1:0");
    let (studio, address) = serve::ready(&mut command)?;
    door.lead_to(address);
    Ok(studio)
}
