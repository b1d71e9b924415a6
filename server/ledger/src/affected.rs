//! A statement that writes another number of rows than it was meant to is an error: its transaction is rolled back, and
//! nothing that was asked for along with it is answered as kept.

use std::fmt::Display;

use sqlx::{Error, postgres::PgQueryResult, sqlite::SqliteQueryResult};

/// What a statement did.
pub(crate) trait Affected {
    fn rows(&self) -> u64;

    /// # Errors
    /// When it did not write `expected` rows of `table`; `row` names one of them.
    fn ensure(&self, expected: usize, table: &str, row: impl Display) -> Result<(), Error> {
        let written = self.rows();
        if usize::try_from(written) == Ok(expected) {
            return Ok(());
        }
        Err(Error::InvalidArgument(format!(
            "{written} rows of {table} were written in the place of {expected}, {row} among them"
        )))
    }
}

impl Affected for SqliteQueryResult {
    fn rows(&self) -> u64 {
        self.rows_affected()
    }
}

impl Affected for PgQueryResult {
    fn rows(&self) -> u64 {
        self.rows_affected()
    }
}
