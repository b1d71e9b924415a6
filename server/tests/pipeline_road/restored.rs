//! A ledger that was put back from a backup: what happened in Dataverse after that is newer, and stays.

use std::{path::Path, sync::Arc};

use dataverse::Query;
use emulator::Emulator;
use ledger::{Ledger, ListAsk, MassDeletionAnswer, back_up, restore};
use model::{
    clock::Clock,
    record::{KINDS, Value, campaign_run::Run},
    rng::Seeded,
    time::MINUTE,
};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    others::{beside_the_emulator, changed, watchful},
    support::{KIND, RUNS, Studio, T, run, runs},
};

async fn open(studio: &Studio<Emulator>, folder: &Path) -> Ledger {
    let place = ledger::StoreSettings::Folder(folder.to_owned());
    Ledger::open(KINDS, place, Arc::clone(&studio.clock) as Arc<dyn Clock>, Seeded::new(8)).await.unwrap()
}

/// Delivers everything, and has it read back.
async fn settle(studio: &mut Studio<Emulator>) {
    studio.start_with(watchful());
    let mut changes = studio.ledger.changes();
    loop {
        let counts = studio.drained().await;
        if counts.unconfirmed == 0 && studio.ledger.identity().await.unwrap().copied_at.is_none() {
            break;
        }
        changes.changed().await.unwrap();
    }
    studio.stop().await;
    studio.clock.advance_micros(MINUTE);
}

async fn correct(studio: &Studio<Emulator>, id: Uuid, tokens: i64) {
    let record = studio.ledger.read(T, KIND, id).await.unwrap().unwrap().stored.record;
    studio.ledger.correct(T, id, changed(&record, 6, Value::Integer(tokens)), None).await.unwrap();
}

/// Every run that stands here: its name and its tokens.
async fn here(ledger: &Ledger) -> Vec<(String, i64)> {
    let ask = ListAsk { limit: 1_000, ..ListAsk::default() };
    let items = ledger.list(T, KIND, &ask).await.unwrap().items;
    let mut said: Vec<_> = items
        .iter()
        .map(|stored| {
            (stored.record.values()[1].text().to_owned(), Run::of(&stored.record).unwrap().tokens_in())
        })
        .collect();
    said.sort();
    said
}

async fn there(studio: &Studio<Emulator>) -> Vec<(String, i64)> {
    let rows = studio.client.query(Query::of(RUNS)).all().await.unwrap();
    let mut said: Vec<_> = rows
        .iter()
        .map(|row| (row["apex_runid"].as_str().unwrap().to_owned(), row["apex_tokensin"].as_i64().unwrap()))
        .collect();
    said.sort();
    said
}

/// The corrections and withdrawals that were made and delivered after the backup are not undone by what waited in it.
#[tokio::test]
async fn a_restored_ledger_looks_before_it_sends() {
    let mut studio = beside_the_emulator().await;
    let (old, place, new) = (TempDir::new().unwrap(), TempDir::new().unwrap(), TempDir::new().unwrap());
    studio.ledger = open(&studio, old.path()).await;
    let known = studio.store(runs(4)).await;
    settle(&mut studio).await;

    // An outage: these wait when the backup is taken.
    let waiting = studio.store((0..4).map(|n| run(&format!("w{n}"), "")).collect()).await;
    correct(&studio, known[0], 2).await;
    correct(&studio, known[1], 2).await;
    studio.ledger.withdraw(T, KIND, known[3], None).await.unwrap();
    let file = place.path().join("backup.sqlite");
    back_up(old.path(), &file, studio.clock.now()).await.unwrap();

    settle(&mut studio).await;
    correct(&studio, known[0], 3).await;
    correct(&studio, waiting[0], 3).await;
    studio.ledger.withdraw(T, KIND, waiting[1], None).await.unwrap();
    studio.ledger.withdraw(T, KIND, known[2], None).await.unwrap();
    studio.store(vec![run("after", "")]).await;
    settle(&mut studio).await;
    let expected = here(&studio.ledger).await;
    assert_eq!(there(&studio).await, expected);
    studio.ledger.close().await;

    restore(&file, new.path(), studio.clock.now()).await.unwrap();
    studio.ledger = open(&studio, new.path()).await;
    assert!(studio.ledger.identity().await.unwrap().copied_at.is_some());
    settle(&mut studio).await;
    assert_eq!(there(&studio).await, expected, "nothing newer was undone");
    assert_eq!(here(&studio.ledger).await, expected);
    assert_eq!(studio.drained().await.balance[0].unaccounted(), 0);
}

/// What waited in the backup and was withdrawn after it is not made there anew while a person is asked about others.
#[tokio::test]
async fn restored_ledgers_send_nothing_withdrawn() {
    let mut studio = beside_the_emulator().await;
    let (old, place, new) = (TempDir::new().unwrap(), TempDir::new().unwrap(), TempDir::new().unwrap());
    studio.ledger = open(&studio, old.path()).await;
    let known = studio.store(runs(100)).await;
    settle(&mut studio).await;
    let waiting = studio.store(vec![run("waits", "")]).await;
    let file = place.path().join("backup.sqlite");
    back_up(old.path(), &file, studio.clock.now()).await.unwrap();

    settle(&mut studio).await;
    for id in known[..10].iter().chain(&waiting) {
        studio.ledger.withdraw(T, KIND, *id, None).await.unwrap();
    }
    settle(&mut studio).await;
    let expected = here(&studio.ledger).await;
    assert_eq!(there(&studio).await, expected);
    studio.ledger.close().await;

    restore(&file, new.path(), studio.clock.now()).await.unwrap();
    studio.ledger = open(&studio, new.path()).await;
    settle(&mut studio).await;
    assert_eq!(there(&studio).await, expected, "what was withdrawn stays so");
    let (kind, question) = studio.ledger.questions().await.unwrap().remove(0);
    assert_eq!((question.gone, here(&studio.ledger).await.len()), (10, 100));
    studio.ledger.answer(kind, MassDeletionAnswer::Withdraw, false, "a person").await.unwrap();
    studio.start_with(watchful());
    studio.until("what was asked about is withdrawn", |status| status.mirror.withdrawn == 10).await;
    studio.stop().await;
    assert_eq!((there(&studio).await, here(&studio.ledger).await), (expected.clone(), expected));
    assert_eq!(studio.drained().await.balance[0].unaccounted(), 0);
}

/// What waited in the backup and never went there is sent all the same.
#[tokio::test]
async fn restored_ledgers_send_what_is_missing() {
    let mut studio = beside_the_emulator().await;
    let (old, place, new) = (TempDir::new().unwrap(), TempDir::new().unwrap(), TempDir::new().unwrap());
    studio.ledger = open(&studio, old.path()).await;
    let ids = studio.store(runs(2)).await;
    settle(&mut studio).await;
    correct(&studio, ids[0], 2).await;
    studio.ledger.withdraw(T, KIND, ids[1], None).await.unwrap();
    studio.store(vec![run("waits", "")]).await;
    let file = place.path().join("backup.sqlite");
    back_up(old.path(), &file, studio.clock.now()).await.unwrap();
    studio.ledger.close().await;
    restore(&file, new.path(), studio.clock.now()).await.unwrap();
    studio.ledger = open(&studio, new.path()).await;
    settle(&mut studio).await;
    assert_eq!(there(&studio).await, [("r0000".to_owned(), 2), ("waits".to_owned(), 0)]);
}
