//! The outbox: what is lent out, comes back, and is lent out again.

use std::time::Duration;

use ledger::{ChangeOutcome, MirroredRow, OutboxOperation, RowOutcome, RowSighting};
use model::time::SECOND;

use crate::subject::kind;
use crate::support::{HOLD, Studio, T, TestStore, carries, run};

pub async fn leased_records_are_not_leased_twice(store: TestStore) {
    let studio = Studio::open(store).await;
    studio.store((0..5).map(|n| run("c", &n.to_string(), "1", "")).collect()).await;
    let first = studio.lease(3).await;
    let names = |parcels: &[ledger::Parcel]| {
        parcels.iter().map(|p| carries(p).unwrap().record.values()[1].text().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&first), ["0", "1", "2"], "oldest first");
    assert_eq!(names(&studio.lease(10).await), ["3", "4"]);
    assert!(studio.lease(10).await.is_empty());
    studio.ledger.handed_back(&first).await.unwrap();
    assert_eq!(studio.lease(10).await.len(), 3);
}

pub async fn delivered_records_leave_the_outbox(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.store(vec![run("c", "r", "1", "")]).await[0].id;
    let parcels = studio.lease(1).await;
    assert_eq!(studio.balanced().await.balance[0].pending, 1);
    studio.ledger.delivered(&parcels, studio.now()).await.unwrap();
    let counts = studio.balanced().await;
    assert_eq!((counts.pending, counts.balance[0].delivered, counts.unconfirmed), (0, 1, 1));
    assert_eq!(counts.oldest_pending, None);
    let held = studio.ledger.read(T, kind(), id).await.unwrap().unwrap();
    assert_eq!(held.stored.exported_at, Some(studio.now()));
}

pub async fn late_parcels_are_passed_over(store: TestStore) {
    let studio = Studio::open(store).await;
    studio.store(vec![run("c", "r", "1", "")]).await;
    let late = studio.lease(1).await;
    studio.pass(61 * SECOND).await;
    let taken_over = studio.lease(1).await;
    assert_eq!(taken_over.len(), 1);
    studio.ledger.delivered(&late, studio.now()).await.unwrap();
    assert_eq!(studio.balanced().await.balance[0].delivered, 0);
    studio.ledger.delivered(&taken_over, studio.now()).await.unwrap();
    assert_eq!(studio.balanced().await.balance[0].delivered, 1);
    studio.ledger.delivered(&taken_over, studio.now()).await.unwrap();
    assert_eq!(studio.balanced().await.balance[0].delivered, 1, "and twice counts once");
}

