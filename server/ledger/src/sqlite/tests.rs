//! What happens when the disk does not do as it should, and when there is more to write than can be taken on.

use std::sync::atomic::{AtomicBool, Ordering};

use model::{
    record::{self, campaign_run::CAMPAIGN_RUN},
    tenant::TenantId,
    time::Timestamp,
};
use tempfile::TempDir;

use super::*;
use crate::{
    ListAsk, ListOrder, PageCursor, Verdict,
    test_records::{BreakOff, Spoil, opening, runs},
};

const T: TenantId = TenantId::FIRST;

async fn open(folder: &TempDir) -> Sqlite {
    open_bounded(folder, log::MOST).await
}

async fn open_bounded(folder: &TempDir, log_most: u64) -> Sqlite {
    Sqlite::open_bounded(folder.path().to_owned(), log_most, opening()).await.unwrap()
}

async fn spoil(store: &Sqlite, sql: &'static str) {
    store.writer.write(Spoil(sql.to_owned())).await.unwrap();
}

async fn durable(store: &Sqlite) -> i64 {
    let counts = delivery_counts::delivery_counts(store.reader(), T).await.unwrap();
    assert_eq!(counts.balance[0].unaccounted(), 0);
    counts.balance[0].durable
}

#[tokio::test]
async fn a_full_disk_is_survived() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    store.writer.store(T, runs(0, 10)).await.unwrap();
    spoil(&store, "PRAGMA max_page_count = 100").await;
    let refused = store.writer.store(T, runs(10, 2_000)).await.unwrap_err();
    assert!(refused.to_string().contains("disk is full"), "{refused}");
    assert_eq!(durable(&store).await, 10);
    // The writer has opened the file anew, and the limit was the old connection's.
    let stored = store.writer.store(T, runs(10, 2_000)).await.unwrap();
    assert!(stored.iter().all(|outcome| outcome.verdict == Verdict::Stored(1)));
    assert_eq!(durable(&store).await, 2_010);
}

#[tokio::test]
async fn a_writer_that_breaks_off_is_replaced() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let stored = store.writer.store(T, runs(0, 3)).await.unwrap();
    assert_eq!(stored.len(), 3);
    let mut health = store.writer.health();
    let (broken, waiting) = tokio::join!(store.writer.write(BreakOff), store.writer.store(T, runs(3, 3)),);
    let is_said = |error: LedgerError| error.to_string().contains("broke off");
    assert!(broken.is_err_and(is_said) && waiting.is_err_and(is_said));
    health.wait_for(|health| health.stop().is_none()).await.unwrap();
    store.writer.store(T, runs(3, 3)).await.unwrap();
    assert_eq!(durable(&store).await, 6, "nothing half-written is left");
    assert_eq!(store.healthy().await, Ok(()));
    store.close().await;
}

#[tokio::test]
async fn failed_writes_stand_until_success() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let (file, aside) = (folder.path().join("ledger.sqlite"), folder.path().join("aside"));
    std::fs::rename(&file, &aside).unwrap();
    assert_eq!(store.writer.health().borrow().stop(), None, "nothing was tried yet");
    let refused = store.writer.store(T, runs(0, 1)).await.unwrap_err();
    let mut health = store.writer.health();
    assert_eq!(health.borrow().stop().unwrap().error, refused, "said before it is answered");
    assert_eq!(store.healthy().await, Err(refused));
    std::fs::rename(&aside, &file).unwrap();
    // Without anything being sent.
    health.wait_for(|health| health.stop().is_none()).await.unwrap();
    assert!(!folder.path().join("ledger.trial").exists());
}

#[tokio::test]
async fn a_read_only_disk_is_survived() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    spoil(&store, "PRAGMA query_only = 1").await;
    let refused = store.writer.store(T, runs(0, 1)).await.unwrap_err();
    assert!(refused.to_string().contains("read-only"), "{refused}");
    store.writer.store(T, runs(0, 1)).await.unwrap();
    assert_eq!(durable(&store).await, 1);
}

#[tokio::test]
async fn a_failing_statement_fails_alone() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    // Both are in one group: the second fails, and the first is done all the same.
    let (good, bad) = tokio::join!(
        store.writer.store(T, runs(0, 3)),
        store.writer.write(Spoil("INSERT INTO nowhere VALUES (1)".to_owned())),
    );
    assert_eq!(good.unwrap().len(), 3);
    assert!(matches!(bad, Err(LedgerError::Fault(_))), "{bad:?}");
    assert_eq!(durable(&store).await, 3);
}

