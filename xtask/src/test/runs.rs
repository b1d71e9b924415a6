//! Checks that run tests: on this machine, in Node, in Chromium.

use std::process::Command;

use anyhow::{Result, bail};

use super::{checks::choose, test_count::TestCount};
use crate::{
    build,
    setup::{self, TARGET},
    shell::run,
    workspace::Workspace,
};

pub fn unit(workspace: &Workspace, tally: &mut TestCount) -> Result<()> {
    tally.run(&mut server_side(workspace)?)?;
    tally.run(workspace.cargo().args(["test", "-p", "xtask"]))?;
    tally.run(workspace.cargo().args(["test", "-p", "pack", "--profile", "tool"]))
}

/// Those of the server's side whose names contain this.
pub fn only(workspace: &Workspace, name: &str, tally: &mut TestCount) -> Result<()> {
    tally.run(server_side(workspace)?.arg(name))
}

/// The ledger's tests start a PostgreSQL of their own, with a pooler before it.
fn server_side(workspace: &Workspace) -> Result<Command> {
    let postgres = setup::postgres(workspace)?;
    let mut cargo = workspace.cargo();
    cargo
        .arg("test")
        .env("STUDIO_POSTGRES", &postgres.programs)
        .env("STUDIO_PGBOUNCER", &postgres.pooler)
        .env("STUDIO_STRACE", setup::strace(workspace)?);
    choose(&mut cargo, &workspace.server_side()?);
    Ok(cargo)
}

/// What is run against an emulator of its own each, and whether over https.
const CLIENTS: &[(&str, bool)] = &[
    ("dataverse.py", true),
    ("dataverse-api.py", false),
    ("dynamics-web-api.mjs", false),
    ("dataverse-webapi.mjs", true),
];

/// Client libraries that others wrote: Microsoft's and the community's, for Python and for JavaScript.
pub fn clients(workspace: &Workspace, tally: &mut TestCount) -> Result<()> {
    let clients = setup::clients(workspace)?;
    // Built of the same parts as the unit tests, so that there is nothing left to compile after them.
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--bin", "studio"]);
    choose(&mut cargo, &workspace.server_side()?);
    run(&mut cargo)?;
    let scripts = workspace.root.join(setup::CLIENTS);
    let emulator = [workspace.target.join("debug/studio").into_os_string(), "emulate".into()];
    for (script, https) in CLIENTS {
        let mut client = match script.ends_with(".py") {
            true => Command::new(&clients.python),
            false => Command::new("node"),
        };
        client.current_dir(&clients.npm).arg(scripts.join(script));
        client.args(&emulator).args(["--listen", "127.0.0.1:0", "--admin"]).args(https.then_some("--https"));
        tally.run(&mut client)?;
    }
    Ok(())
}

/// The tests of package `studio`, compiled as the browser gets it. A file with `run_in_browser` runs in Chromium, any other in Node.
pub fn wasm(workspace: &Workspace, tally: &mut TestCount) -> Result<()> {
    let compiler = setup::compiler(workspace)?;
    let runner = setup::wasm_test_runner(workspace)?;
    let chromium = setup::chromium(workspace)?;
    let webdriver = workspace.wasm_target().join("webdriver.json");
    std::fs::create_dir_all(workspace.wasm_target())?;
    std::fs::write(&webdriver, capabilities(&chromium.browser.to_string_lossy()))?;
    for file in ["node", "browser"] {
        let mut cargo = workspace.wasm_cargo();
        cargo.args(["test", "-p", "studio", "--target", TARGET, "--test", file]);
        cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", &runner);
        cargo.env("CHROMEDRIVER", &chromium.driver).env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", &webdriver);
        compiler.choose(&mut cargo);
        tally.run(&mut cargo)?;
    }
    Ok(())
}

/// Root cannot use Chromium's sandbox, and nothing here should speak to the network behind our back.
const ARGUMENTS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

fn capabilities(browser: &str) -> String {
    serde_json::json!({"goog:chromeOptions": {"binary": browser, "args": ARGUMENTS}}).to_string()
}

/// Playwright starts the release itself, as often as its tests need one.
pub fn end_to_end(workspace: &Workspace, tally: &mut TestCount) -> Result<()> {
    setup::end2end(workspace)?;
    let chromium = setup::chromium(workspace)?;
    let binary = build::release(workspace)?;
    let folder = workspace.root.join("end2end");
    if !folder.join("playwright.config.ts").is_file() {
        bail!("end2end/playwright.config.ts is missing");
    }
    let mut node = Command::new("node");
    node.args(["node_modules/@playwright/test/cli.js", "test"]).current_dir(folder);
    tally.run(node.env("STUDIO_BIN", binary).env("STUDIO_CHROMIUM", chromium.browser))
}
