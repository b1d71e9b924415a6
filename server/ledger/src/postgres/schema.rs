//! The ledger's schema: every statement names it, and none outlives its transaction.
//!
//! Behind a transaction pooler the next transaction may run on another connection, so nothing may depend on what an
//! earlier one left in the session: no search_path, no named prepared statement. `PostgresSchema::query` sees to both. An unnamed
//! statement, too, is only safe between BEGIN and COMMIT, since the driver prepares and runs in two exchanges.

use std::time::Duration;

use model::record::Kinds;
use sqlx::{AssertSqlSafe, Postgres, RawSql, postgres::PgArguments, query::Query, raw_sql};

/// How the statements in the code write the schema.
const WRITTEN: &str = "studio.";

#[derive(Clone, Debug)]
pub(crate) struct PostgresSchema {
    name: String,
    prefix: String,
    patience: Duration,
    /// Those whose tables it has.
    kinds: Kinds,
}

impl PostgresSchema {
    pub(crate) fn new(name: &str, patience: Duration, kinds: Kinds) -> Self {
        Self { name: name.to_owned(), prefix: format!("\"{name}\"."), patience, kinds }
    }

    pub(crate) const fn kinds(&self) -> Kinds {
        self.kinds
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A statement with parameters, for use between BEGIN and COMMIT.
    pub(crate) fn query(&self, sql: &str) -> Query<'static, Postgres, PgArguments> {
        sqlx::query(AssertSqlSafe(self.named(sql))).persistent(false)
    }

    /// Statements without parameters, sent as one.
    pub(crate) fn script(&self, sql: &str) -> RawSql {
        raw_sql(AssertSqlSafe(self.named(sql)))
    }

    /// Begins a transaction that writes, and asks what time it is, and in which generations records are added up.
    ///
    /// READ COMMITTED, with the rows that matter locked in one order: SERIALIZABLE would throw away a whole group of
    /// requests where two processes merely came near each other. A process that vanishes must not hold others up for long, and
    /// a commit is on disk however the database is set otherwise. `pass` is the statement that goes through the fence.
    pub(crate) fn begin_writing(&self, pass: &str) -> RawSql {
        let limits = self.limits();
        self.script(&format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; {limits}; {pass}; \
             SELECT CASE WHEN current_setting('synchronous_commit') IN ('off', 'local') \
             THEN set_config('synchronous_commit', 'on', true) END; \
             SELECT studio.clock(), studio.rollup_generations()"
        ))
    }

    /// Begins a transaction that reads, all of it from one moment.
    pub(crate) fn begin_reading(&self) -> AssertSqlSafe<String> {
        AssertSqlSafe(format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {}", self.limits()))
    }

    fn limits(&self) -> String {
        let patience = self.patience.as_millis();
        format!(
            "SET LOCAL statement_timeout = {patience}; SET LOCAL lock_timeout = {}; \
             SET LOCAL idle_in_transaction_session_timeout = {patience}",
            patience / 3
        )
    }

    pub(crate) fn named(&self, sql: &str) -> String {
        sql.replace(WRITTEN, &self.prefix)
    }
}
