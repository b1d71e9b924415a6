//! Why a ledger was not carried over.

use std::path::PathBuf;

use crate::{LedgerError, OpenError};

/// Why a ledger was not carried over, or not all of it. The folder is as it was in any case.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("there is no ledger in {}; set STUDIO_DATA to the folder that is meant", folder.display())]
    NoLedger { folder: PathBuf },
    #[error(
        "the ledger in {} was written by an older version (its schema is {found}, this version knows {known}); start this \
         version's server on it once, stop it, and call this again", folder.display()
    )]
    Older { folder: PathBuf, found: i64, known: i64 },
    #[error(
        "{place} holds something else already: {table} has {rows} rows there, and they are not those that the folder's \
         ledger begins with; nothing was changed, name another database, or another schema with STUDIO_SCHEMA"
    )]
    Taken { place: String, table: String, rows: i64 },
    #[error("the folder's ledger cannot be read ({0}); see to that and call this again")]
    Source(LedgerError),
    #[error(
        "stopped as asked: {rows} of {of} rows of {table} are there; call this again, and it goes on where it was"
    )]
    Stopped { table: String, rows: i64, of: i64 },
    #[error("{0}; call this again, and it goes on where it was")]
    Target(LedgerError),
    #[error(
        "{what} differs here and there although everything was carried over; the folder is as it was, drop the schema there, \
         call this again, and report it"
    )]
    Differs { what: String },
    #[error("this version does not know how to carry {what} over; report this")]
    Unknown { what: String },
}
