//! Starting other programs, and saying what is going on meanwhile.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail};

use crate::{interrupt::Running, workspace::Workspace};

/// One thing that takes a while: says what, how long it usually takes, and how long it took.
pub fn step<T>(what: &str, usually: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("==> {what} ({usually})");
    let start = now();
    let result = work().with_context(|| format!("{what} failed"))?;
    eprintln!("    done in {:.1} s", start.elapsed().as_secs_f64());
    Ok(result)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a command took is said to a person; no figure depends on it"
)]
pub fn now() -> Instant {
    Instant::now()
}

/// Runs a program whose words the reader may see.
pub fn run(command: &mut Command) -> Result<()> {
    let status = Running::start(command)?.wait()?;
    if !status.success() {
        bail!("`{}` ended with {status}", words(command));
    }
    Ok(())
}

/// Runs a program in silence and hands its standard output over; on failure its own words are in the error.
pub fn read(command: &mut Command) -> Result<String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = command.output().with_context(|| format!("cannot start {}", words(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` ended with {}\n{}", words(command), output.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Where a program of that name is.
pub fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

pub fn on_path(program: &str) -> bool {
    which(program).is_some()
}

/// A command as one would type it.
pub fn words(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy().into_owned()));
    words.join(" ")
}

/// git, in the tree.
pub fn git(workspace: &Workspace) -> Command {
    let mut git = Command::new("git");
    git.current_dir(&workspace.root);
    git
}
