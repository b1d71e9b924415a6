//! Clocks that were wrong for a while, and clocks that do not agree: what waits is lent all the same, and for no longer.

use std::time::Duration;

use ledger::RowOutcome;
use model::time::{DAY, HOUR, MINUTE, SECOND};

use crate::{
    mirror::seen,
    subject::kind,
    support::{Home, Studio, T, TestStore, run},
};

impl Studio {
    /// This process's clock goes another way than the database's; a folder has no other.
    fn skew(&self, micros: i64) {
        if matches!(self.home, Home::Database(_)) {
            self.clock.advance_micros(micros);
        }
    }

    async fn stored_while_ahead(&self, by: i64) {
        self.store(vec![run("c", "before", "1", "")]).await;
        self.pass(by).await;
        self.store(vec![run("c", "ahead", "1", "")]).await;
        self.pass(30 * SECOND).await;
        self.delivery_counts().await;
        self.pass(-by).await;
        self.store(vec![run("c", "after", "1", "")]).await;
    }
}

pub async fn records_from_ahead_are_leased_too(store: TestStore) {
    for by in [3 * HOUR, 2 * DAY] {
        let studio = Studio::open(store).await;
        studio.stored_while_ahead(by).await;
        assert_eq!(studio.lease(10).await.len(), 3, "{by}");
        assert!(studio.balanced().await.oldest_pending.unwrap() <= studio.now());
    }
}

pub async fn starts_do_not_wait_for_wrong_times(store: TestStore) {
    let mut studio = Studio::open(store).await;
    studio.stored_while_ahead(8 * MINUTE).await;
    studio.store(vec![run("c", "later", "1", "")]).await;
    studio.pass(9 * MINUTE).await;
    studio.store(vec![run("c", "last", "1", "")]).await;
    studio.ledger.close().await;
    studio.pass(-2 * DAY).await;
    studio.reopen().await;
    assert_eq!(studio.lease(10).await.len(), 5);
    assert!(studio.balanced().await.oldest_pending.unwrap() <= studio.now());
}

pub async fn leases_do_not_outlast_clock_changes(store: TestStore) {
    let studio = Studio::open(store).await;
    studio.pass(2 * DAY).await;
    studio.store(vec![run("c", "r", "1", "")]).await;
    let lent = studio.lease(1).await;
    studio.pass(-2 * DAY).await;
    studio.store(vec![run("c", "next", "1", "")]).await;
    studio.pass(61 * SECOND).await;
    assert_eq!(studio.lease(10).await.len(), 2);
    studio.ledger.delivered(&lent, studio.now()).await.unwrap();
    assert_eq!(studio.balanced().await.balance[0].delivered, 0, "it was taken over");
}

pub async fn cursors_do_not_outlast_clock_changes(store: TestStore) {
    let studio = Studio::open(store).await;
    let hold = Duration::from_secs(120);
    studio.pass(5 * HOUR).await;
    assert!(studio.ledger.take_cursor(kind(), hold).await.unwrap().is_some());
    assert!(studio.ledger.take_cursor(kind(), hold).await.unwrap().is_none());
    studio.pass(-5 * HOUR).await;
    assert!(studio.ledger.take_cursor(kind(), hold).await.unwrap().is_some());
}

pub async fn waiting_survives_clock_changes(store: TestStore) {
    // Only who is alone with a ledger knows how far its clock was set.
    if store != TestStore::Folder {
        return;
    }
    let studio = Studio::open(store).await;
    studio.pass(5 * HOUR).await;
    studio.store(vec![run("c", "r", "1", "")]).await;
    studio.pass(20 * MINUTE).await;
    studio.store(vec![run("c", "s", "1", "")]).await;
    studio.pass(-5 * HOUR).await;
    studio.store(vec![run("c", "t", "1", "")]).await;
    let oldest = studio.balanced().await.oldest_pending.unwrap();
    assert_eq!(studio.now().since(oldest), 20 * MINUTE);
}

pub async fn an_acknowledgement_bears_the_store_s_time(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.store(vec![run("c", "r", "1", "")]).await[0].id;
    let now = studio.now();
    studio.skew(7 * MINUTE);
    let parcels = studio.lease(1).await;
    studio.ledger.delivered(&parcels, studio.now()).await.unwrap();
    let held = studio.ledger.read(T, kind(), id).await.unwrap().unwrap();
    assert_eq!(held.stored.exported_at, Some(now));
    // Times that are asked for are the asker's.
    studio.pass(10 * SECOND).await;
    let of_just_now = studio.ledger.unconfirmed(studio.now().plus(-11 * SECOND), None, 10).await.unwrap();
    let of_a_while_ago = studio.ledger.unconfirmed(studio.now().plus(-10 * SECOND), None, 10).await.unwrap();
    assert_eq!((of_just_now.len(), of_a_while_ago.len()), (0, 1));
    let there = |before| studio.ledger.delivered_before(kind(), 0, before, 10);
    assert_eq!(there(studio.now().plus(-10 * SECOND)).await.unwrap().len(), 0);
    assert_eq!(there(studio.now().plus(-9 * SECOND)).await.unwrap().len(), 1);
    // A page that was asked for before that is still older than the acknowledgement.
    let other = run("c", "r", "1", r#","tokensIn":9"#);
    let page = vec![seen(id, &other)];
    let asked = |at| studio.reconcile_as_of(page.clone(), at);
    assert_eq!(asked(studio.now()).await, [RowOutcome::Again]);
    studio.pass(SECOND).await;
    assert_eq!(asked(studio.now().plus(-2 * SECOND)).await, [RowOutcome::Again]);
    assert_eq!(asked(studio.now()).await, [RowOutcome::Changed]);
}

pub async fn future_times_delay_no_row(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.store(vec![run("c", "r", "1", "")]).await[0].id;
    studio.ledger.delivered(&studio.lease(1).await, studio.now()).await.unwrap();
    studio.sql(&format!("UPDATE studio.campaign_metrics SET exported_at = exported_at + {}", 7 * HOUR)).await;
    let page = vec![seen(id, &run("c", "r", "1", r#","tokensIn":9"#))];
    assert_eq!(studio.reconcile(page).await, [RowOutcome::Changed]);
}

pub async fn handed_back_records_stay_due(store: TestStore) {
    let studio = Studio::open(store).await;
    studio.pass(8 * MINUTE).await;
    studio.store(vec![run("c", "r", "1", "")]).await;
    let lent = studio.lease(1).await;
    studio.pass(-8 * MINUTE).await;
    studio.ledger.handed_back(&lent).await.unwrap();
    assert_eq!(studio.lease(1).await.len(), 1);
    studio.balanced().await;
}

#[tokio::test]
async fn shorter_leases_do_not_steal() {
    let studio = Studio::open(TestStore::Database).await;
    let another = studio.another().await;
    studio.store(vec![run("c", "r", "1", "")]).await;
    for hours in [1, 24] {
        let lent = studio.ledger.lease(1, Duration::from_secs(3_600 * hours)).await.unwrap();
        assert_eq!(lent.len(), 1);
        assert!(another.lease(1, Duration::from_secs(600)).await.unwrap().is_empty(), "{hours} h");
        studio.ledger.handed_back(&lent).await.unwrap();
    }
    assert_eq!(another.lease(1, Duration::from_secs(600)).await.unwrap().len(), 1);
}
