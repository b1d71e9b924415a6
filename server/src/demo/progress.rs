//! How far the story has been told to this folder, kept beside the ledger so that it goes on instead of beginning anew.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use jiff::civil::Date;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

const FILE: &str = "demo.json";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoProgress {
    pub seed: u64,
    /// The day on which the story was first seen.
    pub first_day: Date,
    /// Everything up to this moment was acknowledged by the ledger. What came after may be told twice, which is safe.
    pub told_micros: i64,
}

/// Whether a story was told to this folder.
#[must_use]
pub fn is_told(folder: &Path) -> bool {
    // What cannot be looked for may be there.
    fs::exists(folder.join(FILE)).unwrap_or(true)
}

impl DemoProgress {
    pub fn told(&self) -> Timestamp {
        Timestamp::from_micros(self.told_micros)
    }

    /// What an earlier server left in this folder.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read(folder: &Path) -> io::Result<Option<Self>> {
        match fs::read_to_string(folder.join(FILE)) {
            Ok(text) => serde_json::from_str(&text).map(Some).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let unfinished = folder.join("demo.json.unfinished");
        _ = fs::remove_file(&unfinished);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        file.write_all(serde_json::to_string(self)?.as_bytes())?;
        fs::rename(unfinished, folder.join(FILE))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn progress_is_kept_for_this_user_alone() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(DemoProgress::read(folder.path()).unwrap(), None);
        for told_micros in [1, 2] {
            let progress = DemoProgress { seed: 7, first_day: jiff::civil::date(2026, 11, 21), told_micros };
            progress.write(folder.path()).unwrap();
            assert_eq!(DemoProgress::read(folder.path()).unwrap(), Some(progress));
        }
        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
