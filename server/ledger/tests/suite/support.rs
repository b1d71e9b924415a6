//! A ledger in a folder of its own, with a clock that the test moves.

use std::{sync::Arc, time::Duration};

use ledger::{Ledger, ListAsk, Operation, Outcome, Parcel, Settings, Standing, chance::Seeded};
use model::{
    clock::{Clock, ManualClock},
    record::{self, Kind, Record, Stored, campaign_run::CAMPAIGN_RUN},
    tenant::TenantId,
    time::Instant,
};
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

pub const T: TenantId = TenantId::FIRST;
pub const KIND: &Kind = &CAMPAIGN_RUN;
pub const HOLD: Duration = Duration::from_secs(60);

pub struct Studio {
    pub ledger: Ledger,
    pub clock: Arc<ManualClock>,
    pub folder: TempDir,
}

impl Studio {
    pub async fn open() -> Self {
        Self::open_in(folder()).await
    }

    pub async fn open_in(folder: TempDir) -> Self {
        let clock = Arc::new(ManualClock::at(at("2026-11-21T12:00:00Z")));
        let ledger = open(&folder, &clock).await;
        Self { ledger, clock, folder }
    }

    /// As after a stop in order.
    pub async fn reopen(&mut self) {
        self.ledger.close().await;
        self.ledger = open(&self.folder, &self.clock).await;
    }

    pub async fn store(&self, records: Vec<Record>) -> Vec<Outcome> {
        self.ledger.store(T, KIND, records).await.unwrap()
    }

    pub async fn list(&self, limit: usize) -> Vec<Stored> {
        self.ledger.list(T, KIND, &ListAsk { limit, ..ListAsk::default() }).await.unwrap().items
    }

    pub async fn lease(&self, most: usize) -> Vec<Parcel> {
        self.ledger.lease(most, HOLD).await.unwrap()
    }

    pub async fn standing(&self) -> Standing {
        self.ledger.standing(T).await.unwrap()
    }

    /// The standing, after a look that nothing is unaccounted for.
    #[track_caller]
    pub fn balanced(&self) -> impl Future<Output = Standing> {
        let caller = std::panic::Location::caller();
        async move {
            let standing = self.standing().await;
            for balance in &standing.balance {
                assert_eq!(balance.unaccounted(), 0, "asked at {caller}: {balance:?}");
            }
            standing
        }
    }

    /// Does to the file what no ledger would do.
    pub async fn sql(&self, sql: &'static str) {
        let file = self.folder.path().join("ledger.sqlite");
        let mut connection = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// One text out of the file, as anybody else would read it.
    pub async fn ask(&self, sql: &'static str) -> String {
        let file = self.folder.path().join("ledger.sqlite");
        let mut connection = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
        sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
    }

    pub fn now(&self) -> Instant {
        self.clock.now()
    }
}

/// In memory where the machine offers that: what is tested here does not depend on how long a flush takes.
pub fn folder() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap()
}

async fn open(folder: &TempDir, clock: &Arc<ManualClock>) -> Ledger {
    let settings = Settings { folder: folder.path().to_owned() };
    Ledger::open(settings, Arc::clone(clock) as Arc<dyn Clock>, Seeded::new(7)).await.unwrap()
}

pub fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

/// A run that leaves its time out; `more` are further members of its JSON.
pub fn run(campaign: &str, run: &str, phase: &str, more: &str) -> Record {
    let json = format!(
        r#"{{"campaignId":"{campaign}","runId":"{run}","phase":"{phase}","agentsTotal":5,"agentsSuccessful":4{more}}}"#
    );
    record::parse(KIND, &json, at("2026-11-21T12:00:00Z")).unwrap()
}

pub fn run_at(campaign: &str, name: &str, phase: &str, time: Instant, more: &str) -> Record {
    run(campaign, name, phase, &format!(r#","createdAt":"{time}"{more}"#))
}

pub fn carries(parcel: &Parcel) -> Option<&Stored> {
    match &parcel.operation {
        Operation::Upsert(stored) => Some(stored),
        Operation::Delete => None,
    }
}
