//! A schema of a test's own in the database of this test run.

use std::sync::atomic::{AtomicU32, Ordering};

use ledger::Database;
use model::time::Timestamp;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, postgres::PgConnectOptions};

use crate::cluster::Cluster;

pub struct TestSchema {
    pub name: String,
    pooled: bool,
}

impl TestSchema {
    pub fn new(pooled: bool) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        Self { name: format!("studio_{}", MADE.fetch_add(1, Ordering::Relaxed)), pooled }
    }

    /// How the ledger gets there.
    pub fn database(&self) -> Database {
        let cluster = Cluster::here();
        let address = if self.pooled { cluster.pooled_address() } else { cluster.address() };
        Database::parse(&address).unwrap().in_schema(&self.name).unwrap()
    }

    /// The same database by another port.
    pub fn database_at(&self, port: u16) -> Database {
        Database::parse(&Cluster::here().address_at(port)).unwrap().in_schema(&self.name).unwrap()
    }

    /// How a test gets there: never through the pooler.
    pub async fn connect(&self) -> PgConnection {
        let options: PgConnectOptions = Cluster::here().address().parse().unwrap();
        options.disable_statement_logging().connect().await.unwrap()
    }

    pub async fn run(&self, sql: &str) {
        sqlx::raw_sql(self.named(sql)).execute(&mut self.connect().await).await.unwrap();
    }

    pub async fn ask(&self, sql: &str) -> String {
        sqlx::query_scalar(self.named(sql)).fetch_one(&mut self.connect().await).await.unwrap()
    }

    pub fn named(&self, sql: &str) -> AssertSqlSafe<String> {
        AssertSqlSafe(sql.replace("studio.", &format!("\"{}\".", self.name)))
    }

    /// Puts a clock that the test moves in the place of the database's own.
    pub async fn take_clock(&self, now: Timestamp) {
        self.run(&format!(
            "CREATE TABLE studio.test_clock (micros bigint); INSERT INTO studio.test_clock VALUES ({}); \
             CREATE OR REPLACE FUNCTION studio.clock() RETURNS bigint LANGUAGE sql VOLATILE \
             AS 'SELECT micros FROM studio.test_clock'",
            now.micros()
        ))
        .await;
    }
}
