//! SQLite's errors as the ledger's sentences.

use std::io::ErrorKind;

use sqlx::Error;

use crate::LedgerError;

/// The primary codes of SQLite that mean something of their own here.
const BUSY: i64 = 5;
const LOCKED: i64 = 6;
const READONLY: i64 = 8;
const IOERR: i64 = 10;
const CORRUPT: i64 = 11;
const FULL: i64 = 13;
const CANTOPEN: i64 = 14;
const NOTADB: i64 = 26;

const DISK_FULL: &str = "the ledger's disk is full; make room on it and writing goes on by itself";

pub(crate) fn of(error: Error) -> LedgerError {
    match primary_code(&error) {
        Some(FULL) => unavailable(DISK_FULL),
        Some(READONLY) => unavailable(
            "the ledger's disk or file is read-only; make it writable and writing goes on by itself",
        ),
        Some(IOERR | CANTOPEN) => LedgerError::Unavailable(format!(
            "the ledger's disk cannot be used ({error}); when it answers again, writing goes on by itself"
        )),
        Some(BUSY | LOCKED) => unavailable(
            "another program holds the ledger's file for longer than the ledger can wait; end it and writing goes on",
        ),
        Some(CORRUPT | NOTADB) => LedgerError::Damaged(error.to_string()),
        Some(_) => LedgerError::Fault(error.to_string()),
        None => match error {
            Error::PoolTimedOut => unavailable("the ledger's readers are all taken; ask again in a moment"),
            Error::PoolClosed | Error::WorkerCrashed => LedgerError::Closed,
            Error::Io(error) if error.kind() == ErrorKind::StorageFull => unavailable(DISK_FULL),
            Error::Io(error) => LedgerError::Unavailable(format!(
                "the ledger's disk cannot be used ({error}); when it answers again, writing goes on by itself"
            )),
            other => LedgerError::Fault(other.to_string()),
        },
    }
}

pub(crate) fn is_damage(error: &Error) -> bool {
    matches!(primary_code(error), Some(CORRUPT | NOTADB))
}

/// Whether the disk or its surroundings are at fault, and not the statement.
pub(crate) fn is_of_surroundings(error: &Error) -> bool {
    let code = primary_code(error);
    matches!(code, Some(BUSY | LOCKED | READONLY | IOERR | CORRUPT | FULL | CANTOPEN | NOTADB))
        || matches!(error, Error::Io(_) | Error::WorkerCrashed)
}

fn primary_code(error: &Error) -> Option<i64> {
    let Error::Database(database) = error else { return None };
    database.code()?.parse::<i64>().ok().map(|code| code & 0xff)
}

fn unavailable(sentence: &str) -> LedgerError {
    LedgerError::Unavailable(sentence.to_owned())
}
