//! A ledger in a place of its own, with a clock that the test moves.

use std::{path::Path, sync::Arc, time::Duration};

use ledger::{DeliveryCounts, Ledger, ListAsk, OutboxOperation, Outcome, Parcel, StoreSettings};
use model::{
    clock::{Clock, ManualClock},
    record::{self, KINDS, Kind, Kinds, Record, Stored},
    rng::Seeded,
    tenant::TenantId,
    time::Timestamp,
};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    rollups,
    schema::TestSchema,
    specimen,
    subject::{Subject, kind},
};

pub const T: TenantId = TenantId::FIRST;
pub const HOLD: Duration = Duration::from_secs(60);

/// Where the ledger of a test lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestStore {
    Folder,
    Database,
    /// The database through a pooler that lends a connection for one transaction.
    Pooled,
}

impl TestStore {
    /// How many cases a property test tries: each statement to a database takes its time.
    pub fn cases(self, in_a_folder: u32) -> u32 {
        // What is the same whatever the kind has been tried with campaign runs.
        let in_a_folder = if Subject::this() == Subject::CampaignRun { in_a_folder } else { in_a_folder / 2 };
        match self {
            Self::Folder => in_a_folder,
            Self::Database => in_a_folder.div_ceil(4),
            Self::Pooled => in_a_folder.div_ceil(8),
        }
    }
}

pub struct Studio {
    pub ledger: Ledger,
    pub clock: Arc<ManualClock>,
    pub home: Home,
}

/// The place itself, which outlives the ledgers that are opened in it.
pub enum Home {
    Folder(TempDir),
    Database(TestSchema),
}

impl Studio {
    pub async fn open(store: TestStore) -> Self {
        match store {
            TestStore::Folder => Self::open_in(folder()).await,
            TestStore::Database => Self::open_with(Home::Database(TestSchema::new(false))).await,
            TestStore::Pooled => Self::open_with(Home::Database(TestSchema::new(true))).await,
        }
    }

    pub async fn open_in(folder: TempDir) -> Self {
        Self::open_with(Home::Folder(folder)).await
    }

    pub async fn open_with(home: Home) -> Self {
        let clock = Arc::new(ManualClock::at(at("2026-11-21T12:00:00Z")));
        let (tables, of_a_folder) = (Subject::this(), matches!(home, Home::Folder(_)));
        let tables = tables.tables(of_a_folder);
        let mut studio = Self { ledger: open(&home, KINDS, &clock, 7).await, clock, home };
        if !tables.is_empty() {
            studio.ledger.close().await;
            studio.sql(&tables).await;
            studio.reopen().await;
        }
        if let Home::Database(schema) = &studio.home {
            schema.take_clock(studio.now()).await;
        }
        studio
    }

    /// As after a stop in order.
    pub async fn reopen(&mut self) {
        self.ledger.close().await;
        self.ledger = open(&self.home, Subject::this().kinds(), &self.clock, 7).await;
    }

    /// Another process's ledger in the same database.
    pub async fn another(&self) -> Ledger {
        open(&self.home, Subject::this().kinds(), &self.clock, 8).await
    }

    /// Time goes on, for this process and for the database.
    pub async fn pass(&self, micros: i64) {
        self.clock.advance_micros(micros);
        if let Home::Database(schema) = &self.home {
            schema.run(&format!("UPDATE studio.test_clock SET micros = micros + {micros}")).await;
        }
    }

    pub fn folder(&self) -> &Path {
        match &self.home {
            Home::Folder(folder) => folder.path(),
            Home::Database(_) => panic!("this ledger lives in no folder"),
        }
    }

    pub fn schema(&self) -> &TestSchema {
        match &self.home {
            Home::Folder(_) => panic!("this ledger lives in no database"),
            Home::Database(schema) => schema,
        }
    }

    pub async fn store(&self, records: Vec<Record>) -> Vec<Outcome> {
        self.ledger.store(T, records).await.unwrap()
    }

    pub async fn list(&self, limit: usize) -> Vec<Stored> {
        self.ledger.list(T, kind(), &ListAsk { limit, ..ListAsk::default() }).await.unwrap().items
    }

    pub async fn lease(&self, most: usize) -> Vec<Parcel> {
        self.ledger.lease(most, HOLD).await.unwrap()
    }

    pub async fn delivery_counts(&self) -> DeliveryCounts {
        self.ledger.delivery_counts(T).await.unwrap()
    }

    /// The counts, after a look that nothing is unaccounted for, and that the rollups say what the records add up to.
    #[track_caller]
    pub fn balanced(&self) -> impl Future<Output = DeliveryCounts> {
        let caller = std::panic::Location::caller().to_string();
        let accounted = self.accounted();
        async move {
            rollups::agree(self, &caller).await;
            accounted.await
        }
    }

