//! `cargo xtask …`: every command of the workspace. Here they are only told apart; each has a file of its own.
#![doc = include_str!("../README.md")]

mod bench;
mod build;
mod countdown;
mod dev;
mod emulate;
mod first_load;
mod interrupt;
mod run;
mod serve;
mod setup;
mod shell;
mod test;
mod tidy;
mod wasm;
mod workspace;

use std::process::ExitCode;

use workspace::Workspace;

const HELP: &str = "\
Studio Metrics: the commands of the workspace

  cargo xtask setup           installs what is missing, and nothing else
  cargo xtask run [ARGS…]     builds quickly and starts the panel; ARGS go to the server
  cargo xtask build           the release: one file, target/studio/studio
  cargo xtask test [NAME…]    every check there is, or only those named
  cargo xtask dev [ARGS…]     builds quickly, rebuilds and reloads on save
  cargo xtask bench [NAME…]   the benchmarks of the bars
  cargo xtask tidy            the rules of the workspace that no compiler knows

Settings of these commands (environment):
  XTASK_TOOLS       folder for what they install (.tools)
  XTASK_WASM        where WebAssembly's std comes from: auto, installed, rustup, debian (auto)
  CARGO_TARGET_DIR  where cargo builds (target)
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next();
    // A habit from `cargo run`: what stands before it is nothing to us.
    let rest: Vec<String> = arguments.skip_while(|word| word == "--").collect();
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
    let asks_for_help = rest.iter().any(|word| word == "--help" || word == "-h");
    let workspace = Workspace::find()?;
    match command {
        // What follows these two is the server's.
        Some("run") => run::command(&workspace, rest)?,
        Some("dev") => dev::command(&workspace, rest)?,
        Some("help" | "--help" | "-h") => print!("{}", help()),
        Some("test") if !asks_for_help => return test::command(&workspace, rest),
        Some("bench") if !asks_for_help => return bench::command(&workspace, rest),
        Some("setup") if rest.is_empty() => setup::command(&workspace)?,
        Some("build") if rest.is_empty() => build::command(&workspace)?,
        Some("tidy") if rest.is_empty() => tidy::command(&workspace)?,
        Some("test" | "bench" | "setup" | "build" | "tidy") if asks_for_help => print!("{}", help()),
        None => return Ok(wrong("Which command?")),
        Some(name @ ("setup" | "build" | "tidy")) => {
            return Ok(wrong(&format!("`{name}` takes nothing after it")));
        }
        Some(name) => return Ok(wrong(&format!("`{name}` is not a command of this workspace"))),
    }
    Ok(ExitCode::SUCCESS)
}

fn wrong(what: &str) -> ExitCode {
    eprint!("{what}\n\n{}", help());
    ExitCode::from(2)
}

fn help() -> String {
    format!("{HELP}\nChecks:\n{}\nBenchmarks:\n{}", test::help(), bench::help())
}
