//! What requests to Dataverse cost.

use model::time::HOUR;

use crate::support::{Studio, TestStore, at};

pub async fn spending_is_kept_by_hour(store: TestStore) {
    let mut studio = Studio::open(store).await;
    let noon = at("2026-11-21T12:00:00Z");
    studio.ledger.spend(3).await.unwrap();
    studio.ledger.spend(4).await.unwrap();
    studio.pass(HOUR + HOUR / 2).await;
    studio.reopen().await;
    studio.ledger.spend(5).await.unwrap();
    let spent = studio.ledger.spent(noon).await.unwrap();
    assert_eq!(spent, [(noon, 7), (noon.plus(HOUR), 5)]);
    assert_eq!(studio.ledger.spent(studio.now()).await.unwrap(), spent[1..]);
    assert!(studio.ledger.spent(noon.plus(2 * HOUR)).await.unwrap().is_empty());
}
