//! `cargo xtask run`: builds what is out of date, quickly, and becomes the server. The first time the pages are there before what
//! makes them live, which is compiled meanwhile.

use std::{os::unix::process::CommandExt, path::Path, process::Command};

use anyhow::{Result, anyhow, bail};

use crate::{
    build,
    countdown::{BuildPlan, Countdown},
    interrupt, serve,
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
        return become_server(&build::quick_binary(workspace), arguments, None);
    }
    let address = pages_first(workspace, &tools, arguments)?;
    become_server(&build::quick_binary(workspace), arguments, Some(&address))
}

/// Whether it is the server that is asked for, and none of the binary's other commands or words about itself.
fn serves(arguments: &[String]) -> bool {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] | ["serve"] => true,
        ["--config", _, rest @ ..] | ["serve", "--config", _, rest @ ..] => matches!(rest, [] | ["serve"]),
        _ => false,
    }
}

/// Starts the server as soon as it is compiled, and ends it when the browser's part is there too. Says where it listened.
fn pages_first(workspace: &Workspace, tools: &Tools, arguments: &[String]) -> Result<String> {
    // Whatever an earlier one left: the longest steps were never done.
    let mut countdown = Countdown::of(BuildPlan::FirstRun, false);
    countdown.step(|| wasm::pack_look(workspace, tools))?;
    let binary = countdown.step(|| build::quick_server(workspace, tools))?;
    let (pages, address) = serve::ready(Command::new(&binary).args(arguments))?;
    println!(
        "The panel is at http://{address}/ already. What makes it live is compiled now; until then the page \
         loads itself again every 10 seconds (should it once not come back, load it yourself)."
    );
    wasm::build(workspace, tools, Flavour::Quick, &mut countdown)?;
    drop(pages);
    // A signal that came while that ended was meant for us too.
    if interrupt::came().is_some() {
        bail!("interrupted");
    }
    Ok(address)
}

/// The server takes this process over, so signals, exit code and standard output are its own and nothing has to be passed on.
/// `address` is where pages that are open look for it.
fn become_server(binary: &Path, arguments: &[String], address: Option<&str>) -> Result<()> {
    eprintln!("==> starting the panel (Ctrl-C ends it)");
    let error = Command::new(binary).args(arguments).envs(address.map(|at| ("STUDIO_ADDR", at))).exec();
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
        assert!(serves(&["--config", "mine.toml", "serve"]) && serves(&["serve", "--config", "mine.toml"]));
        assert!(!serves(&["check"]) && !serves(&["import", "runs.csv"]) && !serves(&["--help"]));
        assert!(!serves(&["--config", "mine.toml", "import", "runs.csv"]));
    }
}
