//! Kinds that are not sent at once, or never.

use ledger::{ChangeOutcome, Verdict};
use model::{
    record::{Destination, Kind, Policy},
    time::{HOUR, MINUTE, SECOND},
};

use crate::subject::kind;
use crate::support::{Studio, T, TestStore, at, carries, run_of};

/// The kind that the test is about, sent by another policy or never.
fn with(policy: Option<Policy>) -> &'static Kind {
    let delivery = policy.map(|policy| Destination { policy, ..kind().delivery.unwrap() });
    Box::leak(Box::new(Kind { delivery, ..*kind() }))
}

pub async fn daily_records_are_sent_at_midnight(store: TestStore) {
    let studio = Studio::open(store).await;
    let kind = with(Some(Policy::Daily));
    let tokens = |n: i64| run_of(kind, "c", "r", "1", &format!(r#","tokensIn":{n}"#));
    let id = studio.ledger.store(T, vec![tokens(0)]).await.unwrap()[0].id;
    for n in 1..4 {
        studio.pass(HOUR).await;
        assert!(studio.lease(10).await.is_empty());
        studio.ledger.correct(T, id, tokens(n), None).await.unwrap();
    }
    assert_eq!(studio.balanced().await.balance[0].pending, 1);
    let midnight = at("2026-11-22T00:00:00Z");
    studio.pass(midnight.since(studio.now()) - SECOND).await;
    assert!(studio.lease(10).await.is_empty());
    studio.pass(MINUTE).await;
    // What changes once it is due does not put it off by another day.
    studio.ledger.correct(T, id, tokens(9), None).await.unwrap();
    let parcels = studio.lease(10).await;
    assert_eq!(parcels.len(), 1);
    assert_eq!(carries(&parcels[0]).unwrap().record.values()[6].number(), Some(9));
    studio.ledger.delivered(&parcels, studio.now()).await.unwrap();
    studio.ledger.correct(T, id, tokens(10), None).await.unwrap();
    studio.pass(12 * HOUR).await;
    assert!(studio.lease(10).await.is_empty(), "today's state is tomorrow's row");
    studio.pass(12 * HOUR).await;
    assert_eq!(studio.lease(10).await.len(), 1);
    studio.balanced().await;
}

pub async fn undelivered_kinds_are_kept_and_counted(store: TestStore) {
    let studio = Studio::open(store).await;
    let kind = with(None);
    let records = || (0..3).map(|n| run_of(kind, "c", &n.to_string(), "1", "")).collect();
    let id = studio.ledger.store(T, records()).await.unwrap()[0].id;
    let again = studio.ledger.store(T, records()).await.unwrap();
    assert!(again.iter().all(|outcome| outcome.verdict == Verdict::Duplicate(1)));
    let corrected = run_of(kind, "c", "0", "1", r#","tokensIn":1"#);
    let change = studio.ledger.correct(T, id, corrected, None).await.unwrap();
    assert!(matches!(change, ChangeOutcome::Done(_)));
    studio.ledger.withdraw(T, kind, again[1].id, None).await.unwrap();
    assert!(studio.lease(10).await.is_empty());
    let counts = studio.balanced().await;
    let balance = &counts.balance[0];
    assert_eq!((balance.received, balance.unsent, balance.deleted, counts.pending), (3, 3, 1, 0));
}
