//! The data folder: closed to others, and one process's at a time.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{ErrorKind, Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use crate::OpenError;

const LOCK: &str = "studio.lock";

/// Held as long as the ledger is open. The kernel frees it with the process, however that ends.
pub(crate) struct FolderLock(File);

impl Drop for FolderLock {
    fn drop(&mut self) {
        let _ = self.0.set_len(0);
        let _ = self.0.unlock();
    }
}

/// Makes the folder where it is missing, closes it to others, and claims it for this process.
pub(crate) fn claim(folder: &Path) -> Result<FolderLock, OpenError> {
    let refused =
        |error: std::io::Error| OpenError::Folder { folder: folder.to_owned(), reason: reason_of(&error) };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(refused)?;
    close_to_others(folder).map_err(refused)?;
    let mut options = OpenOptions::new();
    let mut file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(folder.join(LOCK))
        .map_err(refused)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(OpenError::InUse { folder: folder.to_owned(), holder: holder(&mut file) });
        }
        Err(TryLockError::Error(error)) => return Err(refused(error)),
    }
    sign(&mut file).map_err(refused)?;
    Ok(FolderLock(file))
}

/// A new file that only this user may read.
pub(crate) fn make_private(file: &Path) -> std::io::Result<()> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(file)?;
    fs::set_permissions(file, fs::Permissions::from_mode(0o600))
}

/// A folder that other programs share, as /tmp is, is left as it is, and so is a volume of another user: the files in it are
/// closed by themselves.
fn close_to_others(folder: &Path) -> std::io::Result<()> {
    let about = fs::metadata(folder)?;
    let shared = about.mode() & 0o1000 != 0;
    let open = about.mode() & 0o077 != 0;
    let ours = folder.join(LOCK).exists() || fs::read_dir(folder)?.next().is_none();
    if !open || !ours || shared {
        return Ok(());
    }
    match fs::set_permissions(folder, fs::Permissions::from_mode(0o700)) {
        Err(refused) if refused.kind() == ErrorKind::PermissionDenied => Ok(()),
        done => done,
    }
}

fn sign(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    writeln!(file, "{}", std::process::id())?;
    file.flush()
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.read_to_string(&mut text);
    match text.trim().parse::<u32>() {
        Ok(pid) if read.is_ok() => format!("process {pid}"),
        _ => "another process".to_owned(),
    }
}

fn reason_of(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::NotADirectory | std::io::ErrorKind::AlreadyExists => {
            "it is not a folder".to_owned()
        }
        std::io::ErrorKind::ReadOnlyFilesystem => "its disk is read-only".to_owned(),
        std::io::ErrorKind::StorageFull => "its disk is full".to_owned(),
        _ => error.to_string(),
    }
}
