//! What only shows from within: the tables fit the kinds, and no statement that is asked all the time reads a whole table.

#[path = "../../tests/suite/cluster.rs"]
mod cluster;

use std::sync::atomic::{AtomicU32, Ordering};

use cluster::Cluster;
use futures::future::join_all;
use model::{
    record::{KINDS, campaign_run::CAMPAIGN_RUN},
    tenant::TenantId,
};
use sqlx::Row;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};
use uuid::Uuid;

use super::*;
use crate::{
    DeliveryCounts, LedgerError, MirroredRow, RowOutcome, RowSighting, Verdict,
    change_cursor::{CursorCommand, UseCursor},
    mirror::Reconcile,
    test_records::{BreakOff, NOW, Spoil, opening, runs},
};

const T: TenantId = TenantId::FIRST;

async fn open() -> Postgres {
    open_at(&Cluster::here().address()).await
}

async fn open_at(address: &str) -> Postgres {
    open_with(address, Duration::from_secs(15)).await
}

async fn open_with(address: &str, patience: Duration) -> Postgres {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let name = format!("within_{}", MADE.fetch_add(1, Ordering::Relaxed));
    let database = Database::parse(address).unwrap().in_schema(&name).unwrap().with_patience(patience);
    Postgres::open(database, opening()).await.unwrap()
}

async fn counts_of(store: &Postgres) -> Result<DeliveryCounts, LedgerError> {
    reading!(store, reader => delivery_counts::delivery_counts(reader, T))
}

#[tokio::test]
async fn a_failing_statement_fails_alone() {
    let store = open_at(&Cluster::here().pooled_address()).await;
    // Both are in one group: the second fails, and the first is done all the same.
    let (good, bad) = tokio::join!(
        store.writer.store(T, runs(0, 3)),
        store.writer.write(Spoil("INSERT INTO nowhere VALUES (1)".to_owned())),
    );
    assert_eq!(good.unwrap().len(), 3);
    assert!(matches!(bad, Err(LedgerError::Fault(_))), "{bad:?}");
    assert_eq!(counts_of(&store).await.unwrap().balance[0].durable, 3);
}

#[tokio::test]
async fn slow_statements_fail_alone() {
    let store = open_with(&Cluster::here().address(), Duration::from_secs(2)).await;
    let stores = join_all((0..10).map(|n| store.writer.store(T, runs(n, 1))));
    let spoil = Spoil("SELECT pg_sleep(60)".to_owned());
    // All of them are in one group.
    let (good, bad) = tokio::join!(stores, store.writer.write(spoil));
    assert!(good.iter().all(Result::is_ok), "{good:?}");
    assert!(
        matches!(&bad, Err(LedgerError::Unavailable(said)) if said.contains("long") || said.contains("in time")),
        "{bad:?}"
    );
    assert_eq!(counts_of(&store).await.unwrap().balance[0].durable, 10);
}

#[tokio::test]
async fn system_writes_share_no_intake_transaction() {
    let store = open().await;
    let row = MirroredRow::absent(T, Uuid::from_u128(1), RowSighting::Row(Box::new(runs(1, 1).remove(0))));
    let command = CursorCommand::Take { hold: Duration::from_secs(60) };
    let cursor = store.writer.write(UseCursor { kind: &CAMPAIGN_RUN, command }).await.unwrap().unwrap();
    let page = crate::reconcile::MirrorPage::new(&cursor, vec![row], NOW);
    // Both are in one group.
    let (reflected, stored) =
        tokio::join!(store.writer.write(Reconcile { page }), store.writer.store(T, runs(0, 1)));
    assert_eq!((reflected.unwrap(), stored.unwrap().len()), (Some(vec![RowOutcome::Added]), 1));
    let mut connection = store.readers.acquire().await.unwrap();
    let ask = store.schema.script("SELECT count(DISTINCT arrived_in) FROM studio.campaign_metrics");
    assert_eq!(ask.fetch_one(&mut *connection).await.unwrap().get::<i64, _>(0), 2);
}

#[tokio::test]
async fn a_broken_writer_leaves_nothing_half() {
    for address in [Cluster::here().address(), Cluster::here().pooled_address()] {
        let store = open_at(&address).await;
        let mut health = store.writer.health();
        let (broken, waiting) =
            tokio::join!(store.writer.store(T, runs(0, 3)), store.writer.write(BreakOff),);
        let is_said = |error: LedgerError| error.to_string().contains("broke off");
        assert!(broken.is_err_and(is_said) && waiting.is_err_and(is_said));
        health.wait_for(|health| health.stop().is_none()).await.unwrap();
        assert_eq!(counts_of(&store).await.unwrap().balance[0].durable, 0, "{address}");
        store.writer.store(T, runs(0, 3)).await.unwrap();
        let counts = counts_of(&store).await.unwrap();
        assert_eq!((counts.balance[0].durable, counts.balance[0].unaccounted()), (3, 0), "{address}");
        store.close().await;
    }
}

