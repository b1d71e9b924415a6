//! What `studio` can be told to do.

mod adopt;
mod backup;
mod check;
mod emulate;
mod export;
mod help;
pub mod import;
mod key;
mod move_ledger;
mod progress;
mod provision;
mod rebuild;
mod record_kind;
mod recount;
mod rollups;
mod serve;
mod stop;
mod unfinished_file;
mod user;

use std::{io::Write as _, path::PathBuf};

use clap::{Parser, Subcommand};

use crate::{
    settings::{Mistakes, Sources},
    version::VERSION,
};

/// Five live tiles, the history behind them, and proof that the numbers are right.
#[derive(Debug, Parser)]
#[command(name = "studio", version = VERSION, after_help = help::after())]
pub struct CommandLine {
    /// Reads settings from this file instead of studio.toml in the working folder
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Runs the server (what `studio` alone does)
    Serve,
    /// Says which settings are in force and tries the connection to Dataverse
    Check(check::Check),
    /// Makes the product's tables in the organisation of the settings
    #[command(after_help = help::OF_ORGANISATION)]
    Provision(provision::Provision),
    /// Copies the ledger into a new file, while the server runs or not
    #[command(after_help = help::OF_FOLDER)]
    Backup(backup::Backup),
    /// Puts such a file into a data folder that holds no ledger
    #[command(after_help = help::OF_FOLDER)]
    Restore(backup::Restore),
    /// Reads a lost ledger in again out of Dataverse
    #[command(after_help = help::OF_BOTH)]
    Rebuild,
    /// Counts the figures again out of every record, and holds them against what is shown
    Recount(recount::RecountCommand),
    /// Looks after what figures are made of
    Rollups(rollups::Rollups),
    /// Carries the data folder's ledger over into PostgreSQL, and compares both
    #[command(after_help = help::OF_MOVE)]
    Move(move_ledger::Move),
    /// Gives the ledger to the organisation of the settings, whichever it belonged to before
    #[command(after_help = help::OF_BOTH)]
    Adopt(adopt::Adopt),
    /// Takes in records out of a file (CSV, JSON lines), or out of a table in the database of DATABASE_URL
    Import(import::Import),
    /// Writes the records of a kind as CSV or JSON lines, while the server runs or not
    Export(export::Export),
    /// Makes, lists and revokes the keys that services send
    Key(key::KeyCommand),
    /// Adds, lists and removes the people who may sign in
    User(user::UserCommand),
    /// Runs a Dataverse organisation on this machine, and nothing else
    Emulate(emulate::Emulate),
}

/// Why a command could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Wrong usage or settings.
    #[error("{0}")]
    Settings(#[from] Mistakes),
    /// Words or files that cannot be meant; nothing was done.
    #[error("{0}")]
    Usage(String),
    /// The end was asked for before it came by itself.
    #[error("{0}")]
    Interrupted(String),
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}

impl Failure {
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Settings(_) | Self::Usage(_) => 2,
            // What a shell says of a process that Ctrl-C ended.
            Self::Interrupted(_) => 130,
            Self::Other(_) => 1,
        }
    }
}

impl CommandLine {
    pub async fn run(self) -> Result<(), Failure> {
        let sources = Sources::of_machine(self.config);
        match self.what.unwrap_or(What::Serve) {
            What::Serve => serve::run(sources).await,
            What::Check(check) => check.run(&sources).await,
            What::Provision(provision) => provision.run(&sources).await,
            What::Backup(backup) => backup.run(&sources).await,
            What::Restore(restore) => restore.run(&sources).await,
            What::Rebuild => rebuild::run(&sources).await,
            What::Recount(command) => command.run(&sources).await,
            What::Rollups(command) => command.run(&sources).await,
            What::Move(command) => command.run(&sources).await,
            What::Adopt(command) => command.run(&sources).await,
            What::Import(import) => import.run(&sources).await,
            What::Export(export) => export.run(&sources).await,
            What::Key(key) => key.run(&sources).await,
            What::User(user) => user.run(&sources).await,
            What::Emulate(emulate) => emulate.run().await,
        }
    }
}

/// A line on standard output. That no reader is left is no reason to stop halfway.
fn say(line: &str) {
    _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// The same on standard error.
pub fn complain(line: &str) {
    _ = writeln!(std::io::stderr().lock(), "{line}");
}
