//! A ledger that may be older than what stands in Dataverse: what is there is taken, whatever waits here.

use ledger::{Claim, RowOutcome, Traces};

use crate::{
    identity::owner,
    mirror::{gone, seen},
    subject::kind,
    support::{Studio, T, TestStore, run},
};

pub async fn rows_there_win_over_waiting_ones(store: TestStore) {
    let studio = Studio::open(store).await;
    let any = Traces::default();
    studio.ledger.claim(Claim::Connected(Some(owner(1))), any).await.unwrap();
    let time = r#","createdAt":"2026-11-21T11:00:00Z""#;
    let made =
        |n: usize, tokens: i64| run("c", &n.to_string(), "1", &format!(r#"{time},"tokensIn":{tokens}"#));
    let stored = studio.store((0..5).map(|n| made(n, 1)).collect()).await;
    let ids: Vec<_> = stored.iter().map(|outcome| outcome.id).collect();
    studio.ledger.delivered(&studio.lease(3).await, studio.now()).await.unwrap();
    studio.ledger.claim(Claim::Adopt { owner: owner(2), again: false }, any).await.unwrap();
    studio.ledger.withdraw(T, kind(), ids[4], None).await.unwrap();
    let line = async || {
        let waiting = studio.ledger.in_line(kind(), 0, 10).await.unwrap();
        waiting.into_iter().map(|there| there.id).collect::<Vec<_>>()
    };
    assert_eq!(line().await, ids[..4]);

    let page = vec![seen(ids[0], &made(0, 1)), seen(ids[1], &made(1, 7)), gone(ids[2])];
    let became = studio.reconcile(page).await;
    assert_eq!(became, [RowOutcome::Confirmed, RowOutcome::Changed, RowOutcome::Withdrawn]);
    assert_eq!(line().await, ids[3..4], "what is there waits no more");
    let held = studio.ledger.read(T, kind(), ids[1]).await.unwrap().unwrap();
    assert_eq!((held.stored.revision, held.stored.record.values()[6].number()), (2, Some(7)));
    assert!(studio.ledger.read(T, kind(), ids[2]).await.unwrap().unwrap().withdrawn_at.is_some());
    let counts = studio.balanced().await;
    let balance = &counts.balance[0];
    assert_eq!((balance.delivered, balance.confirmed, balance.pending), (3, 2, 1));
    assert_eq!(counts.unconfirmed, 0, "one was deleted before it was ever read back");

    studio.ledger.looked().await.unwrap();
    assert_eq!(studio.ledger.identity().await.unwrap().copied_at, None);
    assert_eq!(studio.reconcile(vec![seen(ids[3], &made(3, 9))]).await, [RowOutcome::KeptOut]);
    studio.balanced().await;
}
