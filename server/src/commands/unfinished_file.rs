//! A file that has its name once it is whole. Until then it has one of this process's own and is locked, so that two commands
//! never write into the same one, and what a killed one left is known by its lock.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process,
};

const MARK: &str = ".unfinished-";

/// It goes, unless it got its name.
pub struct UnfinishedFile {
    path: PathBuf,
    /// As long as it is open, the lock is ours.
    _locked: File,
}

impl Drop for UnfinishedFile {
    fn drop(&mut self) {
        _ = fs::remove_file(&self.path);
    }
}

impl UnfinishedFile {
    /// Beside `target`. Only this user may read it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn begin(target: &Path) -> io::Result<(Self, File)> {
        remove_leftovers(target);
        let path = target.with_file_name(format!("{}{}", beginning(target), process::id()));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let unfinished = Self { path, _locked: file.try_clone()? };
        // Where files cannot be locked, they are told apart by their process alone.
        _ = file.try_lock();
        Ok((unfinished, file))
    }

    /// Gives it its name, which must still be free. What is in it is on disk by then.
    ///
    /// # Errors
    /// When the name is taken, or the disk does not do it.
    pub fn publish(&self, target: &Path) -> io::Result<()> {
        match fs::hard_link(&self.path, target) {
            // Not every file system has links.
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists && !is_taken(target) => {
                fs::rename(&self.path, target)
            }
            done => done,
        }
    }
}

/// Removes what killed commands left beside `target`.
pub fn remove_leftovers(target: &Path) {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let Ok(entries) = fs::read_dir(folder.unwrap_or(Path::new("."))) else { return };
    let beginning = beginning(target);
    for entry in entries.flatten() {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(&beginning)?.parse::<u32>().ok());
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if number.is_some() && is_file && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
            _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether something has this name, be it a link to nowhere.
pub fn is_taken(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn beginning(target: &Path) -> String {
    format!("{}{MARK}", target.file_name().unwrap_or_default().to_string_lossy())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn unfinished_files_are_ones_own() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x.csv");
        let left = folder.path().join("x.csv.unfinished-1");
        fs::write(&left, "left").unwrap();
        let other = folder.path().join("other");
        symlink(&other, folder.path().join(format!("x.csv.unfinished-{}", process::id()))).unwrap();
        assert!(UnfinishedFile::begin(&target).is_err() && !other.exists(), "a link is not followed");
        fs::remove_file(folder.path().join(format!("x.csv.unfinished-{}", process::id()))).unwrap();

        let (unfinished, _file) = UnfinishedFile::begin(&target).unwrap();
        assert!(!left.exists(), "what a killed one left is gone");
        remove_leftovers(&target);
        assert_eq!(fs::metadata(&unfinished.path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&target, "kept").unwrap();
        assert_eq!(unfinished.publish(&target).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        let free = folder.path().join("free.csv");
        unfinished.publish(&free).unwrap();
        drop(unfinished);
        assert!(free.exists() && fs::read_dir(folder.path()).unwrap().count() == 2);
    }
}
