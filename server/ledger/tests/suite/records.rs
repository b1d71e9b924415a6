//! Records come in, are corrected, withdrawn, listed: what each sender is told, and what stays.

use ledger::{ChangeOutcome, LedgerError, Verdict};

use crate::subject::kind;
use crate::support::{Home, Studio, T, TestStore, at, run, run_at};

pub async fn records_are_stored_once(store: TestStore) {
    let studio = Studio::open(store).await;
    let first = studio.store(vec![run("c1", "r1", "1", "")]).await;
    assert_eq!(first[0].verdict, Verdict::Stored(1));
    let again = studio.store(vec![run("c1", "r1", "1", "")]).await;
    assert_eq!(again[0].verdict, Verdict::Duplicate(1));
    assert_eq!(again[0].id, first[0].id);
    let other = studio.store(vec![run("c1", "r1", "1", r#","tokensIn":7"#)]).await;
    let Verdict::Conflict { stored } = &other[0].verdict else { panic!("{other:?}") };
    assert_eq!(stored.record.values()[6].number(), Some(0));
    let held = studio.ledger.read(T, kind(), first[0].id).await.unwrap().unwrap();
    assert_eq!((held.stored.revision, held.withdrawn_at), (1, None));
}

pub async fn an_array_is_decided_in_order(store: TestStore) {
    let studio = Studio::open(store).await;
    let outcomes = studio
        .store(vec![
            run("c1", "r1", "1", ""),
            run("c1", "r1", "1", ""),
            run("c1", "r1", "1", r#","tokensIn":7"#),
            run("c1", "r2", "1", ""),
        ])
        .await;
    let verdicts: Vec<&Verdict> = outcomes.iter().map(|outcome| &outcome.verdict).collect();
    assert!(matches!(
        verdicts[..],
        [Verdict::Stored(1), Verdict::Duplicate(1), Verdict::Conflict { .. }, Verdict::Stored(1)]
    ));
    assert_eq!(studio.delivery_counts().await.balance[0].received, 2);
}

pub async fn corrections_keep_history_and_check_revisions(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.store(vec![run("c1", "r1", "1", "")]).await[0].id;
    let correct = async |record, expected| studio.ledger.correct(T, id, record, expected).await.unwrap();
    assert_eq!(
        correct(run("c1", "r1", "1", r#","tokensIn":9"#), Some(7)).await,
        ChangeOutcome::RevisionMismatch { current: 1 }
    );
    let ChangeOutcome::Done(stored) = correct(run("c1", "r1", "1", r#","tokensIn":9"#), Some(1)).await else {
        panic!("not corrected")
    };
    assert_eq!((stored.revision, stored.record.values()[6].number()), (2, Some(9)));
    assert!(matches!(
        correct(run("c1", "r1", "1", r#","tokensIn":9"#), None).await,
        ChangeOutcome::Unchanged(_)
    ));
    assert_eq!(correct(run("c1", "r2", "1", ""), None).await, ChangeOutcome::KeyDiffers);
    let held = studio.ledger.read(T, kind(), id).await.unwrap().unwrap();
    assert_eq!(held.stored, stored);
    assert_eq!(studio.balanced().await.balance[0].durable, 1);
}

pub async fn corrections_keep_the_stored_time(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.store(vec![run_at("c1", "r1", "1", at("2026-11-01T00:00:00Z"), "")]).await[0].id;
    studio.ledger.correct(T, id, run("c1", "r1", "1", r#","tokensIn":9"#), None).await.unwrap();
    let held = studio.ledger.read(T, kind(), id).await.unwrap().unwrap();
    assert_eq!(held.stored.record.values()[12].number(), Some(at("2026-11-01T00:00:00Z").micros()));
}

/// A store that swallows every change of a record without a word.
async fn swallow(studio: &Studio) {
    let table = kind().table;
    let sql = match &studio.home {
        Home::Folder(_) => {
            format!("CREATE TRIGGER swallow BEFORE UPDATE ON {table} BEGIN SELECT RAISE(IGNORE); END")
        }
        Home::Database(_) => format!(
            "CREATE FUNCTION studio.swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; \
             CREATE TRIGGER swallow BEFORE UPDATE ON studio.{table} FOR EACH ROW EXECUTE FUNCTION studio.swallow()"
        ),
    };
    studio.sql(&sql).await;
}

pub async fn changes_without_a_row_fail_whole(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.store(vec![run("c", "r", "1", "")]).await[0].id;
    swallow(&studio).await;
    let corrected = studio.ledger.correct(T, id, run("c", "r", "1", r#","tokensIn":5"#), None).await;
    let error = corrected.unwrap_err().to_string();
    let said = format!("0 rows of {} were written in the place of 1, {id} among them", kind().table);
    assert!(error.contains(&said), "{error}");
    assert!(studio.ledger.withdraw(T, kind(), id, None).await.is_err());
    let parcels = studio.lease(1).await;
    assert!(studio.ledger.delivered(&parcels, studio.now()).await.is_err(), "and no delivery is counted");
    let balance = &studio.balanced().await.balance[0];
    assert_eq!((balance.pending, balance.delivered, parcels[0].revision), (1, 0, 1));
    assert_eq!(studio.ask("SELECT CAST(count(*) AS TEXT) FROM studio.versions").await, "0");
}

pub async fn a_withdrawn_record_stays_gone(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.store(vec![run("c1", "r1", "1", "")]).await[0].id;
    assert!(matches!(studio.ledger.withdraw(T, kind(), id, Some(1)).await.unwrap(), ChangeOutcome::Done(_)));
    assert_eq!(studio.ledger.withdraw(T, kind(), id, None).await.unwrap(), ChangeOutcome::Gone);
    assert_eq!(studio.store(vec![run("c1", "r1", "1", "")]).await[0].verdict, Verdict::Withdrawn);
    assert!(studio.list(10).await.is_empty());
    assert!(studio.ledger.names(T, kind(), 0, None, 10).await.unwrap().is_empty());
    let held = studio.ledger.read(T, kind(), id).await.unwrap().unwrap();
    assert!(held.withdrawn_at.is_some());
    let balance = studio.balanced().await.balance.remove(0);
    assert_eq!((balance.deleted, balance.deleted_unsent, balance.pending), (1, 1, 0));
}

pub async fn what_is_not_there_is_not_found(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = uuid::Uuid::from_u128(7);
    assert_eq!(studio.ledger.read(T, kind(), id).await.unwrap(), None);
    assert_eq!(studio.ledger.withdraw(T, kind(), id, None).await.unwrap(), ChangeOutcome::NotFound);
    assert_eq!(
        studio.ledger.correct(T, id, run("c", "r", "1", ""), None).await.unwrap(),
        ChangeOutcome::NotFound
    );
}

pub async fn the_newest_name_of_a_campaign_stands(store: TestStore) {
    let studio = Studio::open(store).await;
    studio.store(vec![run("c1", "r1", "1", r#","campaignName":"Autumn""#)]).await;
    studio.store(vec![run("c1", "r2", "1", ""), run("c2", "r1", "1", "")]).await;
    let names = async || studio.ledger.names(T, kind(), 0, None, 10).await.unwrap();
    assert_eq!(names().await, [("c1".to_owned(), Some("Autumn".to_owned())), ("c2".to_owned(), None)]);
    studio.store(vec![run("c1", "r3", "1", r#","campaignName":"Winter""#)]).await;
    assert_eq!(names().await[0].1.as_deref(), Some("Winter"));
    let list = studio.list(10).await;
    assert!(list.iter().any(|stored| stored.record.names()[0].as_deref() == Some("Winter")));
}

pub async fn names_are_sorted_by_bytes(store: TestStore) {
    let studio = Studio::open(store).await;
    studio.store(["b", "ä", "A", "a-", "B", "a"].map(|id| run(id, "r", "1", "")).to_vec()).await;
    let names = studio.ledger.names(T, kind(), 0, None, 10).await.unwrap();
    let ids: Vec<&str> = names.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["A", "B", "a", "a-", "b", "ä"]);
}

pub async fn names_are_found_by_id_or_part(store: TestStore) {
    let studio = Studio::open(store).await;
    let named = |id: &str, name: &str| run(id, "r", "1", &format!(r#","campaignName":"{name}""#));
    studio
        .store(vec![named("c1", "Autumn sale"), named("c2", "Autumn"), named("autumn-3", "Ärzte 50 %")])
        .await;
    studio.pass(model::time::SECOND).await;
    studio.store(vec![named("c4", "Spring")]).await;
    let found = async |text: Option<&str>, most: usize| {
        let names = studio.ledger.names(T, kind(), 0, text, most).await.unwrap();
        names.into_iter().map(|(id, _)| id).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(found(None, 2).await, "c4 autumn-3", "the last ones first, and no more than `most`");
    assert_eq!(found(Some("c1"), 9).await, "c1");
    assert_eq!(found(Some("C1"), 9).await, "c1");
    assert_eq!(found(Some("AUTUMN"), 9).await, "c2 autumn-3 c1", "what is called just that leads");
    assert_eq!(found(Some("50 %"), 9).await, "autumn-3");
    assert_eq!(found(Some("ärzte"), 9).await, "", "letters beyond A to Z are as they are written");
    assert_eq!(found(Some("_"), 9).await, "", "no sign stands for another");
}

pub async fn durable_requests_notify_watchers(store: TestStore) {
    let studio = Studio::open(store).await;
    let mut changes = studio.ledger.changes();
    changes.mark_unchanged();
    studio.store(vec![run("c1", "r1", "1", "")]).await;
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    studio.store(vec![run("c1", "r1", "1", "")]).await;
    assert!(!changes.has_changed().unwrap(), "the same again changes nothing");
}

pub async fn what_was_answered_is_there_after_reopening(store: TestStore) {
    let mut studio = Studio::open(store).await;
    studio.store((0..10).map(|n| run("c", &n.to_string(), "1", "")).collect()).await;
    studio.reopen().await;
    assert_eq!(studio.list(100).await.len(), 10);
    assert_eq!(studio.balanced().await.balance[0].durable, 10);
}

pub async fn a_closed_ledger_says_so(store: TestStore) {
    let studio = Studio::open(store).await;
    studio.ledger.close().await;
    assert_eq!(studio.ledger.store(T, vec![run("c", "r", "1", "")]).await, Err(LedgerError::Closed));
    assert_eq!(studio.ledger.read(T, kind(), uuid::Uuid::nil()).await, Err(LedgerError::Closed));
    assert_eq!(studio.ledger.healthy().await, Err(LedgerError::Closed));
}
