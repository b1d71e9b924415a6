//! Playwright and axe, from npm, in the versions of `end2end/package-lock.json`.

use std::{fs, process::Command};

use anyhow::{Context, Result, bail};

use crate::{
    house::House,
    shell::{on_path, run, step},
};

pub fn install(house: &House) -> Result<()> {
    if !on_path("node") || !on_path("npm") {
        bail!(
            "the tests in a browser need Node 20 or newer with npm; install it (Debian: `apt-get install nodejs npm`), then call this again"
        );
    }
    let folder = house.root.join("end2end");
    let lock = fs::read(folder.join("package-lock.json")).context("end2end/package-lock.json is missing")?;
    let stamp = folder.join("node_modules/.installed-lock");
    if fs::read(&stamp).is_ok_and(|found| found == lock) {
        return Ok(());
    }
    step("installing Playwright and axe into end2end/node_modules", "about 5 s", || {
        // Browsers of Playwright's own are not wanted: Chromium is there already.
        let mut npm = Command::new("npm");
        npm.args(["ci", "--silent", "--no-fund", "--no-audit"])
            .current_dir(&folder)
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
        run(&mut npm).context("npm could not install what end2end needs; is there a network?")?;
        Ok(fs::write(&stamp, &lock)?)
    })
}
