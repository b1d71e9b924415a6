//! Whether the disk takes what is written.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::Path,
};

use sqlx::Error;

use super::{Step, folder};
use crate::{
    probe::{Probe, Trial},
    write::OnSqlite,
};

/// An array of a thousand records, each to a place of its own in every index.
const TRIAL_MIB: usize = 8;

impl OnSqlite for Probe {
    async fn on_sqlite(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        let written = "PRAGMA user_version = 1; PRAGMA user_version = 0";
        sqlx::raw_sql(written).execute(&mut *step.connection).await.map(|_| ())
    }
}

/// Writes as much as the largest group may need. Within the ledger's own files there may be room that says nothing of the
/// disk's.
impl OnSqlite for Trial {
    async fn on_sqlite(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        let file = step.files.folder.join("ledger.trial");
        let tried = tokio::task::spawn_blocking(move || {
            let written = fill(&file);
            let removed = fs::remove_file(&file);
            written.and(removed)
        });
        tried.await.map_err(|error| Error::Io(std::io::Error::other(error)))??;
        Probe.on_sqlite(step).await
    }
}

fn fill(file: &Path) -> std::io::Result<()> {
    folder::make_private(file)?;
    let mut file = OpenOptions::new().write(true).truncate(true).open(file)?;
    let some = vec![0_u8; 1 << 20];
    for _ in 0..TRIAL_MIB {
        file.write_all(&some)?;
    }
    file.sync_all()
}
