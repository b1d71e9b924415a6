//! Checks that run tests: on this machine, in Node, in Chromium.

use std::process::Command;

use anyhow::{Result, bail};

use super::{checks::choose, tally::Tally};
use crate::{
    build,
    house::House,
    setup::{self, TARGET},
    shell::run,
};

pub fn unit(house: &House, tally: &mut Tally) -> Result<()> {
    tally.run(&mut server_side(house)?)?;
    tally.run(house.cargo().args(["test", "-p", "xtask"]))?;
    tally.run(house.cargo().args(["test", "-p", "pack", "--profile", "tool"]))
}

/// Those of the server's side whose names contain this.
pub fn only(house: &House, name: &str, tally: &mut Tally) -> Result<()> {
    tally.run(server_side(house)?.arg(name))
}

/// The ledger's tests start a PostgreSQL of their own, with a pooler before it.
fn server_side(house: &House) -> Result<Command> {
    let postgres = setup::postgres(house)?;
    let mut cargo = house.cargo();
    cargo
        .arg("test")
        .env("STUDIO_POSTGRES", &postgres.programs)
        .env("STUDIO_PGBOUNCER", &postgres.pooler)
        .env("STUDIO_STRACE", setup::strace(house)?);
    choose(&mut cargo, &house.server_side()?);
    Ok(cargo)
}

/// Microsoft's Python client over https, and the community's for JavaScript over http, each with an emulator of its own.
pub fn clients(house: &House, tally: &mut Tally) -> Result<()> {
    let clients = setup::clients(house)?;
    // Built of the same parts as the unit tests, so that there is nothing left to compile after them.
    let mut cargo = house.cargo();
    cargo.args(["build", "--bin", "studio"]);
    choose(&mut cargo, &house.server_side()?);
    run(&mut cargo)?;
    let scripts = house.root.join(setup::CLIENTS);
    let emulator = [house.target.join("debug/studio").into_os_string(), "emulate".into()];
    let mut python = Command::new(clients.python);
    python.arg(scripts.join("dataverse.py")).args(&emulator).args(["--listen", "127.0.0.1:0", "--https"]);
    tally.run(&mut python)?;
    let mut node = Command::new("node");
    node.arg(scripts.join("dynamics-web-api.mjs")).args(&emulator).args(["--listen", "127.0.0.1:0"]);
    tally.run(node.current_dir(clients.npm))
}

/// The tests of package `studio`, compiled as the browser gets it. A file with `run_in_browser` runs in Chromium, any other in Node.
pub fn wasm(house: &House, tally: &mut Tally) -> Result<()> {
    let compiler = setup::compiler(house)?;
    let runner = setup::wasm_test_runner(house)?;
    let chromium = setup::chromium(house)?;
    let webdriver = house.front_target().join("webdriver.json");
    std::fs::create_dir_all(house.front_target())?;
    std::fs::write(&webdriver, capabilities(&chromium.browser.to_string_lossy()))?;
    for file in ["node", "browser"] {
        let mut cargo = house.front_cargo();
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
pub fn end_to_end(house: &House, tally: &mut Tally) -> Result<()> {
    setup::end2end(house)?;
    let chromium = setup::chromium(house)?;
    let binary = build::release(house)?;
    let folder = house.root.join("end2end");
    if !folder.join("playwright.config.ts").is_file() {
        bail!("end2end/playwright.config.ts is missing");
    }
    let mut node = Command::new("node");
    node.args(["node_modules/@playwright/test/cli.js", "test"]).current_dir(folder);
    tally.run(node.env("STUDIO_BIN", binary).env("STUDIO_CHROMIUM", chromium.browser))
}