pub async fn the_newest_state_is_sent_last(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.store(vec![run("c", "r", "1", "")]).await[0].id;
    let first = studio.lease(1).await;
    studio.ledger.correct(T, id, run("c", "r", "1", r#","tokensIn":5"#), None).await.unwrap();
    assert!(studio.lease(1).await.is_empty(), "two states of one record are never on the way at once");
    studio.ledger.delivered(&first, studio.now()).await.unwrap();
    let counts = studio.balanced().await;
    assert_eq!((counts.balance[0].delivered, counts.balance[0].pending, counts.pending), (1, 0, 1));
    let second = studio.lease(1).await;
    assert_eq!(second[0].revision, 2);
    assert_eq!(carries(&second[0]).unwrap().record.values()[6].number(), Some(5));
    studio.ledger.delivered(&second, studio.now()).await.unwrap();
    assert_eq!(studio.balanced().await.pending, 0);
}

pub async fn a_correction_before_delivery_is_sent_alone(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.store(vec![run("c", "r", "1", "")]).await[0].id;
    studio.ledger.correct(T, id, run("c", "r", "1", r#","tokensIn":5"#), None).await.unwrap();
    let parcels = studio.lease(10).await;
    assert_eq!(parcels.iter().map(|p| p.revision).collect::<Vec<_>>(), [2]);
}

pub async fn withdrawn_deliveries_are_deleted_there(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.store(vec![run("c", "r", "1", "")]).await[0].id;
    studio.ledger.delivered(&studio.lease(1).await, studio.now()).await.unwrap();
    assert!(matches!(studio.ledger.withdraw(T, kind(), id, None).await.unwrap(), ChangeOutcome::Done(_)));
    let parcels = studio.lease(1).await;
    assert_eq!(parcels[0].operation, OutboxOperation::Delete);
    studio.ledger.delivered(&parcels, studio.now()).await.unwrap();
    let balance = studio.balanced().await.balance.remove(0);
    assert_eq!((balance.delivered, balance.deleted, balance.deleted_unsent), (1, 1, 0));
}

pub async fn possibly_sent_records_are_deleted_there(store: TestStore) {
    let mut studio = Studio::open(store).await;
    let id = studio.store(vec![run("c", "r", "1", "")]).await[0].id;
    assert_eq!(studio.lease(1).await.len(), 1);
    studio.reopen().await;
    // In a folder the start took the lease back; in a database it has to run out.
    studio.pass(61 * SECOND).await;
    studio.ledger.withdraw(T, kind(), id, None).await.unwrap();
    let parcels = studio.lease(1).await;
    assert_eq!(parcels[0].operation, OutboxOperation::Delete);
    assert_eq!(studio.balanced().await.balance[0].pending, 1);
}

pub async fn dead_letters_wait_with_their_reason(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.store(vec![run("c", "r", "1", "")]).await[0].id;
    let parcel = studio.lease(1).await.remove(0);
    studio.ledger.dead(&[(parcel, "too long".into())]).await.unwrap();
    assert!(studio.lease(1).await.is_empty());
    let letters = studio.ledger.dead_letters(T, 10).await.unwrap();
    assert_eq!((letters[0].id, letters[0].reason.as_str(), letters[0].attempts), (id, "too long", 1));
    let counts = studio.balanced().await;
    assert_eq!((counts.dead, counts.balance[0].dead, counts.pending), (1, 1, 0));
    assert!(studio.ledger.resend(T, kind(), id, "Ada").await.unwrap());
    assert!(!studio.ledger.resend(T, kind(), id, "Ada").await.unwrap());
    assert_eq!(studio.balanced().await.pending, 1);
    studio.ledger.delivered(&studio.lease(1).await, studio.now()).await.unwrap();
    assert_eq!(studio.balanced().await.balance[0].delivered, 1);
}

pub async fn a_correction_brings_a_dead_letter_back(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.store(vec![run("c", "r", "1", "")]).await[0].id;
    let parcel = studio.lease(1).await.remove(0);
    studio.ledger.dead(&[(parcel, "too long".into())]).await.unwrap();
    studio.ledger.correct(T, id, run("c", "r", "1", r#","tokensIn":5"#), None).await.unwrap();
    assert!(studio.ledger.dead_letters(T, 10).await.unwrap().is_empty());
    assert_eq!(studio.lease(1).await[0].revision, 2);
    studio.balanced().await;
}

pub async fn a_failed_attempt_is_counted_and_waits(store: TestStore) {
    let studio = Studio::open(store).await;
    studio.store(vec![run("c", "r", "1", "")]).await;
    let parcels = studio.lease(1).await;
    studio.ledger.postponed(&parcels, studio.now().plus(10 * SECOND)).await.unwrap();
    assert!(studio.lease(1).await.is_empty());
    studio.pass(10 * SECOND).await;
    let again = studio.lease(1).await;
    assert_eq!((again[0].attempts, again[0].failing_for), (1, Duration::from_secs(10)));
    studio.ledger.postponed(&again, studio.now()).await.unwrap();
    studio.pass(30 * SECOND).await;
    let again = studio.lease(1).await;
    assert_eq!((again[0].attempts, again[0].failing_for), (2, Duration::from_secs(40)));
    let id = again[0].id;
    studio.ledger.handed_back(&again).await.unwrap();
    studio.ledger.correct(T, id, run("c", "r", "1", r#","tokensIn":5"#), None).await.unwrap();
    let corrected = studio.lease(1).await;
    assert_eq!((corrected[0].attempts, corrected[0].failing_for), (0, Duration::ZERO));
}

pub async fn handed_back_records_keep_their_place(store: TestStore) {
    let studio = Studio::open(store).await;
    studio.store(vec![run("c", "first", "1", "")]).await;
    studio.pass(10 * SECOND).await;
    studio.store(vec![run("c", "second", "1", "")]).await;
    let name =
        |parcels: &[ledger::Parcel]| carries(&parcels[0]).unwrap().record.values()[1].text().to_owned();
    let lent = studio.lease(1).await;
    studio.pass(30 * SECOND).await;
    studio.ledger.handed_back(&lent).await.unwrap();
    let again = studio.lease(1).await;
    assert_eq!((name(&again).as_str(), again[0].attempts), ("first", 0));
    assert_eq!(name(&studio.lease(1).await), "second");
    studio.ledger.correct(T, again[0].id, run("c", "first", "1", r#","tokensIn":5"#), None).await.unwrap();
    studio.ledger.handed_back(&again).await.unwrap();
    assert_eq!(studio.lease(1).await[0].revision, 2, "as it is now");
}

pub async fn postponed_records_let_others_pass(store: TestStore) {
    let studio = Studio::open(store).await;
    for name in ["first", "second", "third"] {
        studio.store(vec![run("c", name, "1", "")]).await;
        studio.pass(10 * SECOND).await;
    }
    let lent = studio.lease(1).await;
    let first = lent[0].id;
    let last: Vec<_> = lent.into_iter().map(ledger::Parcel::last_in_line).collect();
    studio.ledger.handed_back(&last).await.unwrap();
    assert!(studio.lease(2).await.iter().all(|parcel| parcel.id != first));
    let again = studio.lease(1).await;
    assert_eq!((again[0].id, again[0].attempts), (first, 0));
    studio.store(vec![run("c", "fourth", "1", "")]).await;
    studio.ledger.handed_back(&again).await.unwrap();
    assert_eq!(studio.lease(1).await[0].id, first, "its place is where it stands now");
}

pub async fn old_leases_are_recognised(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.store(vec![run("c", "r", "1", "")]).await[0].id;
    let late = studio.lease(1).await;
    studio.ledger.delivered(&late, studio.now()).await.unwrap();
    studio.pass(20 * SECOND).await;
    let lost = MirroredRow::absent(T, id, RowSighting::Lost);
    let answers = studio.reconcile(vec![lost]).await;
    assert_eq!(answers, [RowOutcome::Requeued]);
    let again = studio.lease(1).await;
    assert_eq!(again[0].revision, late[0].revision);
    studio.ledger.delivered(&late, studio.now()).await.unwrap();
    assert_eq!(studio.balanced().await.pending, 1, "nothing of the second loan was delivered");
    studio.ledger.delivered(&again, studio.now()).await.unwrap();
    assert_eq!(studio.balanced().await.pending, 0);
}

pub async fn a_lease_is_shared_between_tenants(store: TestStore) {
    let studio = Studio::open(store).await;
    let other = model::tenant::TenantId(uuid::Uuid::from_u128(9));
    studio.store((0..50).map(|n| run("c", &n.to_string(), "1", "")).collect()).await;
    let records = (0..5).map(|n| run("c", &n.to_string(), "1", "")).collect();
    studio.ledger.store(other, records).await.unwrap();
    let parcels = studio.ledger.lease(20, HOLD).await.unwrap();
    assert_eq!(parcels.iter().filter(|parcel| parcel.tenant == other).count(), 5);
    assert_eq!(parcels.len(), 20);
}

pub async fn read_back_confirms_current_state_once(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.store(vec![run("c", "r", "1", "")]).await[0].id;
    assert!(studio.ledger.unconfirmed(studio.now(), None, 10).await.unwrap().is_empty());
    studio.ledger.delivered(&studio.lease(1).await, studio.now()).await.unwrap();
    let counts = studio.delivery_counts().await;
    assert_eq!((counts.unconfirmed, counts.oldest_unconfirmed), (1, Some(studio.now())));
    let read = studio.ledger.unconfirmed(studio.now(), None, 10).await.unwrap();
    assert_eq!((read[0].held.stored.id, read[0].tenant), (id, T));
    assert_eq!(studio.ledger.confirmed(&read).await.unwrap(), 1);
    assert_eq!(studio.ledger.confirmed(&read).await.unwrap(), 0);
    let counts = studio.balanced().await;
    assert_eq!((counts.balance[0].confirmed, counts.oldest_unconfirmed), (1, None));
    studio.ledger.correct(T, id, run("c", "r", "1", r#","tokensIn":5"#), None).await.unwrap();
    assert_eq!(studio.balanced().await.balance[0].confirmed, 0);
    studio.ledger.delivered(&studio.lease(1).await, studio.now()).await.unwrap();
    assert_eq!(studio.ledger.confirmed(&read).await.unwrap(), 0, "an older revision was read");
    let read = studio.ledger.unconfirmed(studio.now(), None, 10).await.unwrap();
    assert_eq!(studio.ledger.confirmed(&read).await.unwrap(), 1);
    assert!(studio.ledger.unconfirmed(studio.now(), None, 10).await.unwrap().is_empty());
}

pub async fn unconfirmed_records_come_in_pages(store: TestStore) {
    let studio = Studio::open(store).await;
    studio.store((0..7).map(|n| run("c", &n.to_string(), "1", "")).collect()).await;
    for _ in 0..2 {
        studio.ledger.delivered(&studio.lease(4).await, studio.now()).await.unwrap();
        studio.pass(SECOND).await;
    }
    let mut after = None;
    for names in [&["0", "1", "2"][..], &["3", "4", "5"], &["6"], &[]] {
        let page = studio.ledger.unconfirmed(studio.now(), after.as_ref(), 3).await.unwrap();
        let said = page.iter().map(|item| item.held.stored.record.values()[1].text());
        assert_eq!(said.collect::<Vec<_>>(), names);
        // What is confirmed meanwhile puts no page out of step.
        studio.ledger.confirmed(&page[..page.len().min(1)]).await.unwrap();
        after = page.last().cloned().or(after);
    }
}
