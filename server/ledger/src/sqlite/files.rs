//! The ledger's file and its log: where they lie, and whether they are still those that were opened.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::folder;
use crate::{LedgerError, LedgerLocation, OpenError};

/// The ledger in its folder.
pub(crate) const FILE: &str = "ledger.sqlite";

/// Where the ledger's file and its log are, and which files those were when they were opened.
#[derive(Clone)]
pub(crate) struct LedgerFiles {
    pub(crate) folder: PathBuf,
    pub(crate) ledger: PathBuf,
    log: PathBuf,
    /// How large the log may become.
    pub(crate) log_most: u64,
    inode: u64,
    /// 0 while it is not known.
    log_inode: Arc<AtomicU64>,
}

impl LedgerFiles {
    pub(crate) fn of(folder: PathBuf, log_most: u64) -> Result<Self, OpenError> {
        let ledger = folder.join(FILE);
        let refused =
            |error: std::io::Error| OpenError::Folder { folder: folder.clone(), reason: error.to_string() };
        folder::make_private(&ledger).map_err(refused)?;
        let inode = fs::metadata(&ledger).map_err(refused)?.ino();
        let log = folder.join(format!("{FILE}-wal"));
        Ok(Self { folder, ledger, log, log_most, inode, log_inode: Arc::default() })
    }

    /// SQLite goes on writing into a file that was deleted, where those records would never be found.
    pub(crate) fn are_there(&self) -> Result<(), LedgerError> {
        self.file_is_there()?;
        self.log_is_there()
    }

    /// The ledger itself. Of its log the writer sees to what it held before it is missed.
    pub(crate) fn file_is_there(&self) -> Result<(), LedgerError> {
        match fs::metadata(&self.ledger) {
            Ok(about) if about.ino() == self.inode => Ok(()),
            Ok(_) => Err(LedgerError::Unavailable(format!(
                "{} was replaced by another file; restart the server to use that one",
                self.ledger.display()
            ))),
            Err(error) => Err(LedgerError::Unavailable(format!(
                "{} cannot be reached ({error}); put it back and writing goes on by itself",
                self.ledger.display()
            ))),
        }
    }

    /// What was written last is in the log alone. Deleted, it lives on only as long as this process does.
    pub(crate) fn has_log(&self) -> bool {
        let known = self.log_inode.load(Ordering::Relaxed);
        known == 0 || fs::metadata(&self.log).is_ok_and(|about| about.ino() == known)
    }

    /// The log that a connection has just made or found.
    pub(crate) fn remember_log(&self) {
        let inode = fs::metadata(&self.log).map_or(0, |about| about.ino());
        self.log_inode.store(inode, Ordering::Relaxed);
    }

    /// The next connection may make another one.
    pub(crate) fn forget_log(&self) {
        self.log_inode.store(0, Ordering::Relaxed);
    }

    fn log_is_there(&self) -> Result<(), LedgerError> {
        if self.has_log() {
            return Ok(());
        }
        Err(LedgerError::Unavailable(format!(
            "{} was deleted or replaced while the ledger was open; what it held was folded into the ledger, restart the \
             server and it goes on",
            self.log.display()
        )))
    }

    /// The size of the log; 0 where there is none.
    pub(crate) fn log_size(&self) -> u64 {
        fs::metadata(&self.log).map_or(0, |about| about.len())
    }

    pub(crate) fn place(&self) -> LedgerLocation {
        LedgerLocation::File(self.ledger.clone())
    }
}
