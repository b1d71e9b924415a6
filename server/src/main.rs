//! The server: wiring only. Settings are read, rooms put together, workers started and stopped.

mod access;
mod app_state;
mod clock;
mod commands;
mod csv_line;
mod data_folder;
mod delivery_service;
mod demo;
mod disk_room;
mod files;
mod forecast;
mod http;
mod inspection;
mod last_good;
mod limits;
mod logging;
mod pages;
mod problem;
mod random;
mod record_text;
mod recounts;
mod routes;
mod settings;
mod share;
mod snapshot;
mod targets;
mod upkeep;
mod version;

use std::process::ExitCode;

use clap::Parser as _;

/// Serves SQLite as well, and gives memory back when it is no longer needed.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let command = commands::CommandLine::parse();
    if let Err(error) = limits::outlive_large_files() {
        commands::complain(&format!("studio: a limit on the size of files would end this process: {error}"));
    }
    match command.run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            commands::complain(&format!("studio: {failure}"));
            ExitCode::from(failure.exit_code())
        }
    }
}
