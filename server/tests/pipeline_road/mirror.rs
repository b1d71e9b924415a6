//! The mirror beside the emulator: what others do there comes in, once and as it is.

use std::time::Duration;

use dataverse::{BatchOperation, BatchOptions, Query};
use emulator::Emulator;
use ledger::{ListAsk, MassDeletionAnswer};
use model::{
    record::{Value, campaign_run::Run},
    tenant::TenantId,
    time::MINUTE,
};
use pipeline::MirrorState;
use serde_json::json;
use uuid::Uuid;

use crate::{
    others::{beside_the_emulator, changed, mirroring, others_make, theirs, watchful},
    support::{KIND, RUNS, Studio, T, run, runs},
};

async fn listed(studio: &Studio<Emulator>) -> usize {
    let ask = ListAsk { limit: 100_000, ..ListAsk::default() };
    studio.ledger.list(T, KIND, &ask).await.unwrap().items.len()
}

#[tokio::test]
async fn full_organisations_are_read_then_watched() {
    let mut studio = beside_the_emulator().await;
    others_make(&studio, 1_203).await;
    studio.start_with(watchful());
    let status = studio.until("all are here", |status| status.mirror.added == 1_203).await;
    assert_eq!(status.mirror.rows_read, 1_203);
    studio.until("it watches", |status| status.mirror.state == MirrorState::Watching).await;
    studio.client.create(RUNS, &theirs("later")).await.unwrap();
    studio.until("the later one is here", |status| status.mirror.added == 1_204).await;
    let balance = &studio.drained().await.balance[0];
    assert_eq!((balance.mirrored, balance.received, balance.durable), (1_204, 0, 1_204));
    assert_eq!(listed(&studio).await, 1_204);
}

