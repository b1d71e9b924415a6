//! `studio move`: the ledger of a folder carried over into PostgreSQL, and compared at the end.

use std::ops::ControlFlow;

use anyhow::Context as _;
use app::presenter::count;
use clap::Args;
use ledger::{CopyProgress, MoveError, MovedRecords};
use model::rng::Seeded;

use super::{
    Failure,
    progress::{Progress, rows_of},
    say,
    stop::StopRequest,
};
use crate::{
    clock, random,
    settings::{Settings, Sources, database_at},
};

const AGAIN: &str = "call this again, and it goes on where it was";

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
        let stop = StopRequest::listen().context("signals cannot be listened for")?;
        let (mut progress, wish) = (Progress::on_stderr(), stop.clone());
        let mut told = |CopyProgress { table, rows, of }: CopyProgress<'_>| {
            progress.tell(|| format!("  {table:<18} {}", rows_of(rows, of, false)));
            if wish.is_asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let carrying =
            ledger::move_to_postgres(&settings.data, database, clock::clock(None), random, &mut told);
        let carried = stop.bounds(carrying).await;
        drop(progress);
        match carried {
            None => return Err(Failure::Interrupted(format!("stopped as asked; {AGAIN}"))),
            Some(Err(MoveError::Stopped { table, rows, of })) => {
                let there = rows_of(rows, of, false);
                return Err(Failure::Interrupted(format!(
                    "stopped as asked: {there} of {table} are there; {AGAIN}"
                )));
            }
            Some(carried) => tell(&carried.context("the ledger was not carried over")?),
        }
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
            table.table,
            count(table.rows),
            table.checksum
        ));
    }
    say(&format!("  balance and figures of tenants ({}): the same in both", carried.tenants));
}