    /// The counts, after a look that nothing is unaccounted for.
    #[track_caller]
    pub fn accounted(&self) -> impl Future<Output = DeliveryCounts> {
        let caller = std::panic::Location::caller();
        async move {
            let counts = self.delivery_counts().await;
            for balance in &counts.balance {
                assert_eq!(balance.unaccounted(), 0, "asked at {caller}: {balance:?}");
            }
            let kept = [
                counts.pending,
                counts.balance.iter().map(|balance| balance.pending).sum(),
                counts.dead,
                counts.balance.iter().map(|balance| balance.dead).sum(),
                counts.balance.iter().map(|balance| balance.dropped).sum(),
            ];
            assert_eq!(kept, self.backlog().await, "what is kept of the backlog, asked at {caller}");
            counts
        }
    }

    /// What waits, and what is refused, as the tables themselves say.
    async fn backlog(&self) -> [i64; 5] {
        let open = format!("FROM studio.dead_letters WHERE tenant_id = '{T}' AND dropped_at IS NULL");
        let waiting = format!("FROM studio.outbox WHERE tenant_id = '{T}'");
        let sql = format!(
            "SELECT concat_ws(' ', (SELECT count(*) {waiting}), (SELECT coalesce(sum(first), 0) {waiting}), \
             (SELECT count(*) {open}), (SELECT coalesce(sum(first), 0) {open}), (SELECT coalesce(sum(first), 0) \
             FROM studio.dead_letters WHERE tenant_id = '{T}' AND dropped_at IS NOT NULL))"
        );
        let found: Vec<i64> = self.ask(&sql).await.split(' ').map(|number| number.parse().unwrap()).collect();
        found.try_into().unwrap()
    }

    /// Does to the store what no ledger would do. `studio.` stands for the schema, where there is one, and the campaign runs'
    /// table for that of the kind that the test is about.
    pub async fn sql(&self, sql: &str) {
        let sql = &sql.replace("campaign_metrics", kind().table);
        match &self.home {
            Home::Folder(_) => {
                let mut file = self.file().await;
                sqlx::raw_sql(AssertSqlSafe(sql.replace("studio.", ""))).execute(&mut file).await.unwrap();
                file.close().await.unwrap();
            }
            Home::Database(schema) => schema.run(sql).await,
        }
    }

    /// One text out of the store, as anybody else would read it.
    pub async fn ask(&self, sql: &str) -> String {
        let sql = &sql.replace("campaign_metrics", kind().table);
        match &self.home {
            Home::Folder(_) => {
                let sql = AssertSqlSafe(sql.replace("studio.", ""));
                sqlx::query_scalar(sql).fetch_one(&mut self.file().await).await.unwrap()
            }
            Home::Database(schema) => schema.ask(sql).await,
        }
    }

    async fn file(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.folder().join("ledger.sqlite")).connect().await.unwrap()
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// In memory where the machine offers that: what is tested here does not depend on how long a flush takes.
pub fn folder() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap()
}

async fn open(home: &Home, kinds: Kinds, clock: &Arc<ManualClock>, seed: u64) -> Ledger {
    let settings = match home {
        Home::Folder(folder) => StoreSettings::Folder(folder.path().to_owned()),
        Home::Database(schema) => StoreSettings::Database(schema.database()),
    };
    Ledger::open(kinds, settings, Arc::clone(clock) as Arc<dyn Clock>, Seeded::new(seed)).await.unwrap()
}

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A run that leaves its time out, or what is like it of the kind that the test is about; `more` are further members of its
/// JSON.
pub fn run(campaign: &str, run: &str, phase: &str, more: &str) -> Record {
    run_of(kind(), campaign, run, phase, more)
}

/// The same of a kind that has the same fields.
pub fn run_of(kind: &'static Kind, campaign: &str, run: &str, phase: &str, more: &str) -> Record {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{campaign}/{run}/{phase}").as_bytes());
    let given = kind.identity.given().map_or_else(String::new, |json| format!(r#""{json}":"{id}","#));
    let own = if kind.field("lane").is_some() { specimen::MORE } else { "" };
    let json = format!(
        r#"{{{given}{own}"campaignId":"{campaign}","runId":"{run}","phase":"{phase}","agentsTotal":5,"agentsSuccessful":4{more}}}"#
    );
    record::parse(kind, &json, at("2026-11-21T12:00:00Z")).unwrap()
}

pub fn run_at(campaign: &str, name: &str, phase: &str, time: Timestamp, more: &str) -> Record {
    run(campaign, name, phase, &format!(r#","createdAt":"{time}"{more}"#))
}

pub fn carries(parcel: &Parcel) -> Option<&Stored> {
    match &parcel.operation {
        OutboxOperation::Upsert(stored) => Some(stored),
        OutboxOperation::Delete => None,
    }
}
