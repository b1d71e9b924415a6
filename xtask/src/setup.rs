//! `cargo xtask setup`: installs what is missing, says what it does, and goes on after Ctrl-C where it was.

mod apt;
mod binaryen;
mod chromium;
mod clients;
mod crates;
mod debian;
mod end2end;
mod lock_file;
mod make;
mod node;
mod postgres;
mod promtool;
mod python;
mod strace;
mod wasm_std;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

pub use chromium::Chromium;
pub use clients::{Clients, FOLDER as CLIENTS};
pub use postgres::PostgresTools;
pub use python::environment as python_environment;
pub use wasm_std::{Compiler, TARGET};

use crate::{shell, workspace::Workspace};

/// What a build needs.
pub struct Tools {
    /// Who compiles for the browser, and all of a quick build.
    pub compiler: Compiler,
    /// npm's wasm-opt, when there is Node.
    pub wasm_opt: Option<PathBuf>,
}

pub fn command(workspace: &Workspace) -> Result<()> {
    for_tests(workspace)?;
    eprintln!("Everything is there. `cargo xtask run` starts the panel.");
    Ok(())
}

pub fn for_build(workspace: &Workspace) -> Result<Tools> {
    let compiler = compiler(workspace)?;
    let _alone = lock(workspace)?;
    let wasm_opt = binaryen::install(workspace)?;
    Ok(Tools { compiler, wasm_opt })
}

/// What a quick build needs: nothing is made small.
pub fn for_quick_build(workspace: &Workspace) -> Result<Tools> {
    Ok(Tools { compiler: compiler(workspace)?, wasm_opt: None })
}

/// Everything that the tests need beyond that. Each check asks for its own tools again and finds them there.
pub fn for_tests(workspace: &Workspace) -> Result<()> {
    for_build(workspace)?;
    end2end(workspace)?;
    chromium(workspace)?;
    postgres(workspace)?;
    wasm_test_runner(workspace)?;
    cargo_deny(workspace)?;
    clients(workspace)?;
    strace(workspace)?;
    promtool(workspace)?;
    Ok(())
}

pub fn compiler(workspace: &Workspace) -> Result<Compiler> {
    let _alone = lock(workspace)?;
    make::install(workspace)?;
    wasm_std::install(workspace)
}

pub fn end2end(workspace: &Workspace) -> Result<()> {
    let _alone = lock(workspace)?;
    end2end::install(workspace)
}

pub fn chromium(workspace: &Workspace) -> Result<Chromium> {
    let _alone = lock(workspace)?;
    chromium::install(workspace)
}

pub fn clients(workspace: &Workspace) -> Result<Clients> {
    let _alone = lock(workspace)?;
    clients::install(workspace)
}

pub fn strace(workspace: &Workspace) -> Result<PathBuf> {
    let _alone = lock(workspace)?;
    strace::install(workspace)
}

pub fn promtool(workspace: &Workspace) -> Result<PathBuf> {
    let _alone = lock(workspace)?;
    promtool::install(workspace)
}

pub fn postgres(workspace: &Workspace) -> Result<PostgresTools> {
    let _alone = lock(workspace)?;
    postgres::install(workspace)
}

pub fn wasm_test_runner(workspace: &Workspace) -> Result<PathBuf> {
    let _alone = lock(workspace)?;
    crates::wasm_test_runner(workspace)
}

pub fn cargo_deny(workspace: &Workspace) -> Result<PathBuf> {
    let _alone = lock(workspace)?;
    crates::cargo_deny(workspace)
}

/// One set-up at a time, also between two clones that share a folder of tools.
fn lock(workspace: &Workspace) -> Result<fs::File> {
    let tools = &workspace.tools;
    fs::create_dir_all(tools)
        .with_context(|| format!("cannot make {}; set XTASK_TOOLS to another folder", tools.display()))?;
    let file = fs::File::create(tools.join(".lock"))?;
    if file.try_lock().is_err() {
        eprintln!("==> another set-up is at work in {}; waiting for it", tools.display());
        file.lock()?;
    }
    Ok(file)
}

/// A tool that lies in `<tools>/<name>`.
struct Tool<'a> {
    name: &'a str,
    version: &'a str,
    /// What a reader should know while waiting: what it is, how much comes over the network, how long it takes.
    about: &'a str,
}

impl Tool<'_> {
    /// Where it is, if this very version stands there.
    fn find(&self, workspace: &Workspace) -> Option<PathBuf> {
        let place = workspace.tools.join(self.name);
        let found = fs::read_to_string(place.join(".version")).ok()?;
        (found == self.version).then_some(place)
    }

    /// Installs it unless it is there. It is made under another name first, so that what was interrupted is never taken for whole.
    fn once(&self, workspace: &Workspace, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        if let Some(place) = self.find(workspace) {
            return Ok(place);
        }
        let place = workspace.tools.join(self.name);
        shell::step(&format!("installing {}, {}", self.name, self.version), self.about, || {
            let unfinished = workspace.tools.join(format!("{}.unfinished", self.name));
            _ = fs::remove_dir_all(&unfinished);
            fs::create_dir_all(&unfinished)?;
            make(&unfinished)?;
            fs::write(unfinished.join(".version"), self.version)?;
            _ = fs::remove_dir_all(&place);
            fs::rename(&unfinished, &place).with_context(|| format!("cannot make {}", place.display()))
        })?;
        Ok(place)
    }
}

/// The `rust-version` of the workspace: no compiler may be older.
fn rust_version(workspace: &Workspace) -> Result<String> {
    let text = fs::read_to_string(workspace.root.join("Cargo.toml"))?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .context("Cargo.toml has no rust-version")?;
    Ok(line.trim_matches('"').to_owned())
}

/// The first two numbers of a version, to compare by.
fn number(version: &str) -> (u32, u32) {
    let mut numbers = version.split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    fn workspace(folder: &Path) -> Workspace {
        Workspace { root: folder.to_owned(), target: folder.join("target"), tools: folder.join("tools") }
    }

    #[test]
    fn half_a_tool_is_no_tool() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = workspace(folder.path());
        let tool = Tool { name: "saw", version: "1", about: "" };
        let interrupted = tool.once(&workspace, |place| {
            fs::write(place.join("half"), "")?;
            bail!("the power went")
        });
        assert!(interrupted.is_err() && tool.find(&workspace).is_none());
        let place = tool.once(&workspace, |place| Ok(fs::write(place.join("blade"), "")?)).unwrap();
        assert!(place.join("blade").exists() && !place.join("half").exists());
    }

    #[test]
    fn a_tool_is_made_once_a_version() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = workspace(folder.path());
        let mut made = 0;
        for version in ["1", "1", "2"] {
            let tool = Tool { name: "saw", version, about: "" };
            let place = tool.once(&workspace, |place| {
                made += 1;
                Ok(fs::write(place.join("blade"), version)?)
            });
            assert_eq!(fs::read_to_string(place.unwrap().join("blade")).unwrap(), version);
        }
        assert_eq!(made, 2);
    }

    #[test]
    fn versions_compare_as_numbers() {
        assert!(number("1.100.0") > number("1.96.0+dfsg1-1~deb12u2"));
        assert!(number("1.95") <= number("1.95.0"));
    }
}
