//! `cargo xtask …`: every command of the house. Here they are only told apart; each has a file of its own.
#![doc = include_str!("../README.md")]

mod bench;
mod build;
mod dev;
mod front;
mod house;
mod interrupt;
mod run;
mod serve;
mod setup;
mod shell;
mod test;
mod tidy;
mod visit;

use std::process::ExitCode;

use house::House;

const HELP: &str = "\
Studio Metrics: the commands of the house

  cargo xtask setup           installs what is missing, and nothing else
  cargo xtask run [ARGS…]     builds and starts the panel; ARGS go to the server
  cargo xtask build           the release: one file, target/studio/studio
  cargo xtask test [NAME…]    every check there is, or only those named
  cargo xtask dev [ARGS…]     builds quickly, rebuilds and reloads on save
  cargo xtask bench [NAME…]   the benchmarks of the bars
  cargo xtask tidy            the rules of the house that no compiler knows

Settings of these commands (environment):
  XTASK_TOOLS       folder for what they install (.tools)
  XTASK_WASM        where WebAssembly's std comes from: auto, installed, rustup, debian (auto)
  CARGO_TARGET_DIR  where cargo builds (target)
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next();
    let rest: Vec<String> = arguments.collect();
    match interrupt::listen().and_then(|()| dispatch(command.as_deref(), &rest)) {
        Ok(code) => code,
        Err(error) => {
            if let Some(code) = interrupt::came() {
                eprintln!("\nInterrupted; the same command goes on from here.");
                return code;
            }
            eprintln!("\n{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Option<&str>, rest: &[String]) -> anyhow::Result<ExitCode> {
    let house = House::find()?;
    match command {
        Some("setup") => setup::command(&house)?,
        Some("run") => run::command(&house, rest)?,
        Some("dev") => dev::command(&house, rest)?,
        Some("build") => build::command(&house)?,
        Some("test") => return test::command(&house, rest),
        Some("bench") => return bench::command(&house, rest),
        Some("tidy") => tidy::command(&house)?,
        Some("help" | "--help" | "-h") => print!("{HELP}"),
        Some(other) => {
            eprintln!("`{other}` is not a command of this house\n\n{HELP}");
            return Ok(ExitCode::from(2));
        }
        None => {
            eprint!("{HELP}");
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}
