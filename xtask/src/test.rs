//! `cargo xtask test [NAME…]`: every check there is, in the order of what it costs; stops at the first that fails.

mod checks;
mod runs;
mod size;
mod test_count;

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::{setup, shell, tidy, workspace::Workspace};
use test_count::TestCount;

type CheckFn = fn(&Workspace, &mut TestCount) -> Result<()>;

const CHECKS: &[(&str, &str, CheckFn)] = &[
    ("fmt", "the format of the sources", checks::format),
    ("tidy", "the rules of the workspace", |workspace, _| tidy::command(workspace)),
    (
        "clippy",
        "what the compiler and clippy warn of, on the server's and the browser's side",
        checks::clippy,
    ),
    ("doc", "the documentation builds and its links lead somewhere", checks::documentation),
    ("deny", "licences, sources, bans, advisories of everything we depend on", checks::deny),
    ("alerts", "the alert rules, as Prometheus reads them", checks::alerts),
    ("unit", "unit, property and server tests on this machine", runs::unit),
    ("clients", "client libraries of others, unchanged, against the emulator", runs::clients),
    ("wasm", "the browser's code, in Node and in Chromium", runs::wasm),
    ("size", "how much the first visit loads", size::check),
    ("e2e", "the release in a browser, end to end", runs::end_to_end),
];

/// Not a check: a few tests by a part of their names, with everything at hand that they need.
const ONLY: &str = "only";

pub fn command(workspace: &Workspace, names: &[String]) -> Result<ExitCode> {
    if let [only, name] = names
        && only == ONLY
    {
        runs::only(workspace, name, &mut TestCount::default())?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(unknown) = names.iter().find(|name| !CHECKS.iter().any(|(known, ..)| known == name)) {
        eprintln!("there is no check `{unknown}`; there are:\n\n{}", help());
        return Ok(ExitCode::from(2));
    }
    if names.is_empty() {
        shell::step("set-up", "nothing when everything is there", || setup::for_tests(workspace).map(drop))?;
    }
    let mut tally = TestCount::default();
    let mut times = Vec::new();
    for (name, what, check) in CHECKS {
        if names.is_empty() || names.iter().any(|wanted| wanted == name) {
            eprintln!("\n==> {name}: {what}");
            let start = shell::now();
            check(workspace, &mut tally).with_context(|| {
                format!("the check `{name}` failed; alone it runs as `cargo xtask test {name}`")
            })?;
            times.push((name, start.elapsed()));
            eprintln!("    {name}: passed in {:.1} s", start.elapsed().as_secs_f64());
        }
    }
    eprintln!("\nEverything passed:");
    for (name, time) in times {
        eprintln!("  {name:<7} {:>6.1} s", time.as_secs_f64());
    }
    if tally != TestCount::default() {
        println!("{tally}");
    }
    Ok(ExitCode::SUCCESS)
}

pub fn help() -> String {
    let checks = CHECKS.iter().map(|(name, what, _)| format!("  {name:<7} {what}\n"));
    checks.chain([format!("  {ONLY} NAME  the server's tests of that name\n")]).collect()
}
