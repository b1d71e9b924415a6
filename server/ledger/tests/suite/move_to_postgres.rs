//! A ledger carried over from a folder into a database: all of it, once, however often that is cut short.

use std::{
    fs,
    future::poll_fn,
    ops::ControlFlow,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::Poll,
};

use ledger::{
    CopyProgress, DeliveryCounts, KeyScope, Ledger, MirroredRow, MoveError, MovedRecords, OpenError,
    PermanentRefusal, PersonRole, RowSighting, StoreSettings, Verdict, move_to_postgres,
};
use model::{
    clock::Clock,
    note::WrittenNote,
    record::KINDS,
    rng::Seeded,
    time::{SECOND, Timestamp},
};
use uuid::Uuid;

use crate::{
    people::{person, session},
    schema::TestSchema,
    service_keys::key,
    share_links::link,
    subject::kind,
    support::{HOLD, Home, Studio, T, TestStore, run},
};

/// More than go over in one transaction.
const RUNS: usize = 4_500;

/// A ledger in every state, its server stopped.
async fn filled() -> (Studio, DeliveryCounts) {
    let studio = Studio::open(TestStore::Folder).await;
    for part in 0..5 {
        let day = 16 + part;
        let more = format!(
            r#","tokensIn":{part},"costUSD":"1.0{part}","campaignName":"Ünder \"x\"","createdAt":"2026-11-{day}T05:07:00Z""#
        );
        let some = |n: usize| run(&format!("c{part}"), &n.to_string(), "1", &more);
        let stored = studio.store((0..RUNS / 5).map(some).collect()).await;
        let ids: Vec<_> = stored.iter().map(|outcome| outcome.id).collect();
        studio.pass(SECOND).await;
        for id in &ids[..20] {
            studio.ledger.withdraw(T, kind(), *id, None).await.unwrap();
        }
        let corrected = run(&format!("c{part}"), "30", "1", r#","tokensOut":9"#);
        studio.ledger.correct(T, ids[30], corrected, None).await.unwrap();
        let parcels = studio.lease(60).await;
        studio.ledger.delivered(&parcels[..40], studio.now()).await.unwrap();
        let read = studio.ledger.unconfirmed(studio.now(), None, 10).await.unwrap();
        studio.ledger.confirmed(&read).await.unwrap();
    }
    let dead = studio.lease(2).await;
    let refusal =
        PermanentRefusal { reason: "no".to_owned(), request: Some("{}".to_owned()), response: None };
    let letters: Vec<_> = dead.iter().map(|parcel| (parcel.clone(), refusal.clone())).collect();
    studio.ledger.dead(&letters).await.unwrap();
    studio.ledger.drop_letter(T, kind(), dead[0].id, "a person").await.unwrap();
    seen_there(&studio).await;
    studio.ledger.spend(7).await.unwrap();
    let note = WrittenNote::read("2026-11-20", "Ünder \"x\"", "Jana").unwrap();
    studio.ledger.add_note(T, note).await.unwrap().unwrap();
    studio.ledger.set_cost_budget(T, Some(45_000_000)).await.unwrap();
    studio.ledger.keep_secret("0a0b".into()).await.unwrap();
    assert!(studio.ledger.add_key(key(T, "campaigns", KeyScope::Admin)).await.unwrap());
    studio.ledger.keep_person(person(T, "jana", PersonRole::Admin), Some("p".into())).await.unwrap();
    studio.ledger.add_share_link(link(T, 2)).await.unwrap();
    studio.ledger.open_session(session("a", "jana", T, &[]), None, Timestamp::from_micros(7)).await.unwrap();
    let counts = studio.balanced().await;
    studio.ledger.close().await;
    (studio, counts)
}

/// What another program made there: a record, and what is none; and how far that was read.
async fn seen_there(studio: &Studio) {
    let reflection = |n: u128, seen| MirroredRow::absent(T, Uuid::from_u128(n), seen);
    let refused = RowSighting::Refused { reason: "no".to_owned(), content: "{}".to_owned() };
    let theirs = RowSighting::Row(Box::new(run("theirs", "1", "1", "")));
    let rows = vec![reflection(1, refused), reflection(2, theirs)];
    studio.reconcile(rows).await;
    let cursor = studio.ledger.take_cursor(kind(), HOLD).await.unwrap().unwrap();
    studio.ledger.keep_cursor(&cursor, Some("https://o.example/delta"), HOLD).await.unwrap();
}

async fn carried(studio: &Studio, schema: &TestSchema) -> Result<MovedRecords, MoveError> {
    let clock = Arc::clone(&studio.clock) as Arc<dyn Clock>;
    move_to_postgres(studio.folder(), schema.database(), clock, Seeded::new(9), &mut |_| {
        ControlFlow::Continue(())
    })
    .await
}

/// The same, cut short when `runs` have gone over.
async fn cut_short(studio: &Studio, schema: &TestSchema, after: i64) {
    let clock = Arc::clone(&studio.clock) as Arc<dyn Clock>;
    let enough = AtomicBool::new(false);
    let mut told = |progress: CopyProgress<'_>| {
        if progress.table == "campaign_metrics" && progress.rows >= after {
            enough.store(true, Relaxed);
        }
        ControlFlow::Continue(())
    };
    let mut carrying =
        pin!(move_to_postgres(studio.folder(), schema.database(), clock, Seeded::new(9), &mut told));
    poll_fn(|context| match carrying.as_mut().poll(context) {
        Poll::Ready(done) => panic!("not cut short: {done:?}"),
        Poll::Pending if enough.load(Relaxed) => Poll::Ready(()),
        Poll::Pending => Poll::Pending,
    })
    .await;
}

