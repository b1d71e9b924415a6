//! Keys that services send.

use ledger::{AccessStore, KeyScope, KeyUse, ServiceKey};
use model::{rng::Seeded, tenant::TenantId, time::Timestamp};
use uuid::Uuid;

use crate::support::{Studio, T, TestStore};

const OTHER: TenantId = TenantId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002));

pub fn key(tenant: TenantId, name: &str, scope: KeyScope) -> ServiceKey {
    ServiceKey {
        tenant,
        name: name.to_owned(),
        code: format!("code of {name}"),
        scope,
        made_at: Timestamp::from_micros(5),
        expires_at: (scope == KeyScope::Read).then(|| Timestamp::from_micros(7)),
        rate_per_minute: (scope == KeyScope::Admin).then_some(600),
        used_at: None,
    }
}

pub async fn keys_are_kept_by_name(store: TestStore) {
    let mut studio = Studio::open(store).await;
    let empty = studio.ledger.key_table().await.unwrap();
    assert!(empty.secret.is_none() && empty.keys.is_empty());
    assert_eq!(studio.ledger.keep_secret("first".into()).await.unwrap(), "first");
    assert_eq!(studio.ledger.keep_secret("second".into()).await.unwrap(), "first", "there is one already");
    assert!(!studio.ledger.key_table().await.unwrap().is_closed, "there is no key yet");
    let keys = [key(T, "a", KeyScope::Write), key(T, "b", KeyScope::Read), key(OTHER, "a", KeyScope::Admin)];
    for key in &keys {
        assert!(studio.ledger.add_key(key.clone()).await.unwrap());
    }
    let taken = ServiceKey { code: "another".into(), ..keys[0].clone() };
    assert!(!studio.ledger.add_key(taken).await.unwrap(), "its name is taken");
    let used = KeyUse { tenant: T, code: "code of b".into(), at: Timestamp::from_micros(9) };
    let gone = KeyUse { code: "gone".into(), ..used.clone() };
    studio.ledger.note_key_uses(vec![used, gone]).await.unwrap();
    assert!(studio.ledger.revoke_key(T, "a".into()).await.unwrap());
    assert!(!studio.ledger.revoke_key(T, "a".into()).await.unwrap());
    studio.reopen().await;
    let table = studio.ledger.key_table().await.unwrap();
    assert!(table.is_closed && table.secret.as_deref() == Some("first"));
    let mut expect =
        vec![ServiceKey { used_at: Some(Timestamp::from_micros(9)), ..keys[1].clone() }, keys[2].clone()];
    expect.sort_by_key(|key| key.tenant.to_string());
    assert_eq!(table.keys, expect);
}

#[tokio::test]
async fn keys_are_written_beside_a_server() {
    let studio = Studio::open(TestStore::Folder).await;
    let settings = ledger::StoreSettings::Folder(studio.folder().to_owned());
    let mut store =
        AccessStore::open(settings.clone(), false, studio.clock.clone(), || Seeded::new(9)).await.unwrap();
    assert!(store.is_shared(&settings));
    assert_eq!(store.keep_secret("s".into()).await.unwrap(), "s");
    assert!(store.add_key(key(T, "a", KeyScope::Write)).await.unwrap());
    assert!(store.add_key(key(T, "b", KeyScope::Write)).await.unwrap());
    assert!(store.revoke_key(T, "b").await.unwrap() && !store.revoke_key(T, "b").await.unwrap());
    let seen = studio.ledger.key_table().await.unwrap();
    assert_eq!((seen.secret.as_deref(), &seen.keys[..]), (Some("s"), &[key(T, "a", KeyScope::Write)][..]));
    assert_eq!(store.key_table().await.unwrap(), seen);
    store.close().await;
}
