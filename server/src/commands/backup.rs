//! `studio backup` and `studio restore`: the ledger as one file, taken while the server runs, put back where there is none.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::Failure;
use crate::{
    clock,
    settings::{Mistake, Mistakes, Settings, Sources},
};

#[derive(Debug, Args)]
pub struct Backup {
    /// The new file; one that is there already is not touched
    file: PathBuf,
}

#[derive(Debug, Args)]
pub struct Restore {
    /// What `studio backup` wrote
    file: PathBuf,
}

impl Backup {
    pub async fn run(self) -> Result<(), Failure> {
        let settings =
            of_a_folder("copied by PostgreSQL's own tools: pg_dump --schema=studio --format=custom")?;
        let records = ledger::back_up(&settings.data, &self.file, clock::clock(None).now())
            .await
            .context("no backup was made")?;
        println!("{records} records are in {}, on disk and found sound.", self.file.display());
        Ok(())
    }
}

impl Restore {
    pub async fn run(self) -> Result<(), Failure> {
        let settings = of_a_folder("put back by PostgreSQL's own tools: pg_restore, for what pg_dump wrote")?;
        let now = clock::clock(None).now();
        let records =
            ledger::restore(&self.file, &settings.data, now).await.context("nothing was put back")?;
        println!(
            "{records} records are in {}. The next start looks at what stands in Dataverse before it sends anything: what came \
             there after that backup comes in, and only what is not there is sent. What came in here and never went there is \
             lost.",
            settings.data.display()
        );
        Ok(())
    }
}

/// The settings, unless the ledger they choose is not in a folder: then what to do instead.
fn of_a_folder(instead: &str) -> Result<Settings, Failure> {
    let settings = Settings::read(&Sources::of_machine())?;
    if settings.database.is_none() {
        return Ok(settings);
    }
    let sentence = format!("is set, and a ledger in PostgreSQL is {instead} (docs/postgres.md says more)");
    Err(Mistakes(vec![Mistake::new("DATABASE_URL", sentence)]).into())
}