#[tokio::test]
async fn missing_room_or_rights_are_said() {
    let store = open().await;
    for (code, words) in [
        ("53100", "disk"),
        ("53300", "connection"),
        ("25006", "only reads"),
        ("57014", "too long"),
        ("42501", "rights"),
        ("57P03", "cannot answer now"),
    ] {
        let sql = format!("DO $$ BEGIN RAISE EXCEPTION 'said by a test' USING ERRCODE = '{code}'; END $$");
        let refused = store.writer.write(Spoil(sql)).await.unwrap_err();
        assert!(
            matches!(&refused, LedgerError::Unavailable(said) if said.contains(words)),
            "{code}: {refused}"
        );
    }
    assert_eq!(store.healthy().await, Ok(()));
}

#[tokio::test]
async fn connections_are_encrypted_and_verified() {
    let store = open_at(&Cluster::here().encrypted_address()).await;
    assert_eq!(store.writer.store(T, runs(0, 1)).await.unwrap().len(), 1);
    let mut connection = store.readers.acquire().await.unwrap();
    let ask = store.schema.script("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    assert!(ask.fetch_one(&mut *connection).await.unwrap().get::<bool, _>(0));
}

/// Where connections lead that are counted on their way.
async fn counting(port: u16) -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (own, made) = (listener.local_addr().unwrap().port(), Arc::new(AtomicU32::new(0)));
    let counted = Arc::clone(&made);
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                let mut far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                _ = copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    (Cluster::here().address_at(own), made)
}

#[tokio::test]
async fn waiting_for_a_connection_does_not_probe() {
    let (address, made) = counting(Cluster::here().port).await;
    let pool = PgPoolOptions::new().max_connections(1).connect_lazy(&address).unwrap();
    let reach = Reach::default();
    let asked = join_all((0..12).map(|_| async {
        let mut taken = reach::acquire(&pool, &reach).await.unwrap();
        sqlx::raw_sql("SELECT pg_sleep(0.15)").execute(&mut *taken).await.unwrap();
    }));
    asked.await;
    let made = made.load(Ordering::Relaxed);
    assert!(made < 6, "{made} connections for twelve questions one after the other");
}

/// Where connections lead through which nothing passes while `frozen` says so, as when the database is stopped.
async fn freezing(port: u16, frozen: &watch::Sender<bool>) -> String {
    async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut frozen: watch::Receiver<bool>) {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut bytes).await {
            frozen.wait_for(|frozen| !frozen).await.unwrap();
            to.write_all(&bytes[..count]).await.unwrap();
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (own, frozen) = (listener.local_addr().unwrap().port(), frozen.subscribe());
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let (from_near, to_near) = near.into_split();
            let (from_far, to_far) = TcpStream::connect(("127.0.0.1", port)).await.unwrap().into_split();
            tokio::spawn(pump(from_near, to_far, frozen.clone()));
            tokio::spawn(pump(from_far, to_near, frozen.clone()));
        }
    });
    Cluster::here().address_at(own)
}

#[tokio::test]
async fn a_silent_database_is_noticed() {
    let frozen = watch::Sender::new(false);
    let address = freezing(Cluster::here().port, &frozen).await;
    // What waits for its patience to end waits for this test to be given up.
    let store = open_with(&address, Duration::from_secs(86_400)).await;
    store.writer.store(T, runs(0, 1)).await.unwrap();
    counts_of(&store).await.unwrap();

    frozen.send_replace(true);
    // The second comes while the first is being written, and the third after both.
    let (first, second) = tokio::join!(store.writer.store(T, runs(1, 1)), async {
        tokio::task::yield_now().await;
        store.writer.store(T, runs(2, 1)).await
    });
    let third = store.writer.store(T, runs(3, 1)).await;
    let asked = counts_of(&store).await;
    for refused in [first.map(drop), second.map(drop), third.map(drop), asked.map(drop)] {
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("it hangs, or the way to it is cut"), "{said}");
    }

    frozen.send_replace(false);
    let stored = store.writer.store(T, runs(0, 2)).await.unwrap();
    let verdicts: Vec<&Verdict> = stored.iter().map(|outcome| &outcome.verdict).collect();
    assert!(matches!(verdicts[..], [Verdict::Duplicate(_), Verdict::Stored(_)]), "{verdicts:?}");
    assert_eq!(counts_of(&store).await.unwrap().balance[0].received, 2);
}

