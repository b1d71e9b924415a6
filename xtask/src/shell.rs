//! Starting other programs, and saying what is going on meanwhile.

use std::{
    path::PathBuf,
    process::{Command, Output},
    time::Instant,
};

use anyhow::{Context, Result, bail};

use crate::house::House;

/// One thing that takes a while: says what, how long it usually takes, and how long it took.
pub fn step<T>(what: &str, usually: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("==> {what} ({usually})");
    let start = Instant::now();
    let result = work().with_context(|| format!("{what}: failed"))?;
    eprintln!("    done in {:.1} s", start.elapsed().as_secs_f64());
    Ok(result)
}

/// Runs a program whose words the reader may see.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", words(command)))?;
    if !status.success() {
        bail!("`{}` ended with {status}", words(command));
    }
    Ok(())
}

/// Runs a program in silence and hands its standard output over; on failure its own words are in the error.
pub fn read(command: &mut Command) -> Result<String> {
    let Output { status, stdout, stderr } =
        command.output().with_context(|| format!("cannot start {}", words(command)))?;
    if !status.success() {
        bail!("`{}` ended with {status}\n{}", words(command), String::from_utf8_lossy(&stderr).trim());
    }
    Ok(String::from_utf8_lossy(&stdout).into_owned())
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
pub fn git(house: &House) -> Command {
    let mut git = Command::new("git");
    git.current_dir(&house.root);
    git
}
