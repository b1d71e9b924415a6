//! The data folder: the client secret, the key that signs tokens and every row lie in it, so it is for this user alone.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

const FILE: &str = "organisation.sqlite";
const LOCK: &str = "emulator.lock";
const OWN_FOLDER: u32 = 0o700;
const OWN_FILE: u32 = 0o600;

/// Holds the folder until the file is dropped; none where another process, or another emulator of this one, holds it.
pub(super) fn lock(folder: &Path) -> io::Result<Option<File>> {
    let file =
        OpenOptions::new().write(true).create(true).truncate(false).mode(OWN_FILE).open(folder.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Makes the folder and the organisation's file, and closes to others what is there already.
pub(super) fn prepare(folder: &Path) -> io::Result<()> {
    make_private(folder)?;
    let file = folder.join(FILE);
    let is_ours = file.exists() || fs::read_dir(folder)?.next().is_none();
    if is_ours {
        fs::set_permissions(folder, Permissions::from_mode(OWN_FOLDER))?;
    }
    // SQLite gives its log the permissions of the file.
    OpenOptions::new().append(true).create(true).mode(OWN_FILE).open(&file)?;
    let snapshots = folder.join("snapshots");
    for (path, mode) in [
        (file, OWN_FILE),
        (folder.join("organisation.sqlite-wal"), OWN_FILE),
        (folder.join("organisation.sqlite-shm"), OWN_FILE),
        (snapshots, OWN_FOLDER),
    ] {
        if path.exists() {
            fs::set_permissions(path, Permissions::from_mode(mode))?;
        }
    }
    Ok(())
}

/// Makes a folder that no other user can look into, where there is none.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(OWN_FOLDER).create(folder)
}
