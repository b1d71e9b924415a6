//! The data folder: made when it is missing, and closed to other users.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::Path,
};

const OWN: u32 = 0o700;
const OTHERS: u32 = 0o077;

/// Makes the folder, or closes the one that is there.
///
/// # Errors
/// When the folder cannot be made.
pub fn prepare(folder: &Path) -> Result<(), FolderError> {
    let failed = |source| FolderError { folder: folder.display().to_string(), source };
    match fs::metadata(folder) {
        Ok(there) if there.is_dir() => close(folder, there.permissions().mode()).map_err(failed),
        Ok(_) => Err(failed(io::Error::from(io::ErrorKind::NotADirectory))),
        Err(_) => fs::DirBuilder::new().recursive(true).mode(OWN).create(folder).map_err(failed),
    }
}

/// Only what is ours is closed: a folder that holds other things as well stays as its owner wants it, and so does a volume that
/// another user owns and whose group may write to it.
fn close(folder: &Path, mode: u32) -> io::Result<()> {
    if mode & OTHERS == 0 {
        return Ok(());
    }
    let ours = folder.join("ledger.sqlite").exists() || fs::read_dir(folder)?.next().is_none();
    if ours {
        return match fs::set_permissions(folder, fs::Permissions::from_mode(OWN)) {
            Err(refused) if refused.kind() == io::ErrorKind::PermissionDenied => {
                tracing::warn!(folder = %folder.display(), "the data folder belongs to another user, who decides who may look \
                    into it; the ledger's own files are closed to others");
                Ok(())
            }
            done => done,
        };
    }
    tracing::warn!(folder = %folder.display(), "other users can look into the data folder, which holds other things too; \
        close it to them or choose another one with STUDIO_DATA");
    Ok(())
}

#[derive(Debug, thiserror::Error)]
#[error(
    "the data folder {folder} cannot be made ({source}); set STUDIO_DATA to a folder that this user may write to"
)]
pub struct FolderError {
    folder: String,
    source: io::Error,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(folder: &Path) -> u32 {
        fs::metadata(folder).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn new_folders_are_private() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/b");
        prepare(&folder).unwrap();
        assert_eq!(mode(&folder), OWN);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        prepare(&folder).unwrap();
        assert_eq!(mode(&folder), OWN);
    }

    #[test]
    fn shared_folders_keep_their_mode() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("letter.txt"), "").unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        prepare(home.path()).unwrap();
        assert_eq!(mode(home.path()), 0o755);
        assert!(prepare(&home.path().join("letter.txt")).is_err());
    }
}
