//! Connections that break: what was not sent is sent again, what is unknown is never called kept.

use std::{sync::Arc, time::Duration};

use ledger::{Ledger, LedgerError, StoreSettings, Verdict};
use model::{clock::Clock, record::KINDS, rng::Seeded};
use sqlx::{Connection, PgConnection};

use crate::{
    cluster::Cluster,
    support::{Studio, T, TestStore, run},
    wire::{Wire, WireCut},
};

/// A ledger in the studio's schema at the other end of a wire.
async fn over(wire: &Wire, studio: &Studio, patience: Duration) -> Ledger {
    let database = studio.schema().database_at(wire.port).with_patience(patience);
    let clock = Arc::clone(&studio.clock) as Arc<dyn Clock>;
    Ledger::open(KINDS, StoreSettings::Database(database), clock, Seeded::new(3)).await.unwrap()
}

async fn wired() -> (Studio, Wire, Ledger) {
    let studio = Studio::open(TestStore::Database).await;
    let wire = Wire::to(Cluster::here().port).await;
    let ledger = over(&wire, &studio, Duration::from_secs(20)).await;
    (studio, wire, ledger)
}

async fn store(ledger: &Ledger, name: &str) -> Result<Verdict, LedgerError> {
    ledger.store(T, vec![run("c", name, "1", "")]).await.map(|mut outcomes| outcomes.remove(0).verdict)
}

fn is_unavailable(answer: &Result<Verdict, LedgerError>, words: &str) -> bool {
    matches!(answer, Err(LedgerError::Unavailable(sentence)) if sentence.contains(words))
}

#[tokio::test]
async fn a_connection_cut_while_idle_is_replaced() {
    let (studio, wire, ledger) = wired().await;
    assert_eq!(store(&ledger, "1").await, Ok(Verdict::Stored(1)));
    ledger.delivery_counts(T).await.unwrap();
    for name in ["2", "3"] {
        wire.cut_all();
        assert_eq!(store(&ledger, name).await, Ok(Verdict::Stored(1)));
        ledger.delivery_counts(T).await.unwrap();
    }
    assert_eq!(studio.balanced().await.balance[0].durable, 3);
}

#[tokio::test]
async fn cuts_before_commit_are_retried() {
    let (studio, wire, ledger) = wired().await;
    for words in ["BEGIN", "INSERT INTO", "receipt_hours"] {
        wire.cut(WireCut::Before(words));
        assert_eq!(store(&ledger, words).await, Ok(Verdict::Stored(1)), "{words}");
    }
    wire.cut(WireCut::Before("INSERT INTO"));
    wire.cut(WireCut::Before("INSERT INTO"));
    let answer = store(&ledger, "twice").await;
    assert!(is_unavailable(&answer, "cannot be reached"), "{answer:?}");
    assert_eq!(store(&ledger, "twice").await, Ok(Verdict::Stored(1)), "nothing of it was kept");
    assert_eq!(studio.balanced().await.balance[0].durable, 4);
}

#[tokio::test]
async fn lost_commit_answers_promise_nothing() {
    let (studio, wire, ledger) = wired().await;
    let changes = ledger.changes();
    wire.cut(WireCut::After("COMMIT\0"));
    let answer = store(&ledger, "kept").await;
    assert!(is_unavailable(&answer, "not known"), "{answer:?}");
    assert!(changes.has_changed().unwrap(), "there may be something new to see");
    assert_eq!(store(&ledger, "kept").await, Ok(Verdict::Duplicate(1)), "and it is not taken twice");
    wire.cut(WireCut::Before("COMMIT\0"));
    let answer = store(&ledger, "lost").await;
    assert!(is_unavailable(&answer, "not known"), "{answer:?}");
    assert_eq!(store(&ledger, "lost").await, Ok(Verdict::Stored(1)));
    assert_eq!(studio.balanced().await.balance[0].durable, 2);
}

#[tokio::test]
async fn an_absent_database_is_survived() {
    let studio = Studio::open(TestStore::Database).await;
    let wire = Wire::to(Cluster::here().port).await;
    let ledger = over(&wire, &studio, Duration::from_secs(1)).await;
    wire.down(true);
    for answer in [
        store(&ledger, "1").await.map(|_| ()),
        ledger.healthy().await,
        ledger.delivery_counts(T).await.map(|_| ()),
    ] {
        assert!(matches!(answer, Err(LedgerError::Unavailable(_))), "{answer:?}");
    }
    wire.down(false);
    assert_eq!(store(&ledger, "1").await, Ok(Verdict::Stored(1)));
    assert_eq!(ledger.healthy().await, Ok(()));
}

#[tokio::test]
async fn refused_connections_are_said_at_once() {
    let (studio, wire, ledger) = wired().await;
    assert_eq!(store(&ledger, "1").await, Ok(Verdict::Stored(1)));
    wire.take_away().await;
    let began = tokio::time::Instant::now();
    let answers = tokio::join!(store(&ledger, "2"), ledger.delivery_counts(T), ledger.healthy());
    for said in [answers.0.map(|_| ()), answers.1.map(|_| ()), answers.2].map(Result::unwrap_err) {
        assert!(said.to_string().contains("refused"), "{said}");
    }
    assert!(began.elapsed() < Duration::from_secs(5), "and not after all of its patience");
    assert_eq!(studio.balanced().await.balance[0].durable, 1);
}

#[tokio::test]
async fn probes_wait_only_briefly() {
    let studio = Studio::open(TestStore::Database).await;
    let mut holder = studio.schema().connect().await;
    let held = "BEGIN; LOCK TABLE studio.tenants IN ACCESS EXCLUSIVE MODE";
    sqlx::raw_sql(studio.schema().named(held)).execute(&mut holder).await.unwrap();
    let began = tokio::time::Instant::now();
    assert!(matches!(studio.ledger.healthy().await, Err(LedgerError::Unavailable(_))));
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    holder.close().await.unwrap();
    assert_eq!(studio.ledger.healthy().await, Ok(()));
}

/// Holds what a writer needs, ends that writer's backend while it waits, and lets go.
#[tokio::test]
async fn terminated_backends_cost_nothing() {
    let studio = Studio::open(TestStore::Database).await;
    let mut holder = studio.schema().connect().await;
    let held = "BEGIN; LOCK TABLE studio.outbox IN EXCLUSIVE MODE";
    sqlx::raw_sql(studio.schema().named(held)).execute(&mut holder).await.unwrap();
    let ledger = studio.ledger.clone();
    let stored = tokio::spawn(async move { store(&ledger, "1").await });
    let me: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut holder).await.unwrap();
    end_who_waits_for(me, &mut studio.schema().connect().await).await;
    sqlx::raw_sql("COMMIT").execute(&mut holder).await.unwrap();
    holder.close().await.unwrap();
    assert_eq!(stored.await.unwrap(), Ok(Verdict::Stored(1)));
    assert_eq!(studio.balanced().await.balance[0].durable, 1);
}

async fn end_who_waits_for(pid: i32, connection: &mut PgConnection) {
    let sql =
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))";
    loop {
        let ended: i64 = sqlx::query_scalar(sql).bind(pid).fetch_one(&mut *connection).await.unwrap();
        if ended > 0 {
            return;
        }
        tokio::task::yield_now().await;
    }
}
