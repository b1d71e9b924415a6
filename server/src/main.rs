//! The server: wiring only. Settings are read, rooms put together, workers started and stopped.

mod access;
mod carrier;
mod chance;
mod clock;
mod commands;
mod data_folder;
mod demo;
mod files;
mod house;
mod http;
mod logging;
mod pages;
mod problem;
mod routes;
mod settings;
mod snapshot;

use std::process::ExitCode;

use clap::Parser as _;

/// Gives back what a flood of records took, and serves SQLite as well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match commands::Command::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("studio: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}
