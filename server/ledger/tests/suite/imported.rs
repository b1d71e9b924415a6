//! Records that another program exported before they came: which id a row bears in Dataverse is known once it is met.

use ledger::{OutboxOperation, RowOutcome};
use model::{record::Record, time::SECOND};
use uuid::Uuid;

use crate::{
    mirror::{gone, seen},
    subject::kind,
    support::{HOLD, Studio, T, TestStore, run},
};

fn tokens(name: &str, tokens: i64) -> Record {
    run("c", name, "1", &format!(r#","createdAt":"2026-11-21T11:00:00Z","tokensIn":{tokens}"#))
}

impl Studio {
    /// As an import leaves them.
    async fn imported(&self, names: &[&str]) -> Vec<Uuid> {
        let stored = self.store(names.iter().map(|name| tokens(name, 1)).collect()).await;
        self.ledger.delivered(&self.lease(10).await, self.now()).await.unwrap();
        self.sql("UPDATE studio.campaign_metrics SET unmet = 1").await;
        self.pass(20 * SECOND).await;
        stored.iter().map(|outcome| outcome.id).collect()
    }
}

pub async fn imported_records_wait_for_their_row(store: TestStore) {
    let studio = Studio::open(store).await;
    let ids = studio.imported(&["corrected", "withdrawn", "lost"]).await;
    for (id, name) in [(ids[0], "corrected"), (ids[2], "lost")] {
        studio.ledger.correct(T, id, tokens(name, 2), None).await.unwrap();
    }
    studio.ledger.withdraw(T, kind(), ids[1], None).await.unwrap();
    assert!(studio.lease(10).await.is_empty(), "under which id is not known yet");

    let [corrected, withdrawn] = [0xa001, 0xa002].map(Uuid::from_u128);
    let cursor = studio.ledger.take_cursor(kind(), HOLD).await.unwrap().unwrap();
    let page = vec![seen(corrected, &tokens("corrected", 1)), seen(withdrawn, &tokens("withdrawn", 1))];
    let became = studio.ledger.reconcile(&cursor, page, studio.now()).await.unwrap().unwrap();
    assert_eq!(became, [RowOutcome::Known; 2], "what it was before the change here");
    let parcels = studio.lease(10).await;
    let there: Vec<Uuid> = parcels.iter().map(|parcel| parcel.dataverse_id).collect();
    assert_eq!(there, [corrected, withdrawn]);
    assert!(matches!(parcels[0].operation, OutboxOperation::Upsert(_)));
    assert!(matches!(parcels[1].operation, OutboxOperation::Delete));
    studio.ledger.delivered(&parcels, studio.now()).await.unwrap();

    assert!(studio.ledger.keep_cursor(&cursor, Some("link"), HOLD).await.unwrap());
    let parcels = studio.lease(10).await;
    assert_eq!(parcels[0].dataverse_id, ids[2], "the whole table was read, and did not hold it");
    studio.ledger.delivered(&parcels, studio.now()).await.unwrap();

    studio.pass(61 * SECOND).await;
    let page =
        vec![seen(corrected, &tokens("corrected", 2)), gone(withdrawn), seen(ids[2], &tokens("lost", 2))];
    assert_eq!(studio.reconcile(page).await, [RowOutcome::Confirmed; 3]);
    assert_eq!((studio.list(10).await.len(), studio.balanced().await.unconfirmed), (2, 0));
}
