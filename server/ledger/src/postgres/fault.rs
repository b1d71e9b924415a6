//! PostgreSQL's errors as the ledger's sentences.

use sqlx::Error;

use super::fence;
use crate::LedgerError;

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorClass {
    /// The connection is gone, or of no use any more: another one may do.
    Lost,
    /// Others were in the way; the same again may go through.
    InTheWay,
    /// It was given up after so much time; what it was done together with may go through without it.
    TooLong,
    /// There is no connection to be had.
    Away,
    /// The database says no for a reason that another try does not mend.
    Refused,
}

pub(crate) fn nature(error: &Error) -> ErrorClass {
    match error {
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed | Error::BeginFailed => {
            ErrorClass::Lost
        }
        Error::Database(_) => match code(error).as_str() {
            // Shut down, crashed, starting, or a standby since the last failover; and everything about connections.
            "57P01" | "57P02" | "57P03" | "57P05" | "25006" | "25P03" => ErrorClass::Lost,
            code if code.starts_with("08") => ErrorClass::Lost,
            // Deadlock, serialization failure, a lock that did not come free.
            "40P01" | "40001" | "55P03" => ErrorClass::InTheWay,
            "57014" => ErrorClass::TooLong,
            _ => ErrorClass::Refused,
        },
        _ => ErrorClass::Refused,
    }
}

/// Whether the connection is gone, so that another one may do.
pub(crate) fn is_lost(error: &Error) -> bool {
    nature(error) == ErrorClass::Lost
}

pub(crate) fn of(error: &Error) -> LedgerError {
    match error {
        Error::PoolTimedOut => unavailable(
            "the ledger's database does not answer in time; when it answers again, writing goes on by itself",
        ),
        Error::PoolClosed => LedgerError::Closed,
        Error::Database(database) => of_database(&code(error), database.message()),
        Error::Io(error) => out_of_reach(error),
        lost if nature(lost) == ErrorClass::Lost => out_of_reach(lost),
        other => LedgerError::Fault(other.to_string()),
    }
}

/// Whether two transactions waited for each other, which the same again does not do once more: PostgreSQL let one through.
pub(crate) fn is_deadlock_or_serialization(error: &Error) -> bool {
    matches!(code(error).as_str(), "40P01" | "40001")
}

/// What is said when it is not known whether a commit was the last thing that the database did.
pub(crate) fn unknown() -> LedgerError {
    unavailable(
        "the connection to the ledger's database broke off while it was committing, and whether this was kept is not \
         known; send it again: what was kept is known again and not taken twice",
    )
}

fn of_database(code: &str, message: &str) -> LedgerError {
    let says = |sentence: &str| LedgerError::Unavailable(format!("{sentence} ({message})"));
    match code {
        "53100" => {
            says("the disk of the ledger's database is full; make room on it and writing goes on by itself")
        }
        "53300" => {
            says("the ledger's database has no connection left; raise its limit, or put a pooler before it")
        }
        "25006" => says(
            "the ledger's database only reads now, as a standby does; point DATABASE_URL at the one that writes",
        ),
        "57014" => says("the ledger's database took too long; ask again in a moment"),
        "55P03" => says(
            "another program holds records for longer than the ledger can wait; end it and writing goes on",
        ),
        "40P01" | "40001" => LedgerError::Busy { retry_after: std::time::Duration::from_secs(1) },
        fence::CARRIED => unavailable(
            "a ledger is being carried over into this one; stop this server, and start it when studio move says that everything \
             is there",
        ),
        fence::GIVEN_AWAY => unavailable(
            "the ledger was given to another organisation meanwhile; restart this server to see which",
        ),
        "3D000" => says("there is no database of the name in DATABASE_URL; make it, or name another one"),
        "28P01" | "28000" | "42501" => {
            says("the ledger's database refuses the user of DATABASE_URL; mend its rights or its password")
        }
        "XX001" | "XX002" => LedgerError::Damaged(message.to_owned()),
        code if code.starts_with("57P") || code.starts_with("08") || code.starts_with("53") => {
            says("the ledger's database cannot answer now; when it can again, writing goes on by itself")
        }
        _ => LedgerError::Fault(format!("{message}, {code}")),
    }
}

pub(crate) fn code(error: &Error) -> String {
    let Error::Database(database) = error else { return String::new() };
    database.code().unwrap_or_default().into_owned()
}

fn out_of_reach(why: &dyn std::fmt::Display) -> LedgerError {
    LedgerError::Unavailable(format!(
        "the ledger's database cannot be reached ({why}); when it answers again, writing goes on by itself"
    ))
}

fn unavailable(sentence: &str) -> LedgerError {
    LedgerError::Unavailable(sentence.to_owned())
}
