//! Several kinds in one ledger, and what no product's kind has.

use std::{collections::BTreeSet, ops::Range};

use ledger::{ListAsk, Verdict};
use model::{
    record::{self, Kind, Record, Value, campaign_run::CAMPAIGN_RUN},
    tenant::TenantId,
    time::SECOND,
};
use uuid::Uuid;

use crate::{
    specimen::KEYED,
    subject::FRESH,
    support::{HOLD, Studio, T, TestStore, at, run_of},
};

const OTHER: TenantId = TenantId(Uuid::from_u128(9));

fn records(kind: &'static Kind, names: Range<usize>) -> Vec<Record> {
    names.map(|n| run_of(kind, "c", &n.to_string(), "1", "")).collect()
}

/// With a payload of this many bytes and some.
fn heavy(name: &str, bytes: usize) -> Record {
    let json = specimen_json(name, &"x".repeat(bytes));
    record::parse(&KEYED, &json, at("2026-11-21T12:00:00Z")).unwrap()
}

fn specimen_json(name: &str, text: &str) -> String {
    format!(
        r#"{{"campaignId":"c","runId":"{name}","phase":"1","agentsTotal":5,"agentsSuccessful":4,
            "slot":"2026-02-03T04:05:06Z","lane":"0a000000-0000-4000-8000-00000000000b","payload":{{"text":"{text}"}}}}"#
    )
}

pub async fn leases_are_shared_between_tenants(store: TestStore) {
    let studio = Studio::open(store).await;
    for tenant in [T, OTHER] {
        for kind in [&CAMPAIGN_RUN, &KEYED] {
            studio.ledger.store(tenant, records(kind, 0..100)).await.unwrap();
        }
    }
    let parcels = studio.lease(100).await;
    let count = |tenant: TenantId| parcels.iter().filter(|parcel| parcel.tenant == tenant).count();
    assert_eq!((count(T), count(OTHER)), (50, 50));
}

pub async fn the_oldest_is_leased_first(store: TestStore) {
    let studio = Studio::open(store).await;
    for (n, kind) in [&FRESH, &CAMPAIGN_RUN, &KEYED, &CAMPAIGN_RUN, &FRESH].into_iter().enumerate() {
        studio.store(records(kind, n..n + 1)).await;
        studio.pass(SECOND).await;
    }
    let lent = [studio.lease(2).await, studio.lease(2).await, studio.lease(2).await].concat();
    let kinds: Vec<&str> = lent.iter().map(|parcel| parcel.kind.name).collect();
    let expected = ["fresh-specimen", "campaign-run", "specimen", "campaign-run", "fresh-specimen"];
    // Within one lease kinds stand together.
    assert_eq!((kinds[0], kinds[1], kinds[4]), (expected[0], expected[1], expected[4]));
    assert_eq!(kinds.iter().copied().collect::<BTreeSet<_>>(), expected.into());
}

pub async fn the_oldest_is_read_back_first(store: TestStore) {
    let studio = Studio::open(store).await;
    for n in 0..3 {
        for kind in [&CAMPAIGN_RUN, &KEYED, &FRESH] {
            studio.store(records(kind, n..n + 1)).await;
        }
        studio.ledger.delivered(&studio.lease(10).await, studio.now()).await.unwrap();
        studio.pass(SECOND).await;
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = studio.ledger.unconfirmed(studio.now(), after.as_ref(), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
        seen.extend(page.iter().map(|item| (item.held.stored.exported_at, item.kind.name)));
    }
    assert_eq!(seen.len(), 9);
    assert!(seen.is_sorted_by_key(|(at, _)| *at), "{seen:?}");
    for turn in seen.chunks(3) {
        let kinds: BTreeSet<&str> = turn.iter().map(|(_, kind)| *kind).collect();
        assert_eq!(kinds.len(), 3, "each kind has its turn: {seen:?}");
    }
}

pub async fn heavy_records_travel_in_small_leases(store: TestStore) {
    let studio = Studio::open(store).await;
    studio.store((0..100).map(|n| heavy(&n.to_string(), 64_000)).collect()).await;
    let bytes = |records: usize| records * 64_000;
    let mut lent = 0;
    while lent < 100 {
        let parcels = studio.lease(500).await;
        assert!((1_000_000..2_200_000).contains(&bytes(parcels.len())) || lent > 64, "{}", parcels.len());
        lent += parcels.len();
        studio.ledger.delivered(&parcels, studio.now()).await.unwrap();
    }
    let page = studio.ledger.unconfirmed(studio.now(), None, 4_000).await.unwrap();
    assert!((4_000_000..4_400_000).contains(&bytes(page.len())), "{}", page.len());
    let more = studio.ledger.unconfirmed(studio.now(), page.last(), 4_000).await.unwrap();
    assert_eq!(page.len() + more.len(), 100);
    let (mut cursor, mut listed) = (None, 0);
    loop {
        let ask = ListAsk { limit: 1_000, cursor, ..ListAsk::default() };
        let page = studio.ledger.list(T, &KEYED, &ask).await.unwrap();
        assert!(bytes(page.items.len()) < 4_400_000, "{}", page.items.len());
        listed += page.items.len();
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(listed, 100);
    assert_eq!(studio.ledger.lease(500, HOLD).await.unwrap(), []);
}

pub async fn every_value_survives_storage(store: TestStore) {
    let mut studio = Studio::open(store).await;
    let more = r#","costUSD":"-0.00001","campaignName":"Autumn","tokensIn":2147483647"#;
    let sent = run_of(&KEYED, "c", "r", "2-3", more);
    let id = studio.store(vec![sent.clone()]).await[0].id;
    studio.reopen().await;
    let kept = studio.ledger.read(T, &KEYED, id).await.unwrap().unwrap().stored.record;
    assert_eq!(kept.values()[..12], sent.values()[..12]);
    assert_eq!(kept.values()[13..], sent.values()[13..]);
    assert_eq!(kept.names()[0].as_deref(), Some("Autumn"));
    assert_eq!(kept.values()[10].text(), " One line,\n\u{200f}and another: ann@example.com\t");
    let again = studio.store(vec![sent]).await;
    assert_eq!(again[0].verdict, Verdict::Duplicate(1));
    // What a record may be without is nothing, and no text of no length.
    let bare = heavy("bare", 1);
    let id = studio.store(vec![bare]).await[0].id;
    let kept = studio.ledger.read(T, &KEYED, id).await.unwrap().unwrap().stored.record;
    assert_eq!([10, 13, 14, 15].map(|at| kept.values()[at].clone()), [const { Value::Nothing }; 4]);
}

pub async fn each_record_without_an_identity_is_another(store: TestStore) {
    let studio = Studio::open(store).await;
    let twice = || records(&FRESH, 0..1);
    let ids = [studio.store(twice()).await[0].id, studio.store(twice()).await[0].id];
    assert_ne!(ids[0], ids[1]);
    studio.ledger.withdraw(T, &FRESH, ids[0], None).await.unwrap();
    assert_eq!(studio.lease(10).await.iter().map(|parcel| parcel.id).collect::<Vec<_>>(), [ids[1]]);
    studio.balanced().await;
}
