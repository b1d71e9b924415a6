//! Links to views.

use ledger::ShareLink;
use model::{tenant::TenantId, time::Timestamp};
use uuid::Uuid;

use crate::support::{Studio, T, TestStore};

const OTHER: TenantId = TenantId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002));

pub fn link(tenant: TenantId, number: u128) -> ShareLink {
    ShareLink {
        tenant,
        id: Uuid::from_u128(number),
        view: "/?range=30d".to_owned(),
        made_by: "Jana".to_owned(),
        made_at: Timestamp::from_micros(i64::try_from(number).unwrap()),
        ends_at: Timestamp::from_micros(90),
        password: (number == 2).then(|| "p".to_owned()),
        visits: 0,
        visited_at: None,
    }
}

pub async fn links_are_kept_by_tenant(store: TestStore) {
    let mut studio = Studio::open(store).await;
    for link in [link(T, 1), link(T, 2), link(OTHER, 1)] {
        studio.ledger.add_share_link(link).await.unwrap();
    }
    studio.ledger.note_visit(T, Uuid::from_u128(1), Timestamp::from_micros(7)).await.unwrap();
    studio.ledger.note_visit(T, Uuid::from_u128(1), Timestamp::from_micros(8)).await.unwrap();
    studio.reopen().await;
    let visited = ShareLink { visits: 2, visited_at: Some(Timestamp::from_micros(8)), ..link(T, 1) };
    assert_eq!(studio.ledger.share_links(T).await.unwrap(), [link(T, 2), visited.clone()]);
    assert_eq!(studio.ledger.share_links(OTHER).await.unwrap(), [link(OTHER, 1)]);
    assert_eq!(studio.ledger.share_link(T, visited.id).await.unwrap(), Some(visited.clone()));
    assert_eq!(studio.ledger.share_link(OTHER, Uuid::from_u128(2)).await.unwrap(), None);
    assert!(!studio.ledger.revoke_share_link(OTHER, Uuid::from_u128(2)).await.unwrap());
    assert!(studio.ledger.revoke_share_link(T, visited.id).await.unwrap());
    assert_eq!(studio.ledger.share_links(T).await.unwrap(), [link(T, 2)]);
}
