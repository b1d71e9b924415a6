//! `studio move`: the ledger of a folder carried over into PostgreSQL, and compared at the end.

use model::rng::Seeded;
use std::io::Write as _;

use anyhow::Context as _;
use clap::Args;
use ledger::{CopyProgress, MovedRecords};

use super::{Failure, stop};
use crate::{
    clock, random,
    settings::{Settings, Sources, database_at},
};

#[derive(Debug, Args)]
pub struct Move {
    /// The database; what DATABASE_URL says when this is left out, which keeps the password off the list of processes
    #[arg(long, value_name = "postgres://…")]
    to: Option<String>,
}

impl Move {
    pub async fn run(self, sources: &Sources) -> Result<(), Failure> {
        let settings = Settings::read(sources)?;
        let database = database_at(sources, self.to.as_deref())?;
        let (place, random) = (database.to_string(), Seeded::new(random::seed()));
        say(&format!("From {} to {place}", settings.data.display()));
        let mut tenths = None;
        let mut told = |progress: CopyProgress<'_>| {
            let tenth = (progress.table.to_owned(), progress.rows * 10 / progress.of.max(1));
            if tenths.replace(tenth.clone()) != Some(tenth) {
                say(&format!("  {:<18} {} of {} rows", progress.table, progress.rows, progress.of));
            }
        };
        let work = ledger::move_to_postgres(&settings.data, database, clock::clock(None), random, &mut told);
        let carried = stop::unless_interrupted(
            work,
            "call this again, it goes on where it was; no server starts there until then",
        )
        .await?;
        tell(&carried.context("the ledger was not carried over")?);
        say(&format!(
            "Everything is in {place}; servers with this DATABASE_URL may start. {} is as it was: keep it as a backup, and \
             start no server on it any more, or there are two ledgers.",
            settings.data.display()
        ));
        Ok(())
    }
}

fn tell(carried: &MovedRecords) {
    say("Compared, row by row:");
    for table in &carried.tables {
        say(&format!(
            "  {:<18} {:>10} rows  {:016x}  the same in both",
            table.table, table.rows, table.checksum
        ));
    }
    say(&format!("  balance and figures of tenants ({}): the same in both", carried.tenants));
}

/// A closed standard error is no reason to stop halfway.
fn say(line: &str) {
    _ = writeln!(std::io::stdout().lock(), "{line}");
}
