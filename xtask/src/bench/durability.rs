//! How many promises are kept when the server is killed a hundred times, while Dataverse fails in every way it knows.

use std::path::Path;

use anyhow::{Context, Result};

use super::{Figure, Report};
use crate::{house::House, shell::read};

const ROUNDS: u32 = 100;

/// The oracle of the server's tests, for longer: it ends with an error at the first row that differs.
pub fn measure(house: &House, _binary: &Path) -> Result<Report> {
    let mut cargo = house.cargo();
    cargo.args(["test", "-p", "server", "--test", "server", "oracle", "--", "--nocapture"]);
    let said = read(cargo.env("STUDIO_ROUNDS", ROUNDS.to_string()))?;
    let kept = said
        .lines()
        .find_map(|line| line.strip_suffix(" promises kept")?.trim().parse().ok())
        .context("the oracle does not say what it found")?;
    Ok(Report {
        method: format!(
            "six senders, kill -9 at {ROUNDS} random moments, cut, refused, delayed and unanswered requests, revoked tokens; \
             after each, every acknowledged run is compared in ledger and Dataverse"
        ),
        figures: vec![
            Figure::at_most("kills", f64::from(ROUNDS), "", None),
            Figure::at_most("promises kept, each compared", kept, "", None),
            Figure::at_most("lost, twice or made up", 0.0, "", Some(0.0)),
        ],
    })
}
