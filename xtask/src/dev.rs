//! `cargo xtask dev`: rebuilds and reloads on save, for those who change the panel.
//!
//! Everything is built for speed of building: a debug server that reads the browser's files from the disk, WebAssembly neither
//! optimised nor compressed. A small proxy stands before the server and tells open pages when to load themselves again.

mod proxy;
mod watch;

use std::{env, path::PathBuf, process::Command, sync::Arc, thread, time::Duration};

use anyhow::Result;

use crate::{
    front::{self, Flavour},
    house::House,
    interrupt::{self, Running},
    serve,
    setup::{self, Tools},
    shell::{run, step},
};
use proxy::Door;
use watch::{Change, Watch};

const PAUSE: Duration = Duration::from_millis(300);

pub fn command(house: &House, arguments: &[String]) -> Result<()> {
    let tools = setup::for_build(house)?;
    let mut watch = Watch::begin(house);
    front::build(house, &tools, Flavour::Quick)?;
    let binary = server(house)?;
    let door = Door::open(&env::var("STUDIO_ADDR").unwrap_or_else(|_| "127.0.0.1:3000".to_owned()))?;
    let mut studio = start(&binary, arguments, &door)?;
    println!("The panel is at http://{}; save a file, and it changes (Ctrl-C ends it)", door.address);
    while interrupt::exit_code().is_none() {
        thread::sleep(PAUSE);
        if let Some(change) = watch.look(house) {
            match rebuild(house, &tools, change) {
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

fn rebuild(house: &House, tools: &Tools, change: Change) -> Result<()> {
    match change {
        Change::Look => front::pack(house, tools, Flavour::Quick),
        Change::Server => server(house).map(drop),
        Change::Panel => {
            front::build(house, tools, Flavour::Quick)?;
            server(house).map(drop)
        }
    }
}

fn server(house: &House) -> Result<PathBuf> {
    step("compiling the server", "2 min the first time, then seconds", || {
        let mut cargo = house.cargo();
        run(cargo.args(["build", "-p", "server"]).env("STUDIO_SITE", house.site(Flavour::Quick)))
    })?;
    Ok(house.target.join("debug/studio"))
}

/// Starts the server behind the door, on a port that only the door knows.
fn start(binary: &PathBuf, arguments: &[String], door: &Arc<Door>) -> Result<Running> {
    let mut command = Command::new(binary);
    command.args(arguments).env("STUDIO_ADDR", "127.0.0.1:0");
    let (studio, address) = serve::ready(&mut command)?;
    door.lead_to(address);
    Ok(studio)
}