#[tokio::test]
async fn our_own_echo_confirms_and_changes_nothing() {
    let mut studio = beside_the_emulator().await;
    let ids = studio.store(vec![run("r1", r#","createdAt":"2026-11-21T11:00:00.654321Z""#)]).await;
    studio.start();
    studio.drained().await;
    studio.stop().await;
    studio.start_with(mirroring());
    studio.until("it is confirmed", |status| status.confirmed == 1).await;
    let held = studio.ledger.read(T, KIND, ids[0]).await.unwrap().unwrap();
    assert_eq!(
        (held.stored.revision, Run::of(&held.stored.record).unwrap().created_at().micros() % 1_000_000),
        (1, 654_321)
    );
    let status = studio.handle.as_ref().unwrap().status();
    assert_eq!((status.mirror.added, status.mirror.changed, status.last_read_back), (0, 0, None));
}

#[tokio::test]
async fn records_older_than_rules_are_delivered() {
    let mut studio = beside_the_emulator().await;
    let old = changed(&run("r1", ""), 2, Value::Text("2\u{202e}3".to_owned()));
    let ids = studio.store(vec![old.clone()]).await;
    studio.start();
    studio.drained().await;
    studio.stop().await;
    studio.start_with(mirroring());
    studio.until("it is confirmed", |status| status.confirmed == 1).await;
    let held = studio.ledger.read(T, KIND, ids[0]).await.unwrap().unwrap();
    assert_eq!((held.stored.revision, &held.stored.record.values()[2]), (1, &old.values()[2]));
    assert!(studio.ledger.rejects(T, None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn edits_and_deletions_of_others_come_in() {
    let mut studio = beside_the_emulator().await;
    let ids = studio.store(runs(3)).await;
    studio.start_with(watchful());
    studio.until("all are confirmed", |status| status.confirmed == 3).await;
    studio.clock.advance_micros(MINUTE);
    studio.client.update(RUNS, ids[0], &json!({ "apex_tokensin": 7 })).await.unwrap();
    studio.client.delete(RUNS, ids[1]).await.unwrap();
    studio.until("both are seen", |status| (status.mirror.changed, status.mirror.withdrawn) == (1, 1)).await;
    let edited = studio.ledger.read(T, KIND, ids[0]).await.unwrap().unwrap().stored;
    assert_eq!((edited.revision, Run::of(&edited.record).unwrap().tokens_in()), (2, 7));
    assert!(studio.ledger.read(T, KIND, ids[1]).await.unwrap().unwrap().withdrawn_at.is_some());
    let counts = studio.drained().await;
    assert_eq!((counts.reflected.changed, counts.reflected.withdrawn, counts.unconfirmed), (1, 1, 0));
}

#[tokio::test]
async fn foreign_ids_survive_corrections() {
    let mut studio = beside_the_emulator().await;
    others_make(&studio, 1).await;
    studio.start_with(watchful());
    studio.until("it is here", |status| status.mirror.added == 1).await;
    let ask = ListAsk { limit: 10, ..ListAsk::default() };
    let stored = studio.ledger.list(T, KIND, &ask).await.unwrap().items.remove(0);
    let corrected = changed(&stored.record, 6, Value::Integer(77));
    studio.ledger.correct(T, stored.id, corrected, None).await.unwrap();
    studio.drained().await;
    let rows = studio.client.query(Query::of(RUNS).select(["apex_tokensin"])).all().await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (&rows[0]["apex_tokensin"], &rows[0]["apex_campaignmetricsid"]),
        (&json!(77), &json!(Uuid::from_u128(1)))
    );
    studio.ledger.withdraw(T, KIND, stored.id, None).await.unwrap();
    studio.drained().await;
    assert_eq!(studio.client.count(&Query::of(RUNS)).await.unwrap(), 0);
}

#[tokio::test]
async fn expired_links_lead_to_full_reads() {
    let mut studio = beside_the_emulator().await;
    let ids = studio.store(runs(30)).await;
    studio.start_with(watchful());
    studio.until("all are confirmed", |status| status.confirmed == 30).await;
    studio.stop().await;
    studio.clock.advance_micros(MINUTE);
    studio.client.delete(RUNS, ids[4]).await.unwrap();
    let mark = studio.ledger.take_cursor(KIND, Duration::from_secs(60)).await.unwrap().unwrap();
    let expired =
        format!("{}/api/data/v9.2/{RUNS}?$deltatoken=1%2101%2f01%2f2020%2000%3a00%3a00", studio.place.url());
    assert!(studio.ledger.keep_cursor(&mark, Some(&expired), Duration::from_secs(60)).await.unwrap());
    studio.ledger.free_cursor(&mark).await.unwrap();
    studio.start_with(watchful());
    let status = studio.until("one is missed", |status| status.mirror.state == MirrorState::Asking).await;
    assert_eq!((status.mirror.rows_read, status.mirror.changed, status.mirror.added), (29, 0, 0));
    let (_, question) = studio.ledger.questions().await.unwrap().remove(0);
    assert_eq!(
        (question.gone, question.unseen, question.of),
        (1, 1, 30),
        "the link that tells of it has expired"
    );
    assert!(studio.ledger.answer(KIND, MassDeletionAnswer::Withdraw, false, "ann").await.unwrap());
    studio.until("it is gone", |status| status.mirror.withdrawn == 1).await;
    assert!(studio.ledger.read(T, KIND, ids[4]).await.unwrap().unwrap().withdrawn_at.is_some());
}

#[tokio::test]
async fn rejects_are_shown_until_valid() {
    let mut studio = beside_the_emulator().await;
    let mut personal = theirs("ann@example.com");
    personal["apex_name"] = "Ann".into();
    let stranger = TenantId(Uuid::from_u128(99));
    studio.client.upsert("apex_tenants", stranger.0, &json!({ "apex_name": "Others" })).await.unwrap();
    let mut of_stranger = theirs("t9");
    of_stranger["apex_tenantid@odata.bind"] = format!("/apex_tenants({stranger})").into();
    for (n, row) in [(1, personal), (2, of_stranger)] {
        studio.client.upsert(RUNS, Uuid::from_u128(n), &row).await.unwrap();
    }
    studio.start_with(watchful());
    studio.until("both are refused", |status| status.mirror.refused == 2).await;
    let rejects = studio.ledger.rejects(T, None, 10).await.unwrap();
    let of = |n| rejects.iter().find(|reject| reject.dataverse_id == Uuid::from_u128(n)).unwrap();
    assert!(of(1).reason.contains("apex_runid looks like an e-mail address"), "{}", of(1).reason);
    assert!(!of(1).content.contains("ann@"), "{}", of(1).content);
    assert!(of(2).reason.contains("has no place here"), "{}", of(2).reason);
    studio.client.update(RUNS, Uuid::from_u128(1), &json!({ "apex_runid": "a7" })).await.unwrap();
    studio.until("the mended one is here", |status| status.mirror.added == 1).await;
    assert_eq!(studio.ledger.rejects(T, None, 10).await.unwrap().len(), 1);
    assert_eq!(studio.drained().await.balance[0].mirrored, 1);
}

/// Forty runs that are confirmed, of which ten vanish at once.
async fn ten_of_forty_vanish() -> Studio<Emulator> {
    let mut studio = beside_the_emulator().await;
    let ids = studio.store(runs(40)).await;
    studio.start_with(watchful());
    studio.until("all are confirmed", |status| status.confirmed == 40).await;
    studio.clock.advance_micros(MINUTE);
    let deletions = ids[..10].iter().map(|id| BatchOperation::delete(RUNS, *id)).collect();
    studio.client.batch(deletions, BatchOptions::default()).await.unwrap();
    studio.until("it asks", |status| status.mirror.state == MirrorState::Asking).await;
    assert_eq!(listed(&studio).await, 40);
    let questions = studio.ledger.questions().await.unwrap();
    assert_eq!((questions[0].1.gone, questions[0].1.of), (10, 40));
    studio
}

#[tokio::test]
async fn many_deletions_are_taken_over_when_told() {
    let studio = ten_of_forty_vanish().await;
    studio.client.create(RUNS, &theirs("meanwhile")).await.unwrap();
    studio.until("others come in meanwhile", |status| status.mirror.added == 1).await;
    assert!(studio.ledger.answer(KIND, MassDeletionAnswer::Withdraw, false, "ann").await.unwrap());
    studio.until("they are gone", |status| status.mirror.withdrawn == 10).await;
    studio.until("it watches", |status| status.mirror.state == MirrorState::Watching).await;
    assert_eq!(listed(&studio).await, 31);
    assert!(studio.ledger.questions().await.unwrap().is_empty());
}

#[tokio::test]
async fn many_deletions_are_undone_when_told() {
    let studio = ten_of_forty_vanish().await;
    assert!(studio.ledger.answer(KIND, MassDeletionAnswer::SendAgain, false, "ann").await.unwrap());
    studio.until("all are sent again", |status| status.sent == 50).await;
    assert_eq!(studio.client.count(&Query::of(RUNS)).await.unwrap(), 40);
    assert_eq!(listed(&studio).await, 40);
}

#[tokio::test]
async fn our_own_withdrawals_ask_nothing() {
    let mut studio = beside_the_emulator().await;
    let ids = studio.store(runs(40)).await;
    studio.start_with(watchful());
    studio.until("all are confirmed", |status| status.confirmed == 40).await;
    for id in &ids[..30] {
        studio.ledger.withdraw(T, KIND, *id, None).await.unwrap();
    }
    let status = studio.until("all are confirmed gone", |status| status.confirmed == 70).await;
    assert_eq!((status.mirror.withdrawn, status.mirror.state), (0, MirrorState::Watching));
}

#[tokio::test]
async fn two_mirrors_on_one_ledger_take_turns() {
    let mut studio = beside_the_emulator().await;
    others_make(&studio, 3).await;
    studio.start_with(watchful());
    studio.until("all are here", |status| status.mirror.added == 3).await;
    assert!(studio.ledger.take_cursor(KIND, Duration::from_secs(1)).await.unwrap().is_none());
    studio.stop().await;
    assert!(studio.ledger.take_cursor(KIND, Duration::from_secs(1)).await.unwrap().is_some());
}