/// Each takes its time, and there are more of them than readers.
async fn reads_without_a_pause(store: Arc<Sqlite>, ends: Arc<AtomicBool>) {
    let slow = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) \
                SELECT count(*) FROM tenants, n";
    while !ends.load(Ordering::Relaxed) {
        sqlx::query(slow).fetch_one(&store.readers).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn overlapping_readers_leave_the_log_bounded() {
    const MOST: u64 = 2 * 1024 * 1024;
    let folder = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap();
    let store = Arc::new(open_bounded(&folder, MOST).await);
    let ends = Arc::new(AtomicBool::new(false));
    let readers = (0..4).map(|_| tokio::spawn(reads_without_a_pause(Arc::clone(&store), Arc::clone(&ends))));
    let readers: Vec<_> = readers.collect();
    let mut largest = 0;
    for part in 0..60 {
        store.writer.store(T, runs(part * 200, 200)).await.unwrap();
        largest = largest.max(store.log_size());
    }
    ends.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    assert!(largest < 2 * MOST, "{largest} bytes");
    assert_eq!(durable(&store).await, 12_000);
    store.close().await;
    assert_eq!(store.log_size(), 0);
}

#[tokio::test]
async fn endless_readers_are_left_alone() {
    let folder = TempDir::new().unwrap();
    let store = open_bounded(&folder, 256 * 1024).await;
    store.writer.store(T, runs(0, 10)).await.unwrap();
    let mut reader = store.readers.acquire().await.unwrap();
    let read = "BEGIN; SELECT count(*) FROM tenants";
    sqlx::raw_sql(read).execute(&mut *reader).await.unwrap();
    for part in 0..4 {
        store.writer.store(T, runs(10 + part * 200, 200)).await.unwrap();
    }
    assert!(store.log_size() > 512 * 1024, "it grows on");
    sqlx::raw_sql("COMMIT").execute(&mut *reader).await.unwrap();
    drop(reader);
    for part in 0..4 {
        store.writer.store(T, runs(1_000 + part * 200, 200)).await.unwrap();
    }
    // The writer has looked after its log when it takes the next work on.
    store.healthy().await.unwrap();
    assert!(store.log_size() < 512 * 1024, "{} bytes", store.log_size());
}

#[tokio::test]
async fn a_deleted_log_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    store.writer.store(T, runs(0, 10)).await.unwrap();
    std::fs::remove_file(folder.path().join("ledger.sqlite-wal")).unwrap();
    for answer in [store.writer.store(T, runs(10, 1)).await.map(|_| ()), store.healthy().await] {
        let said = answer.unwrap_err().to_string();
        assert!(said.contains("-wal was deleted") && said.contains("restart"), "{said}");
    }
    // As a process does that is killed.
    let copy = TempDir::new().unwrap();
    std::fs::copy(folder.path().join("ledger.sqlite"), copy.path().join("ledger.sqlite")).unwrap();
    assert_eq!(durable(&open(&copy).await).await, 10);
    store.close().await;
    let store = open(&folder).await;
    assert_eq!(durable(&store).await, 10);
    store.writer.store(T, runs(10, 1)).await.unwrap();
}

#[tokio::test]
async fn every_kinds_table_has_its_fields() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    for kind in record::KINDS {
        for field in kind.fields {
            let sql = format!(
                "SELECT {}, position, revision, withdrawn_at FROM {} LIMIT 0",
                field.column, kind.table
            );
            let read = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_optional(&store.readers).await;
            assert!(read.is_ok(), "{} of {}: {read:?}", field.column, kind.table);
        }
    }
}

const A_PLACE: PageCursor = PageCursor { at: Timestamp::EARLIEST, position: 1 };

/// The statements that are asked for all the time must walk an index, however large the ledger is.
#[tokio::test]
async fn no_frequent_statement_reads_a_whole_table() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let made = statements::of(&CAMPAIGN_RUN);
    let newest = list::sql(&CAMPAIGN_RUN, made, &ListAsk::default());
    let oldest = ListAsk { order: ListOrder::OldestFirst, cursor: Some(A_PLACE), ..ListAsk::default() };
    let oldest = list::sql(&CAMPAIGN_RUN, made, &oldest);
    // However many are of one moment, and however long their texts are.
    let in_order = [newest.as_str(), oldest.as_str(), made.dead, made.leased];
    for sql in [
        newest.as_str(),
        oldest.as_str(),
        made.by_ids,
        made.correct,
        made.withdraw,
        made.exported,
        made.confirmed,
        made.leased,
        made.to_confirm,
        made.oldest_to_confirm,
        made.withdrawn,
        made.counted,
        made.enqueue,
        made.dead,
        made.dead_one,
        made.by_hour,
        made.from_position,
        made.mirror.known_by_id,
        made.mirror.known_by_id_there,
        made.mirror.delivered_before,
        made.mirror.met,
        made.mirror.match_to,
    ] {
        let plan = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
            .fetch_all(&store.readers)
            .await
            .unwrap();
        for step in &plan {
            let detail: &str = row::get(step, 3).unwrap();
            let scans = detail.starts_with("SCAN") && !detail.contains("VIRTUAL TABLE");
            assert!(!scans, "{detail} in {sql}");
            let sorts = detail.contains("TEMP B-TREE");
            assert!(!sorts || !in_order.contains(&sql), "{detail} in {sql}");
        }
    }
}

#[tokio::test]
async fn figures_are_read_from_indexes_alone() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    for (index, filter) in [
        ("campaign_metrics_created_at", ""),
        ("campaign_metrics_campaign_id", " AND campaign_id = 'c' AND phase = '1'"),
    ] {
        let plan = sqlx::query(sqlx::AssertSqlSafe(format!(
            "EXPLAIN QUERY PLAN SELECT count(*), sum(agents_total), sum(agents_successful), sum(assets_generated), \
             sum(tokens_in), sum(tokens_out), sum(cost_usd_e5), group_concat(latency_p95_ms), sum(latency_avg_ms) \
             FROM campaign_metrics WHERE tenant_id = 't' AND created_at >= 1 AND created_at < 2 \
             AND withdrawn_at IS NULL{filter}"
        )));
        let plan = plan.fetch_all(&store.readers).await.unwrap();
        let detail: &str = row::get(&plan[0], 3).unwrap();
        assert!(detail.contains(&format!("USING COVERING INDEX {index}")), "{detail}");
    }
}
