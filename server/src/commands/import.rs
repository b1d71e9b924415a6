//! `studio import`: takes in a table of runs that stands in the ledger's database already.

use std::io::Write as _;

use anyhow::{Context as _, anyhow};
use clap::Args;
use ledger::ImportProgress;
use model::{record::campaign_run::CAMPAIGN_RUN, rng::Seeded, tenant::TenantId};

use super::{Failure, stop};
use crate::{
    clock, random,
    settings::{Settings, Sources, database_at},
};

#[derive(Debug, Args)]
pub struct Import {
    /// The table in the database of DATABASE_URL, as in schema.name
    #[arg(long, default_value = "public.campaign_metrics")]
    table: String,
}

impl Import {
    pub async fn run(self, sources: &Sources) -> Result<(), Failure> {
        Settings::read(sources)?;
        let database = database_at(sources, None)?;
        let mut tell = |word: ImportProgress| match word {
            ImportProgress::Progress { rows, of } => say(&format!("  {rows} of {of} rows")),
            ImportProgress::Refused { row, reason } => say(&format!("  not taken in: row {row}: {reason}")),
        };
        say(&format!("From {} into {database}", self.table));
        let meant = (TenantId::FIRST, &CAMPAIGN_RUN);
        let random = Seeded::new(random::seed());
        let work = ledger::import(database, &self.table, meant, clock::clock(None), random, &mut tell);
        let done = stop::unless_interrupted(work, "what is in is known again; call this again").await?;
        let done = done.context("not everything was taken in")?;
        say(&format!(
            "{} rows are new, {} were known; {} of these count as delivered, the others wait to be.",
            done.stored, done.known, done.exported
        ));
        if done.refused == 0 {
            return Ok(());
        }
        Err(anyhow!(
            "{} rows were not taken in, each for the reason above; mend them there and call this again",
            done.refused
        )
        .into())
    }
}

/// A closed standard error is no reason to stop halfway.
fn say(line: &str) {
    _ = writeln!(std::io::stdout().lock(), "{line}");
}