#[tokio::test]
async fn moves_copy_everything_and_change_nothing() {
    for pooled in [false, true] {
        let (studio, counts) = filled().await;
        let file = studio.folder().join("ledger.sqlite");
        let before = fs::read(&file).unwrap();
        let schema = TestSchema::new(pooled);
        let done = carried(&studio, &schema).await.unwrap();
        assert_eq!(done.tenants, 1);
        let rows = |table: &str| done.tables.iter().find(|compared| compared.table == table).unwrap().rows;
        assert_eq!(rows("campaign_metrics"), i64::try_from(RUNS).unwrap() + 1);
        assert_eq!((rows("versions"), rows("receipts"), rows("campaigns")), (105, 5, 6));
        assert_eq!((rows("dead_letters"), rows("handlings")), (2, 1));
        assert_eq!((rows("rejects"), rows("marks"), rows("spending")), (1, 1, 1));
        assert_eq!((rows("day_notes"), rows("panel_settings")), (1, 1));
        assert_eq!((rows("service_keys"), rows("access_secrets")), (1, 1));
        assert_eq!((rows("people"), rows("passwords"), rows("sessions")), (1, 1, 1));
        assert_eq!(carried(&studio, &schema).await.unwrap(), done, "again, it is the same");
        assert_eq!(fs::read(&file).unwrap(), before);

        let target = Studio::open_with(Home::Database(schema)).await;
        assert_eq!(target.delivery_counts().await, counts);
        assert_eq!(target.ledger.rejects(T, None, 10).await.unwrap().len(), 1);
        assert_eq!(target.ledger.spent(target.now()).await.unwrap()[0].1, 7);
        let notes = target.ledger.notes(T, "2026-11-20", "2026-11-20").await.unwrap();
        assert_eq!(notes[0].written.text, "Ünder \"x\"");
        assert_eq!(target.ledger.panel_settings(T).await.unwrap().cost_budget_e5, Some(45_000_000));
        let keys = target.ledger.key_table().await.unwrap();
        assert_eq!(keys.secret.as_deref(), Some("0a0b"));
        assert_eq!(keys.keys, [key(T, "campaigns", KeyScope::Admin)]);
        assert!(keys.is_peopled);
        assert_eq!(target.ledger.share_links(T).await.unwrap(), [link(T, 2)]);
        let session = target.ledger.session("a").await.unwrap().unwrap();
        assert_eq!(session.role(), Some(PersonRole::Admin));
        target.pass(90 * SECOND).await;
        let cursor = target
            .ledger
            .take_cursor(kind(), HOLD)
            .await
            .unwrap()
            .expect("its lease went over, and has run out");
        assert_eq!(cursor.link.as_deref(), Some("https://o.example/delta"));
        let listed = target.list(1_000).await;
        let listed: Vec<_> = listed.iter().filter(|run| run.record.values()[0].text() == "c4").collect();
        assert_eq!(listed[0].record.names()[0].as_deref(), Some("Ünder \"x\""));
        // What comes after it is numbered after it, and what is known stays known.
        let stored =
            target.store(vec![run("new", "1", "1", ""), run("c0", "40", "1", r#","tokensIn":1"#)]).await;
        assert!(matches!(stored[0].verdict, Verdict::Stored(1)), "{stored:?}");
        assert!(matches!(stored[1].verdict, Verdict::Conflict { .. }), "{stored:?}");
        target.balanced().await;
    }
}

#[tokio::test]
async fn interrupted_moves_go_on() {
    let (studio, counts) = filled().await;
    let schema = TestSchema::new(false);
    for after in [1, 2_001, 4_001] {
        cut_short(&studio, &schema, after).await;
        let clock = Arc::clone(&studio.clock) as Arc<dyn Clock>;
        let opened =
            Ledger::open(KINDS, StoreSettings::Database(schema.database()), clock, Seeded::new(3)).await;
        assert!(matches!(opened, Err(OpenError::Unfinished { .. })), "no server starts on half a ledger");
        let there = schema.ask("SELECT count(*)::text FROM studio.campaign_metrics").await;
        assert!(there.parse::<i64>().unwrap() >= after, "{there} rows are kept of what went over");
    }
    carried(&studio, &schema).await.unwrap();
    let target = Studio::open_with(Home::Database(schema)).await;
    assert_eq!(target.delivery_counts().await, counts);
}

#[tokio::test]
async fn what_holds_something_else_is_refused() {
    let (studio, _) = filled().await;
    let schema = TestSchema::new(false);
    carried(&studio, &schema).await.unwrap();
    schema.run("UPDATE studio.campaign_metrics SET tokens_in = 77 WHERE position = 4000").await;
    let refused = carried(&studio, &schema).await.unwrap_err();
    assert!(matches!(&refused, MoveError::Taken { table, .. } if table == "campaign_metrics"), "{refused}");

    let other = Studio::open(TestStore::Database).await;
    other.store(vec![run("other", "1", "1", "")]).await;
    other.schema().run("DROP TABLE studio.test_clock CASCADE").await;
    let refused = carried(&studio, other.schema()).await.unwrap_err();
    assert!(matches!(refused, MoveError::Taken { .. }), "{refused}");
}

#[tokio::test]
async fn busy_or_empty_folders_are_refused() {
    let studio = Studio::open(TestStore::Folder).await;
    let refused = carried(&studio, &TestSchema::new(false)).await.unwrap_err();
    assert!(matches!(refused, MoveError::Open(OpenError::InUse { .. })), "{refused}");
    let clock = Arc::clone(&studio.clock) as Arc<dyn Clock>;
    let (nowhere, database) = (studio.folder().join("nowhere"), TestSchema::new(false).database());
    let refused =
        move_to_postgres(&nowhere, database, clock, Seeded::new(9), &mut |_| ControlFlow::Continue(()))
            .await
            .unwrap_err();
    assert!(matches!(refused, MoveError::NoLedger { .. }) && !nowhere.exists(), "{refused}");
}

#[tokio::test]
async fn equal_times_compare_equal() {
    let studio = Studio::open(TestStore::Folder).await;
    let latency = |n: usize| format!(r#","latencyP95Ms":{}"#, 1_000 + n * 7919 % 500);
    let some = |n: usize| run(&format!("c{}", n * 13 % 20), &n.to_string(), "1", &latency(n));
    studio.store((0..500).map(some).collect()).await;
    studio.pass(SECOND).await;
    studio.ledger.close().await;
    let schema = TestSchema::new(false);
    carried(&studio, &schema).await.unwrap();
    Studio::open_with(Home::Database(schema)).await.balanced().await;
}

#[tokio::test]
async fn clock_changes_are_no_difference() {
    let studio = Studio::open(TestStore::Folder).await;
    studio.store(vec![run("c", "1", "1", "")]).await;
    studio.pass(-90 * SECOND).await;
    studio.store(vec![run("c", "2", "1", "")]).await;
    studio.ledger.close().await;
    carried(&studio, &TestSchema::new(false)).await.unwrap();
}

#[tokio::test]
async fn servers_wait_for_the_move() {
    let (studio, counts) = filled().await;
    let there = Studio::open(TestStore::Database).await;
    there.schema().run("DROP TABLE studio.test_clock CASCADE").await;
    let clock = "CREATE OR REPLACE FUNCTION studio.clock() RETURNS bigint LANGUAGE sql VOLATILE \
                 AS 'SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint'";
    there.schema().run(clock).await;
    cut_short(&studio, there.schema(), 1).await;
    let refused = there.ledger.store(T, vec![run("c", "late", "1", "")]).await.unwrap_err();
    assert!(refused.to_string().contains("is being carried over into this one"), "{refused}");
    assert!(there.ledger.lease(1, HOLD).await.is_err());
    carried(&studio, there.schema()).await.unwrap();
    assert_eq!(there.delivery_counts().await, counts);
    there.store(vec![run("c", "late", "1", "")]).await;
}
