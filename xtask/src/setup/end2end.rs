//! Playwright and axe, from npm, in the versions of `end2end/package-lock.json`.

use std::fs;

use anyhow::{Context, Result};

use super::node;
use crate::{
    shell::{run, step},
    workspace::Workspace,
};

pub fn install(workspace: &Workspace) -> Result<()> {
    node::check().context("the tests in a browser need Node")?;
    let folder = workspace.root.join("end2end");
    let lock = fs::read(folder.join("package-lock.json")).context("end2end/package-lock.json is missing")?;
    let stamp = folder.join("node_modules/.installed-lock");
    if fs::read(&stamp).is_ok_and(|found| found == lock) {
        return Ok(());
    }
    step("installing Playwright and axe into end2end/node_modules", "20 MB, about 5 s", || {
        // Browsers of Playwright's own are not wanted: Chromium is there already.
        let mut npm = node::npm();
        npm.arg("ci").current_dir(&folder).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
        run(&mut npm).context("npm could not install what end2end needs; is there a network?")?;
        Ok(fs::write(&stamp, &lock)?)
    })
}
