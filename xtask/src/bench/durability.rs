//! How many promises are kept when the server is killed a hundred times, while Dataverse fails in every way it knows.

use std::path::Path;

use anyhow::{Context, Result};

use super::{BenchReport, Figure};
use crate::{setup, shell::read, workspace::Workspace};

const ROUNDS: u32 = 100;

/// The oracle of the server's tests, for longer: it ends with an error at the first row that differs.
pub fn measure(workspace: &Workspace, _binary: &Path) -> Result<BenchReport> {
    let postgres = setup::postgres(workspace)?;
    let mut cargo = workspace.cargo();
    cargo.env("STUDIO_POSTGRES", &postgres.programs).env("STUDIO_PGBOUNCER", &postgres.pooler);
    cargo.args(["test", "-p", "server", "--test", "server", "oracle", "--", "--nocapture"]);
    let said = read(cargo.env("STUDIO_ROUNDS", ROUNDS.to_string()))?;
    let kept = |words: &str| {
        let of_line = |line: &str| line.strip_suffix(words)?.split_whitespace().last()?.parse::<f64>().ok();
        said.lines().find_map(of_line).with_context(|| format!("the oracle does not say how many{words}"))
    };
    Ok(BenchReport {
        method: format!(
            "six senders, kill -9 at {ROUNDS} random moments of one server on SQLite and of each of two on one PostgreSQL, \
             cut, refused, delayed and unanswered requests, revoked tokens; after each, every acknowledged run is compared in ledger and Dataverse"
        ),
        figures: vec![
            Figure::at_most("kills", f64::from(ROUNDS), "", None),
            Figure::at_most("promises kept by one server, each compared", kept(" promises kept")?, "", None),
            Figure::at_most(
                "promises kept by two servers, each compared",
                kept(" promises kept by two servers")?,
                "",
                None,
            ),
            Figure::at_most("lost, twice or made up", 0.0, "", Some(0.0)),
        ],
    })
}
