//! `studio backup` and `studio restore`: the ledger as one file, taken while the server runs, put back where there is none.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::Failure;
use crate::settings::{Settings, Sources};

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
        let settings = Settings::read(&Sources::of_machine())?;
        let records = ledger::back_up(&settings.data, &self.file).await.context("no backup was made")?;
        println!("{records} records are in {}, on disk and found sound.", self.file.display());
        Ok(())
    }
}

impl Restore {
    pub async fn run(self) -> Result<(), Failure> {
        let settings = Settings::read(&Sources::of_machine())?;
        let records = ledger::restore(&self.file, &settings.data).await.context("nothing was put back")?;
        println!(
            "{records} records are in {}. What came in after that backup is not among them; what was delivered after it is \
             delivered again, under the same ids, which changes nothing in Dataverse.",
            settings.data.display()
        );
        Ok(())
    }
}
