//! A ledger belongs to one organisation, and goes to another as a whole.

use ledger::{
    Claim, ClaimError, LedgerError, MirroredRow, OutboxOperation, Owner, PermanentRefusal, RowSighting,
    Stranger, Traces,
};
use uuid::Uuid;

use crate::subject::kind;
use crate::support::{HOLD, Studio, T, TestStore, run};

const ANY: Traces = Traces { story: false, emulator: false };

pub fn owner(n: u128) -> Owner {
    Owner { id: Uuid::from_u128(n), place: format!("https://{n}.example"), inside: false }
}

pub async fn the_first_claim_holds(store: TestStore) {
    let mut studio = Studio::open(store).await;
    assert_eq!(studio.ledger.identity().await.unwrap().owner, None);
    studio.store(vec![run("c", "r", "1", "")]).await;
    studio.ledger.claim(Claim::Connected(Some(owner(1))), ANY).await.unwrap();
    studio.reopen().await;
    assert_eq!(studio.ledger.identity().await.unwrap().owner, Some(owner(1)));
    let refused = studio.ledger.claim(Claim::Connected(Some(owner(2))), ANY).await.unwrap_err();
    assert!(matches!(refused, ClaimError::Stranger(Stranger::OfAnother { .. })), "{refused}");
    let place = if store == TestStore::Folder { "STUDIO_DATA" } else { "DATABASE_URL to another database" };
    assert!(refused.to_string().contains(place), "{refused}");
    assert_eq!(studio.ledger.identity().await.unwrap().owner, Some(owner(1)));
}

/// Runs in every state that there is.
async fn used(store: TestStore) -> Studio {
    let studio = Studio::open(store).await;
    studio.ledger.claim(Claim::Connected(Some(owner(1))), ANY).await.unwrap();
    let stored = studio.store((0..12).map(|n| run("c", &n.to_string(), "1", "")).collect()).await;
    let parcels = studio.lease(8).await;
    studio.ledger.delivered(&parcels[..6], studio.now()).await.unwrap();
    let letters: Vec<_> =
        parcels[6..].iter().map(|parcel| (parcel.clone(), PermanentRefusal::default())).collect();
    studio.ledger.dead(&letters).await.unwrap();
    studio.ledger.drop_letter(T, kind(), parcels[6].id, "a person").await.unwrap();
    let read = studio.ledger.unconfirmed(studio.now(), None, 3).await.unwrap();
    studio.ledger.confirmed(&read).await.unwrap();
    let delivered = parcels[0].id;
    studio.ledger.withdraw(T, kind(), delivered, None).await.unwrap();
    studio.ledger.delivered(&studio.lease(1).await, studio.now()).await.unwrap();
    studio.ledger.withdraw(T, kind(), stored[11].id, None).await.unwrap();
    studio.ledger.correct(T, parcels[1].id, run("c", "1", "1", r#","tokensIn":7"#), None).await.unwrap();
    studio.lease(2).await;
    studio.balanced().await;
    studio
}

pub async fn adopted_records_wait_again(store: TestStore) {
    let studio = used(store).await;
    let cursor = studio.ledger.take_cursor(kind(), HOLD).await.unwrap().unwrap();
    studio.ledger.keep_cursor(&cursor, Some("https://o.example/delta"), HOLD).await.unwrap();
    let late = studio.lease(1).await;
    let adopted = studio.ledger.claim(Claim::Adopt { owner: owner(2), again: false }, ANY).await.unwrap();
    assert_eq!((adopted.owner, adopted.copied_at.is_some()), (Some(owner(2)), true));
    let counts = studio.balanced().await;
    let balance = &counts.balance[0];
    assert_eq!((balance.received, balance.durable, balance.delivered, balance.confirmed), (12, 12, 0, 0));
    assert_eq!((balance.pending, balance.dead, balance.dropped), (9, 0, 1));
    assert_eq!((balance.deleted, balance.deleted_unsent, counts.unconfirmed), (2, 2, 0));
    assert!(
        !studio.ledger.hold_cursor(&cursor, HOLD).await.unwrap(),
        "what read the one before is fenced off"
    );
    studio.ledger.delivered(&late, studio.now()).await.unwrap();
    assert_eq!(studio.delivery_counts().await.pending, 9, "so is what was sent there");
    let parcels = studio.lease(100).await;
    assert!(parcels.iter().all(|parcel| matches!(parcel.operation, OutboxOperation::Upsert(_))));
    studio.ledger.delivered(&parcels, studio.now()).await.unwrap();
    assert_eq!(studio.balanced().await.balance[0].delivered, 9);
    let cursor = studio.ledger.take_cursor(kind(), HOLD).await.unwrap().unwrap();
    assert_eq!(cursor.link, None);
}

pub async fn mirrored_records_are_adopted_too(store: TestStore) {
    let studio = used(store).await;
    let theirs = RowSighting::Row(Box::new(run("theirs", "1", "1", "")));
    let seen = MirroredRow::absent(T, Uuid::from_u128(2), theirs);
    studio.reconcile(vec![seen]).await;
    assert_eq!(studio.balanced().await.balance[0].mirrored, 1);
    studio.ledger.claim(Claim::Adopt { owner: owner(2), again: false }, ANY).await.unwrap();
    let balance = studio.balanced().await.balance.remove(0);
    assert_eq!((balance.received, balance.mirrored, balance.pending), (13, 0, 10));
    let hours = studio.ledger.hours(T, studio.now()).await.unwrap();
    assert_eq!(hours.iter().map(ledger::HourBalance::unaccounted).sum::<i64>(), 0);
}

pub async fn dropped_corrections_count_once_after_adoption(store: TestStore) {
    let studio = Studio::open(store).await;
    studio.ledger.claim(Claim::Connected(Some(owner(1))), ANY).await.unwrap();
    let id = studio.store(vec![run("c", "r", "1", "")]).await[0].id;
    studio.ledger.delivered(&studio.lease(1).await, studio.now()).await.unwrap();
    studio.ledger.correct(T, id, run("c", "r", "1", r#","tokensIn":7"#), None).await.unwrap();
    let parcel = studio.lease(1).await.remove(0);
    studio.ledger.dead(&[(parcel, PermanentRefusal::default())]).await.unwrap();
    studio.ledger.drop_letter(T, kind(), id, "a person").await.unwrap();
    assert_eq!(studio.balanced().await.balance[0].dropped, 0, "it is there as it was");
    studio.ledger.claim(Claim::Adopt { owner: owner(2), again: false }, ANY).await.unwrap();
    let balance = studio.balanced().await.balance.remove(0);
    assert_eq!((balance.delivered, balance.pending, balance.dropped), (0, 0, 1));
}

#[tokio::test]
async fn processes_of_the_former_owner_stop() {
    let studio = used(TestStore::Database).await;
    let another = studio.another().await;
    another.claim(Claim::Adopt { owner: owner(2), again: false }, ANY).await.unwrap();
    let refused = studio.ledger.store(T, vec![run("c", "late", "1", "")]).await.unwrap_err();
    assert!(matches!(&refused, LedgerError::Unavailable(said) if said.contains("restart")), "{refused}");
    assert!(studio.ledger.lease(10, HOLD).await.is_err());
    another.store(T, vec![run("c", "late", "1", "")]).await.unwrap();
}
