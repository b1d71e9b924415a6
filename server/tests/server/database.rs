//! A schema of a test's own in the PostgreSQL of this test run, for servers that share it.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection, postgres::PgConnectOptions};

use crate::{cluster::Cluster, studio::until};

pub struct TestDatabase {
    schema: String,
    address: String,
}

impl TestDatabase {
    pub fn new() -> Self {
        Self::by(Cluster::here().address())
    }

    /// Reached by this address: through the pooler, or encrypted.
    pub fn by(address: String) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        Self { schema: format!("server_{}", MADE.fetch_add(1, Relaxed)), address }
    }

    /// What a server has to be told to keep its ledger here.
    pub fn settings(&self) -> [(&'static str, &str); 2] {
        [("DATABASE_URL", &self.address), ("STUDIO_SCHEMA", &self.schema)]
    }

    pub async fn run(&self, sql: &str) {
        sqlx::raw_sql(self.named(sql)).execute(&mut connect().await).await.unwrap();
    }

    /// Holds these tables until it is dropped, so that others wait even to read them.
    pub async fn locked(&self, tables: &str) -> PgConnection {
        let mut connection = connect().await;
        let sql = format!("BEGIN; LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE");
        sqlx::raw_sql(self.named(&sql)).execute(&mut connection).await.unwrap();
        connection
    }

    /// Whatever writes a run of this campaign waits until what is returned is dropped.
    pub async fn stuck_at(&self, campaign: &str) -> PgConnection {
        let mut connection = connect().await;
        let sql = format!(
            "CREATE OR REPLACE FUNCTION studio.stuck() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('{0}')); RETURN NEW; END $$; \
             CREATE OR REPLACE TRIGGER stuck BEFORE INSERT ON studio.campaign_metrics FOR EACH ROW \
             WHEN (NEW.campaign_id = '{campaign}') EXECUTE FUNCTION studio.stuck(); \
             SELECT pg_advisory_lock(hashtext('{0}'))",
            self.schema
        );
        sqlx::raw_sql(self.named(&sql)).execute(&mut connection).await.unwrap();
        connection
    }

    /// Returns when something waits so.
    pub async fn held_up(&self) {
        let waits = format!(
            "SELECT count(*)::text FROM pg_stat_activity WHERE wait_event = 'advisory' AND query LIKE '%\"{}\".%'",
            self.schema
        );
        until("it is held up", async || (self.ask(&waits).await != "0").then_some(())).await;
    }

    /// One text out of the database, as anybody else would read it.
    pub async fn ask(&self, sql: &str) -> String {
        sqlx::query_scalar(self.named(sql)).fetch_one(&mut connect().await).await.unwrap()
    }

    /// What a flow's role and schema are called beside this schema.
    pub fn flow(&self) -> String {
        format!("{}_flow", self.schema)
    }

    /// The same as a role of less power.
    pub async fn ask_as(&self, role: &str, sql: &str) -> String {
        let mut connection = connect().await;
        sqlx::raw_sql(AssertSqlSafe(format!("SET ROLE {role}"))).execute(&mut connection).await.unwrap();
        sqlx::query_scalar(self.named(sql)).fetch_one(&mut connection).await.unwrap()
    }

    /// What the database says to a role that may not do this.
    pub async fn refused_as(&self, role: &str, sql: &str) -> String {
        let mut connection = connect().await;
        sqlx::raw_sql(AssertSqlSafe(format!("SET ROLE {role}"))).execute(&mut connection).await.unwrap();
        sqlx::raw_sql(self.named(sql)).execute(&mut connection).await.unwrap_err().to_string()
    }

    /// `studio.` stands for the schema.
    fn named(&self, sql: &str) -> AssertSqlSafe<String> {
        AssertSqlSafe(sql.replace("studio.", &format!("{}.", self.schema)))
    }
}

async fn connect() -> PgConnection {
    let options: PgConnectOptions = Cluster::here().address().parse().unwrap();
    options.disable_statement_logging().connect().await.unwrap()
}
