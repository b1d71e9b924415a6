//! What can go wrong, each as a sentence that says what to do next.

use std::{fmt, path::PathBuf, time::Duration};

use model::record::Kind;

/// Why a ledger cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "the data folder {} cannot be used ({reason}); give this user the right to write there, or set STUDIO_DATA \
         to another folder", folder.display()
    )]
    Folder { folder: PathBuf, reason: String },
    #[error(
        "the data folder {} is in use by {holder}; stop that server first, or set STUDIO_DATA to another folder",
        folder.display()
    )]
    InUse { folder: PathBuf, holder: String },
    #[error(
        "the ledger {} is damaged ({reason}); move it aside and restore a backup in its place, nothing was changed in it",
        file.display()
    )]
    Damaged { file: PathBuf, reason: String },
    #[error(
        "the ledger {place} was written by a newer version (its schema is {found}, this version knows {known}); start that \
         version, or {}", place.elsewhere()
    )]
    NewerSchema { place: LedgerLocation, found: i64, known: i64 },
    #[error(
        "the ledger {place} cannot be brought up to date ({reason}); nothing was changed in it, report this"
    )]
    Migration { place: LedgerLocation, reason: String },
    #[error(
        "a ledger is being carried over into {place}, and that is not at its end; call studio move again, and start this server \
         when it says that everything is there"
    )]
    Unfinished { place: LedgerLocation },
    #[error("the ledger {place} cannot be opened ({reason}); see to that and start again")]
    Unavailable { place: LedgerLocation, reason: String },
}

/// Which ledger it is, as its keeper knows it. Never shows a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerLocation {
    File(PathBuf),
    /// Host, port, database and schema.
    Database(String),
}

impl LedgerLocation {
    pub(crate) const fn elsewhere(&self) -> &'static str {
        match self {
            Self::File(_) => "set STUDIO_DATA to another folder",
            Self::Database(_) => "set DATABASE_URL to another database",
        }
    }
}

impl fmt::Display for LedgerLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.display().fmt(f),
            Self::Database(place) => f.write_str(place),
        }
    }
}

/// Why the ledger cannot do now what was asked. Nothing of the request was kept, unless the sentence says that this is not
/// known; sending again is safe in either case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    #[error("the ledger has more to write than it can take on; send again in {} s", retry_after.as_secs().max(1))]
    Busy { retry_after: Duration },
    /// The sentence says what is wrong and what to do.
    #[error("{0}")]
    Unavailable(String),
    #[error("the ledger is damaged ({0}); stop the server and restore a backup")]
    Damaged(String),
    #[error("the ledger is closed; send again when the server is back")]
    Closed,
    #[error("the ledger refused a statement ({0}); report this")]
    Fault(String),
}

impl LedgerError {
    /// How long a sender does well to wait before it sends again.
    #[must_use]
    pub const fn retry_after(&self) -> Duration {
        match self {
            Self::Busy { retry_after } => *retry_after,
            Self::Unavailable(_) | Self::Damaged(_) | Self::Closed | Self::Fault(_) => Duration::from_secs(5),
        }
    }
}

/// A value that is there and cannot be read as what it should be.
pub(crate) fn unreadable(kind: &Kind, column: &str, error: &sqlx::Error) -> sqlx::Error {
    sqlx::Error::Decode(format!("{}.{column} holds what it should not: {error}", kind.table).into())
}
