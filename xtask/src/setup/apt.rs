//! Debian's package client: fetching packages to unpack them into a folder of ours, as root or not.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{
    shell::{on_path, read, run},
    workspace::Workspace,
};

/// apt with its lists. Only root may refresh the machine's own, so everybody else keeps a set of lists beside the tools.
pub struct Apt {
    options: Vec<String>,
}

impl Apt {
    pub fn possible() -> bool {
        Path::new("/etc/debian_version").exists() && on_path("apt-get") && on_path("dpkg")
    }

    pub fn new(workspace: &Workspace) -> Result<Self> {
        if is_root() {
            return Ok(Self { options: Vec::new() });
        }
        let own = workspace.tools.join("apt");
        fs::create_dir_all(own.join("lists/partial"))?;
        fs::create_dir_all(own.join("cache/archives/partial"))?;
        let options = [
            format!("Dir::State::Lists={}", own.join("lists").display()),
            format!("Dir::Cache={}", own.join("cache").display()),
            "Debug::NoLocking=1".to_owned(),
            // Only root has a hook to call after an update.
            "APT::Update::Post-Invoke=".to_owned(),
            "APT::Update::Post-Invoke-Success=".to_owned(),
        ];
        Ok(Self { options: options.to_vec() })
    }

    /// Asks for the newest lists: a fresh machine has none, and old ones name packages that are gone.
    pub fn update(&self) -> Result<()> {
        run(self.command("apt-get").args(["-q", "-q", "update"])).context(
            "apt-get could not refresh its lists; is there a network, and a mirror in /etc/apt/sources.list?",
        )
    }

    /// The version that would be installed, `None` when the lists do not know the package.
    pub fn version(&self, package: &str) -> Option<String> {
        let text = read(self.command("apt-cache").args(["policy", package])).ok()?;
        let version = text.lines().find_map(|line| line.trim().strip_prefix("Candidate:"))?.trim();
        (version != "(none)").then(|| version.to_owned())
    }

    /// The package that `package` depends on whose name begins so: names that carry a version are found this way.
    pub fn dependency(&self, package: &str, beginning: &str) -> Result<String> {
        let text = read(self.command("apt-cache").args(["depends", package]))?;
        text.lines()
            .filter_map(|line| line.trim().strip_prefix("Depends: "))
            .find(|name| name.starts_with(beginning))
            .map(str::to_owned)
            .with_context(|| format!("Debian's {package} no longer depends on a {beginning}…; the recipe in xtask/src/setup/debian.rs has to follow"))
    }

    /// Downloads packages into a folder and hands their files over. What an interrupted call left there is not asked for again.
    pub fn download(&self, packages: &[&str], folder: &Path) -> Result<Vec<PathBuf>> {
        fs::create_dir_all(folder)?;
        let mut get = self.command("apt-get");
        // As root, apt would rather fetch as a user of its own, who may not write into our folder; it says so at length.
        get.args(["-q", "-q", "-o", "APT::Sandbox::User=root", "download"])
            .args(packages)
            .current_dir(folder);
        run(&mut get).context("apt-get could not download the packages; is there a network?")?;
        let files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        if files.len() > packages.len() {
            // Debian has gone on to newer versions since the call that was interrupted.
            fs::remove_dir_all(folder)?;
            return self.download(packages, folder);
        }
        Ok(files)
    }

    /// Installs packages on this machine; only root can.
    fn install(&self, packages: &[&str]) -> Result<()> {
        let mut get = self.command("apt-get");
        get.args(["-q", "-q", "-y", "--no-install-recommends", "install"]).args(packages);
        read(get.env("DEBIAN_FRONTEND", "noninteractive"))
            .map(drop)
            .context("apt-get could not install; is there a network?")
    }

    /// Unpacks packages into a folder, without installing them.
    pub fn unpack(&self, packages: &[&str], place: &Path) -> Result<()> {
        let debs = place.with_extension("debs");
        let files = self.download(packages, &debs).or_else(|_| {
            self.update()?;
            self.download(packages, &debs)
        })?;
        for deb in files {
            run(Command::new("dpkg").arg("-x").arg(&deb).arg(place))?;
        }
        Ok(fs::remove_dir_all(&debs)?)
    }

    /// The same; lists that are old or missing are the usual reason for a failure, so they are refreshed then.
    pub fn install_fresh(&self, packages: &[&str]) -> Result<()> {
        if self.install(packages).is_ok() {
            return Ok(());
        }
        self.update()?;
        self.install(packages)
    }

    /// What would have to be installed for these packages, themselves included.
    pub fn missing(&self, packages: &[&str]) -> Result<Vec<String>> {
        let mut get = self.command("apt-get");
        let text = read(get.args(["-q", "-s", "--no-install-recommends", "install"]).args(packages))?;
        let names = text.lines().filter_map(|line| line.strip_prefix("Inst ")?.split_whitespace().next());
        Ok(names.map(str::to_owned).collect())
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for option in &self.options {
            command.args(["-o", option]);
        }
        command
    }
}

pub fn is_root() -> bool {
    read(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// `x86_64-linux-gnu`: how Debian calls its library folder on this kind of machine.
pub fn library_folder() -> String {
    format!("{}-linux-gnu", env::consts::ARCH)
}