#[tokio::test]
async fn every_kinds_table_has_its_fields() {
    let store = open().await;
    let mut connection = store.readers.acquire().await.unwrap();
    for kind in KINDS {
        for field in kind.fields {
            let sql = format!(
                "SELECT {}, position, revision, withdrawn_at FROM studio.{}",
                field.column, kind.table
            );
            let read = store.schema.script(&sql).execute(&mut *connection).await;
            assert!(read.is_ok(), "{} of {}: {read:?}", field.column, kind.table);
        }
    }
}

#[tokio::test]
async fn commits_are_always_flushed() {
    let store = open().await;
    let mut connection = store.readers.acquire().await.unwrap();
    for (set, expected) in [("off", "on"), ("local", "on"), ("on", "on"), ("remote_apply", "remote_apply")] {
        let sql = format!("SET synchronous_commit = {set}");
        store.schema.script(&sql).execute(&mut *connection).await.unwrap();
        store.schema.begin_writing(fence::PASS).execute(&mut *connection).await.unwrap();
        let ask = store.schema.script("SELECT current_setting('synchronous_commit')");
        let found: String = ask.fetch_one(&mut *connection).await.unwrap().get(0);
        assert_eq!(found, expected);
        store.schema.script("ROLLBACK").execute(&mut *connection).await.unwrap();
    }
    connection.close_on_drop();
}

/// With an index to walk, nothing has to be read as a whole, however large the ledger is.
#[tokio::test]
async fn no_frequent_statement_reads_a_whole_table() {
    let store = open().await;
    let mut connection = store.readers.acquire().await.unwrap();
    let made = statements::of(&CAMPAIGN_RUN);
    let list = format!(
        "{} WHERE r.tenant_id = $1 AND r.withdrawn_at IS NULL ORDER BY r.{} DESC, r.position DESC LIMIT $2",
        made.select, made.time
    );
    for sql in [
        &made.by_ids,
        &made.positions,
        &made.lock,
        &made.correct,
        &made.withdraw,
        &made.exported,
        &made.confirmed,
        &made.at_positions,
        &made.counted,
        &made.withdrawn,
        &made.to_confirm,
        &made.oldest_to_confirm,
        &made.dead,
        &made.dead_one,
        &made.by_hour,
        &made.by_hour_since,
        &made.from_position,
        &made.newest_position,
        &made.mirror.known_by_id,
        &made.mirror.known_by_id_there,
        &made.mirror.delivered_before,
        &made.mirror.met,
        &made.mirror.match_to,
        &made.mirror.changed_there,
        &list,
    ] {
        let plan = plan(&mut connection, &store.schema, sql).await;
        assert!(!plan.contains("Seq Scan"), "{plan} in {sql}");
    }
    for sql in [&list, &made.dead] {
        let plan = plan(&mut connection, &store.schema, sql).await;
        assert!(!plan.contains("Sort"), "a list comes out of its index in order: {plan}");
    }
}

#[tokio::test]
async fn outbox_plans_use_the_key() {
    let store = open().await;
    let mut connection = store.readers.acquire().await.unwrap();
    // As the trigger does for each record that a flow marks.
    let taken = "DELETE FROM studio.outbox WHERE tenant_id = $1 AND kind = $2 AND position = $3";
    let found = plan(&mut connection, &store.schema, taken).await;
    assert!(found.contains("outbox_pkey"), "{found}");
    store.writer.store(T, runs(0, 1000)).await.unwrap();
    store.schema.script("ANALYZE studio.outbox").execute(&mut *connection).await.unwrap();
    let due = lease::due(&CAMPAIGN_RUN);
    for (sql, index) in [(due.as_str(), "outbox_due_at"), (delivery_counts::OLDEST, "outbox_enqueued_at")] {
        let found = plan(&mut connection, &store.schema, sql).await;
        assert!(found.contains(index), "{found} in {sql}");
    }
}

async fn plan(connection: &mut PgConnection, schema: &PostgresSchema, sql: &str) -> String {
    let parameters = (1..).take_while(|at| sql.contains(&format!("${at}"))).count();
    let nothing = vec!["NULL"; parameters].join(", ");
    let script = format!(
        "BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_generic_plan; \
         PREPARE asked AS {sql}; EXPLAIN EXECUTE asked ({nothing}); DEALLOCATE asked; ROLLBACK"
    );
    let rows = schema.script(&script).fetch_all(connection).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>().join("\n")
}
