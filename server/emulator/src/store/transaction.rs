//! One change to the file, whole or not at all, with the versions that it gives to rows.

use std::collections::HashSet;

use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments as _, AssertSqlSafe, Row as _};
use uuid::Uuid;

use crate::trace::Changed;
use crate::value::Cell;

/// Runs statements without parameters. Their text is made of checked names only, never of values.
pub(crate) async fn run(connection: &mut SqliteConnection, text: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(connection).await.map(drop)
}

/// A statement with its values bound. Its text is made of checked names only.
pub(crate) fn sql(
    text: String,
    cells: Vec<Cell>,
) -> sqlx::query::Query<'static, sqlx::Sqlite, SqliteArguments> {
    let mut arguments = SqliteArguments::default();
    for cell in cells {
        let added = arguments.add(cell);
        debug_assert!(added.is_ok(), "the encodings of plain values do not fail");
    }
    sqlx::query_with(AssertSqlSafe(text), arguments)
}

/// A writing transaction. What is not committed is undone.
pub(crate) struct Transaction<'a> {
    connection: &'a mut SqliteConnection,
    version: i64,
    /// By whom and when: the same for every row of the transaction.
    pub(crate) now: i64,
    /// The number of the user who writes.
    pub(crate) by: i64,
    /// Rows that lookups of this transaction were found to point at, so that a thousand of them ask once.
    pub(crate) seen: HashSet<(i64, Uuid)>,
    pub(crate) changed: Changed,
    /// How many were changed before the savepoint.
    mark: usize,
}

impl<'a> Transaction<'a> {
    pub(crate) async fn begin(connection: &'a mut SqliteConnection, now: i64) -> Result<Self, sqlx::Error> {
        run(connection, "BEGIN IMMEDIATE").await?;
        let row =
            sqlx::query("SELECT value FROM facts WHERE name = 'version'").fetch_one(&mut *connection).await;
        match row.and_then(|row| row.try_get::<i64, _>(0)) {
            Ok(version) => {
                let changed = Changed::default();
                Ok(Self { connection, version, now, by: 0, seen: HashSet::new(), changed, mark: 0 })
            }
            Err(error) => {
                run(connection, "ROLLBACK").await?;
                Err(error)
            }
        }
    }

    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        self.connection
    }

    pub(crate) fn next_version(&mut self) -> i64 {
        self.version += 1;
        self.version
    }

    pub(crate) async fn execute(&mut self, text: String, cells: Vec<Cell>) -> Result<u64, sqlx::Error> {
        Ok(sql(text, cells).execute(&mut *self.connection).await?.rows_affected())
    }

    pub(crate) async fn one(
        &mut self,
        text: String,
        cells: Vec<Cell>,
    ) -> Result<Option<SqliteRow>, sqlx::Error> {
        sql(text, cells).fetch_optional(&mut *self.connection).await
    }

    pub(crate) async fn savepoint(&mut self) -> Result<(), sqlx::Error> {
        self.mark = self.changed.total();
        run(self.connection, "SAVEPOINT part").await
    }

    /// Keeps or undoes what was done since the savepoint.
    pub(crate) async fn settle(&mut self, keep: bool) -> Result<(), sqlx::Error> {
        if keep {
            return run(self.connection, "RELEASE part").await;
        }
        self.seen.clear();
        self.changed.back_to(self.mark);
        run(self.connection, "ROLLBACK TO part; RELEASE part").await
    }

    /// What was done is on disk when this returns.
    pub(crate) async fn commit(self) -> Result<Changed, sqlx::Error> {
        let version = vec![Cell::Integer(self.version)];
        let kept = sql("UPDATE facts SET value = ? WHERE name = 'version'".to_owned(), version)
            .execute(&mut *self.connection)
            .await;
        let done = match kept {
            Ok(_) => run(self.connection, "COMMIT").await,
            Err(error) => Err(error),
        };
        if done.is_err() {
            // A failed commit may leave the transaction open, and the next BEGIN would fail on it.
            let _ = run(self.connection, "ROLLBACK").await;
        }
        done.map(|()| self.changed)
    }

    pub(crate) async fn roll_back(self) -> Result<(), sqlx::Error> {
        run(self.connection, "ROLLBACK").await
    }
}
