//! Two processes on one database: each record once, each parcel with one of them, each step of the schema once.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures::future::join_all;
use ledger::{ChangeOutcome, Ledger, LedgerError, StoreSettings, Verdict};
use model::{
    clock::{Clock, ManualClock},
    record::{KINDS, Record},
    rng::Seeded,
    time::SECOND,
};
use uuid::Uuid;

use crate::{
    mirror::{gone, seen},
    schema::TestSchema,
    subject::kind,
    support::{HOLD, Studio, T, TestStore, at, run},
};

const RUNS: usize = 40;

/// The same keys for everybody, in an order of each sender's own; every third sender says something else of them.
fn told_by(sender: usize) -> Vec<Record> {
    let more = if sender.is_multiple_of(3) { r#","tokensIn":3"# } else { "" };
    (0..RUNS).map(|n| run("c", &((n * 7 + sender * 11) % RUNS).to_string(), "1", more)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn shared_records_are_stored_once() {
    let studio = Studio::open(TestStore::Database).await;
    let ledgers = [studio.ledger.clone(), studio.another().await];
    let senders = (0..24).map(|sender| {
        let ledger = ledgers[sender % 2].clone();
        tokio::spawn(async move {
            let mut verdicts = Vec::new();
            for some in told_by(sender).chunks(9) {
                verdicts.extend(ledger.store(T, some.to_vec()).await.unwrap());
            }
            verdicts
        })
    });
    let mut stored: Vec<Uuid> = Vec::new();
    for verdicts in join_all(senders).await {
        for outcome in verdicts.unwrap() {
            match outcome.verdict {
                Verdict::Stored(revision) => {
                    assert_eq!(revision, 1);
                    stored.push(outcome.id);
                }
                Verdict::Duplicate(1) | Verdict::Conflict { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(stored.len(), RUNS, "each was new to one sender");
    assert_eq!(stored.iter().collect::<BTreeSet<_>>().len(), RUNS);
    assert_eq!(studio.balanced().await.balance[0].received, i64::try_from(RUNS).unwrap());
    assert_eq!(ledgers[1].delivery_counts(T).await.unwrap(), studio.delivery_counts().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn only_one_of_two_corrections_wins() {
    let studio = Studio::open(TestStore::Database).await;
    let other = studio.another().await;
    let id = studio.store(vec![run("c", "r", "1", "")]).await[0].id;
    for revision in 1..15 {
        let correct = async |ledger: &Ledger, tokens: i64| {
            let record = run("c", "r", "1", &format!(r#","tokensIn":{tokens}"#));
            ledger.correct(T, id, record, Some(revision)).await.unwrap()
        };
        let changes = tokio::join!(correct(&studio.ledger, revision * 2), correct(&other, revision * 2 + 1));
        let is_done = |change: &ChangeOutcome| matches!(change, ChangeOutcome::Done(stored) if stored.revision == revision + 1);
        let is_late =
            |change: &ChangeOutcome| *change == ChangeOutcome::RevisionMismatch { current: revision + 1 };
        assert!(is_done(&changes.0) && is_late(&changes.1) || is_late(&changes.0) && is_done(&changes.1));
    }
    assert_eq!(studio.ask("SELECT count(*)::text FROM studio.versions").await, "14");
    studio.balanced().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_one_carries_the_other_does_not() {
    let studio = Studio::open(TestStore::Database).await;
    let ledgers = [studio.ledger.clone(), studio.another().await];
    studio.store((0..200).map(|n| run("c", &n.to_string(), "1", "")).collect()).await;
    let carriers = ledgers.iter().flat_map(|ledger| [ledger.clone(), ledger.clone()]).map(|ledger| {
        tokio::spawn(async move {
            let mut carried = Vec::new();
            loop {
                let parcels = ledger.lease(7, HOLD).await.unwrap();
                // Nothing is left over, or all that is left is being lent out at this moment.
                if parcels.is_empty() {
                    return carried;
                }
                carried.extend(parcels);
            }
        })
    });
    let mut carried = Vec::new();
    for parcels in join_all(carriers).await {
        carried.extend(parcels.unwrap());
    }
    carried.extend(studio.lease(200).await);
    assert_eq!(carried.len(), 200);
    assert_eq!(carried.iter().map(|parcel| parcel.id).collect::<BTreeSet<_>>().len(), 200);
    let (one, two) = carried.split_at(100);
    let (one, two) =
        tokio::join!(ledgers[0].delivered(one, studio.now()), ledgers[1].delivered(two, studio.now()));
    one.and(two).unwrap();
    assert_eq!(studio.balanced().await.balance[0].delivered, 200);
}

#[tokio::test]
async fn expired_leases_are_fenced_off() {
    let studio = Studio::open(TestStore::Database).await;
    let other = studio.another().await;
    studio.store(vec![run("c", "r", "1", "")]).await;
    let late = studio.lease(1).await;
    assert!(other.lease(1, HOLD).await.unwrap().is_empty());
    studio.pass(61 * SECOND).await;
    let taken_over = other.lease(1, HOLD).await.unwrap();
    assert_eq!(taken_over.len(), 1);
    studio.ledger.delivered(&late, studio.now()).await.unwrap();
    studio.ledger.dead(&[(late[0].clone(), "no".into())]).await.unwrap();
    studio.ledger.postponed(&late, studio.now()).await.unwrap();
    assert_eq!(studio.balanced().await.balance[0].pending, 1);
    assert!(studio.lease(1).await.is_empty(), "the other one still has it");
    other.delivered(&taken_over, studio.now()).await.unwrap();
    assert_eq!(studio.balanced().await.balance[0].delivered, 1);
}

#[tokio::test]
async fn the_databases_clock_ends_leases() {
    let studio = Studio::open(TestStore::Database).await;
    let other = studio.another().await;
    studio.store(vec![run("c", "r", "1", "")]).await;
    assert_eq!(studio.lease(1).await.len(), 1);
    // A process whose own clock has run away does not take anything over.
    studio.clock.advance_micros(3600 * SECOND);
    assert!(other.lease(1, HOLD).await.unwrap().is_empty());
}

#[tokio::test]
async fn starts_leave_others_leases() {
    let studio = Studio::open(TestStore::Database).await;
    studio.store(vec![run("c", "r", "1", "")]).await;
    assert_eq!(studio.lease(1).await.len(), 1);
    let other = studio.another().await;
    assert!(other.lease(1, HOLD).await.unwrap().is_empty());
    studio.pass(61 * SECOND).await;
    assert_eq!(other.lease(1, HOLD).await.unwrap().len(), 1);
}

/// Everything at once, from both: they do not wait in a circle for long, and nothing is lost or done twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crowd_leaves_no_difference_behind() {
    let studio = Studio::open(TestStore::Database).await;
    let ledgers = [studio.ledger.clone(), studio.another().await];
    let tasks = (0..12_usize).map(|task| {
        let (ledger, now) = (ledgers[task % 2].clone(), studio.now());
        tokio::spawn(async move { busy(&ledger, task, now).await })
    });
    for done in join_all(tasks).await {
        done.unwrap().unwrap();
    }
    studio.pass(61 * SECOND).await;
    loop {
        let parcels = studio.lease(50).await;
        if parcels.is_empty() {
            break;
        }
        ledgers[1].delivered(&parcels, studio.now()).await.unwrap();
    }
    let counts = studio.balanced().await;
    assert_eq!((counts.pending, counts.dead), (0, 0));
    let balance = &counts.balance[0];
    assert_eq!(balance.delivered + balance.mirrored + balance.deleted_unsent, balance.durable);
}

async fn busy(ledger: &Ledger, task: usize, now: model::time::Timestamp) -> Result<(), LedgerError> {
    for round in 0..12 {
        let name = |n: usize| ((n * 5 + task * 3 + round) % RUNS).to_string();
        let records: Vec<Record> = (0..8).map(|n| run(&name(n), &name(n), "1", "")).collect();
        let ids: Vec<Uuid> = records.iter().map(|record| record.own_id(T).unwrap()).collect();
        ledger.store(T, records).await?;
        let tokens = format!(r#","tokensIn":{},"campaignName":"{task}""#, task * 100 + round);
        let corrections = ids
            .iter()
            .zip(0..)
            .map(|(id, n)| ledger.correct(T, *id, run(&name(n), &name(n), "1", &tokens), None));
        for change in join_all(corrections).await {
            change?;
        }
        if round % 4 == task % 4 {
            ledger.withdraw(T, kind(), ids[0], None).await?;
        }
        let parcels = ledger.lease(6, HOLD).await?;
        let (delivered, postponed) = parcels.split_at(parcels.len() / 2);
        ledger.delivered(delivered, now).await?;
        ledger.postponed(postponed, now).await?;
        let read = ledger.unconfirmed(now, None, 10).await?;
        ledger.confirmed(&read).await?;
        let there = (0..6).map(|n| (name(n), run(&name(n), &name(n), "1", r#","tokensIn":7"#)));
        let there = there.map(|(name, record)| match name.len() + round % 3 {
            1 => gone(record.own_id(T).unwrap()),
            2 => seen(Uuid::from_u128(name.parse().unwrap()), &record),
            _ => seen(record.own_id(T).unwrap(), &record),
        });
        // Another task may take the cursor in between: then nothing of it is taken.
        let cursor =
            ledger.take_cursor(kind(), Duration::ZERO).await?.expect("a loan of no time is over at once");
        ledger.reconcile(&cursor, there.collect(), now.plus(20 * SECOND)).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_starts_make_one_schema() {
    let schema = TestSchema::new(false);
    let clock = Arc::new(ManualClock::at(at("2026-11-21T12:00:00Z")));
    let opened = join_all((0..8).map(|seed| {
        let settings = StoreSettings::Database(schema.database());
        let clock = Arc::clone(&clock) as Arc<dyn Clock>;
        Ledger::open(KINDS, settings, clock, Seeded::new(seed))
    }));
    for ledger in opened.await {
        let ledger = ledger.unwrap();
        assert_eq!(ledger.healthy().await, Ok(()));
        ledger.close().await;
    }
    let twice = "SELECT (count(*) - count(DISTINCT version))::text FROM studio.migrations";
    assert_eq!(schema.ask(twice).await, "0");
}
