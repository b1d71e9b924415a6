//! Why a table was not taken in, or not all of it.

use crate::{LedgerError, OpenError};

/// Why nothing, or not everything, was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(
        "there is no table {table} in the database of DATABASE_URL that this user may read; name another with --table"
    )]
    NoTable { table: String },
    #[error("{table} is the ledger's own table; name the one that is to be taken in with --table")]
    Own { table: String },
    #[error(
        "{table} cannot be taken in: {what}; make a view of it that has such a column, and name that with --table"
    )]
    Unfit { table: String, what: String },
    #[error(
        "the ledger {place} holds demo data, and records of your own are not to be mixed with them; set DATABASE_URL or \
         STUDIO_SCHEMA to another one"
    )]
    Demo { place: String },
    #[error(
        "stopped as asked: {rows} of {of} rows were looked at; call this again, and it goes on: nothing is taken in twice"
    )]
    Stopped { rows: i64, of: i64 },
    #[error("{0}; what was taken in so far is kept, call this again and it is known again")]
    Database(LedgerError),
}
