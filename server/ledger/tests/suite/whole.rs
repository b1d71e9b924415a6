//! A reading of the whole table: what it says of a row that stands there as it was before.

use ledger::{MirroredRow, RowOutcome};
use model::{record::Record, time::SECOND};

use crate::{
    mirror::seen,
    support::{Studio, T, TestStore, run},
};

fn tokens(tokens: i64) -> Record {
    run("c", "r", "1", &format!(r#","createdAt":"2026-11-21T11:00:00Z","tokensIn":{tokens}"#))
}

pub async fn later_writes_there_are_taken(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.store(vec![tokens(1)]).await[0].id;
    for record in [tokens(1), tokens(2)] {
        studio.ledger.correct(T, id, record.clone(), None).await.unwrap();
        studio.ledger.delivered(&studio.lease(1).await, studio.now()).await.unwrap();
        studio.pass(20 * SECOND).await;
        assert_eq!(studio.reconcile(vec![seen(id, &record)]).await, [RowOutcome::Confirmed]);
    }
    let read_back = studio.now();
    studio.pass(3_600 * SECOND).await;
    let there = |seconds: i64| {
        let modified_at = Some(read_back.plus(seconds * SECOND));
        vec![MirroredRow { modified_at, is_whole: true, ..seen(id, &tokens(1)) }]
    };
    assert_eq!(studio.reconcile(there(301)).await, [RowOutcome::Changed], "a person put it back");
    let now = studio.list(1).await.remove(0);
    assert_eq!((now.revision, now.record.values()[6].number()), (3, Some(1)));

    studio.ledger.correct(T, id, tokens(2), None).await.unwrap();
    studio.ledger.delivered(&studio.lease(1).await, studio.now()).await.unwrap();
    studio.pass(20 * SECOND).await;
    studio.reconcile(vec![seen(id, &tokens(2))]).await;
    assert_eq!(studio.reconcile(there(0)).await, [RowOutcome::Requeued], "the organisation was put back");
    studio.balanced().await;
}
