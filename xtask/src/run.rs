//! `cargo xtask run`: builds what is out of date, quickly, and becomes the server. The first time the pages are there before what
//! makes them live, which is compiled meanwhile.

use std::{os::unix::process::CommandExt, path::Path, process::Command};

use anyhow::{Result, anyhow};

use crate::{
    build,
    countdown::{BuildPlan, Countdown},
    serve,
    setup::{self, Tools},
    wasm::{self, Flavour},
    workspace::Workspace,
};

pub fn command(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let tools = setup::for_quick_build(workspace)?;
    if wasm::is_packed(workspace, Flavour::Quick) || !serves(arguments) {
        let mut countdown = Countdown::of(BuildPlan::Run, build::quick_binary(workspace).exists());
        wasm::build(workspace, &tools, Flavour::Quick, &mut countdown)?;
        countdown.step(|| build::quick_server(workspace, &tools))?;
    } else {
        pages_first(workspace, &tools, arguments)?;
    }
    eprintln!("==> starting the panel (Ctrl-C ends it)");
    become_server(&build::quick_binary(workspace), arguments)
}

/// Whether it is the server that is asked for, and none of the binary's other commands.
fn serves(arguments: &[String]) -> bool {
    arguments.first().is_none_or(|first| first.starts_with('-') || first == "serve")
}

/// Starts the server as soon as it is compiled, and ends it when the browser's part is there too.
fn pages_first(workspace: &Workspace, tools: &Tools, arguments: &[String]) -> Result<()> {
    let mut countdown = Countdown::of(BuildPlan::FirstRun, build::quick_binary(workspace).exists());
    countdown.step(|| wasm::pack_look(workspace, tools))?;
    let binary = countdown.step(|| build::quick_server(workspace, tools))?;
    let (_pages, address) = serve::ready(Command::new(&binary).args(arguments))?;
    println!(
        "The panel is at http://{address}/ already. What makes it live is compiled now; until then the page \
         loads itself again every 10 seconds."
    );
    wasm::build(workspace, tools, Flavour::Quick, &mut countdown)
}

/// The server takes this process over, so signals, exit code and standard output are its own and nothing has to be passed on.
fn become_server(binary: &Path, arguments: &[String]) -> Result<()> {
    let error = Command::new(binary).args(arguments).exec();
    Err(anyhow!("cannot start {}: {error}", binary.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_commands_are_no_server() {
        let serves =
            |words: &[&str]| serves(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert!(serves(&[]) && serves(&["serve"]) && serves(&["--config", "mine.toml"]));
        assert!(!serves(&["check"]) && !serves(&["import", "runs.csv"]));
    }
}
