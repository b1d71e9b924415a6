//! Whether the disk takes what is written.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::Path,
};

use sqlx::{Error, SqliteConnection};

use super::{InFile, StepIn, folder};
use crate::{
    probe::{Probe, ProbeWrite},
    write::On,
};

/// An array of a thousand records, each to a place of its own in every index.
const TRIAL_MIB: usize = 8;

impl On<InFile> for Probe {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<(), Error> {
        write_a_little(step.connection).await
    }
}

/// Writes as much as the largest group may need. Within the ledger's own files there may be room that says nothing of the
/// disk's.
impl On<InFile> for ProbeWrite {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<(), Error> {
        let file = step.files.folder.join("ledger.trial");
        let tried = tokio::task::spawn_blocking(move || {
            let written = fill(&file);
            let removed = fs::remove_file(&file);
            written.and(removed)
        });
        tried.await.map_err(|error| Error::Io(std::io::Error::other(error)))??;
        write_a_little(step.connection).await
    }
}

async fn write_a_little(connection: &mut SqliteConnection) -> Result<(), Error> {
    let written = "PRAGMA user_version = 1; PRAGMA user_version = 0";
    sqlx::raw_sql(written).execute(connection).await.map(|_| ())
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
