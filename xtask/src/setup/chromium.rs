//! Chromium and its driver, for tests: the system's, else Debian's, installed as root or unpacked into our own folder.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use super::{
    Tool,
    apt::{self, Apt},
};
use crate::{
    shell::{run, step, which},
    workspace::Workspace,
};

pub struct Chromium {
    pub browser: PathBuf,
    pub driver: PathBuf,
}

/// A small machine has no font at all, and a page without glyphs has another layout.
const PACKAGES: [&str; 3] = ["chromium", "chromium-driver", "fonts-liberation"];

pub fn install(workspace: &Workspace) -> Result<Chromium> {
    if let Some(found) = on_system() {
        return Ok(found);
    }
    if !Apt::possible() {
        bail!(
            "the browser tests need Chromium and its driver on the PATH (`chromium` and `chromedriver`); install both, then call this again"
        );
    }
    if apt::is_root() {
        return from_apt(workspace);
    }
    let place =
        Tool { name: "chromium", version: "recipe 1", about: "unpacked without root: 134 MB, about 10 s" }
            .once(workspace, |place| unpack(workspace, place))?;
    Ok(Chromium { browser: place.join("bin/chromium"), driver: place.join("bin/chromedriver") })
}

fn on_system() -> Option<Chromium> {
    let browser = ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(which)?;
    Some(Chromium { browser, driver: which("chromedriver")? })
}

fn from_apt(workspace: &Workspace) -> Result<Chromium> {
    step("installing chromium and chromium-driver", "134 MB, about 20 s", || {
        Apt::new(workspace)?.install_fresh(&PACKAGES)
    })?;
    on_system().context("chromium was installed, but is not on the PATH")
}

/// Everything that the two need and this machine has not, unpacked side by side.
fn unpack(workspace: &Workspace, place: &Path) -> Result<()> {
    let apt = Apt::new(workspace)?;
    let packages = match apt.missing(&PACKAGES) {
        Ok(packages) => packages,
        Err(_) => {
            apt.update()?;
            apt.missing(&PACKAGES)?
        }
    };
    let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
    let debs = workspace.tools.join("chromium.debs");
    for deb in apt.download(&packages, &debs)? {
        run(Command::new("dpkg").arg("-x").arg(&deb).arg(place))?;
    }
    fs::remove_dir_all(&debs)?;
    wrap(place, "chromium", "usr/lib/chromium/chromium")?;
    wrap(place, "chromedriver", "usr/bin/chromedriver")
}

fn wrap(place: &Path, name: &str, program: &str) -> Result<()> {
    // Some packages still bring their libraries in /lib, which on the machine itself is a link to /usr/lib.
    let libraries = ["usr/lib/{}", "usr/lib/{}/pulseaudio", "lib/{}"].map(|folder| format!("$here/{folder}"));
    let libraries = libraries.join(":").replace("{}", &apt::library_folder());
    let script = format!(
        "#!/bin/sh\nhere=$(dirname \"$(dirname \"$(readlink -f \"$0\")\")\")\n\
         [ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_PATH=\"$here/etc/fonts\"\n\
         export XDG_DATA_HOME=\"$here/usr/share\" # where our own fonts are\n\
         LD_LIBRARY_PATH={libraries}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}} exec \"$here/{program}\" \"$@\"\n"
    );
    let file = place.join("bin").join(name);
    fs::create_dir_all(place.join("bin"))?;
    fs::write(&file, script)?;
    Ok(fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?)
}
