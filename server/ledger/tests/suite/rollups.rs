//! Rollups say what the records add up to, whatever happened to them.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::poll_fn,
    pin::pin,
    task::Poll,
};

use ledger::{Ledger, ListAsk, RollupState};
use model::{
    calendar::{Compare, Zone, window},
    range::Range,
    rollup::{Rollup, Series},
    tenant::TenantId,
    time::Timestamp,
};
use proptest::prelude::*;
use uuid::Uuid;

use crate::{
    interleaving::record,
    subject::kind,
    support::{Home, Studio, T, TestStore, run},
};

/// By dimension and key of the series in hexadecimal, grain and number of the cell.
type Cells = BTreeMap<(i64, String, i64, i64), Rollup>;

/// Fails unless what is kept and read is what the records add up to, of this tenant and kind. Nothing is said of rollups that were
/// never made: their records are counted one by one.
pub async fn agree(studio: &Studio, whence: &str) {
    if !is_read(studio).await {
        return;
    }
    let (counted, pairs) = counted(studio).await;
    assert_eq!(kept(studio).await, counted, "rollups, asked at {whence}");
    let kept = kept_pairs(studio).await;
    assert!(pairs.is_subset(&kept), "{whence}: of the pairs {pairs:?} there are {kept:?}");
}

/// The pairs that the store keeps, of records that left too: dimension and key in hexadecimal.
async fn kept_pairs(studio: &Studio) -> BTreeSet<(i64, String)> {
    let key = match &studio.home {
        Home::Folder(_) => "hex(s.key)",
        Home::Database(_) => "upper(encode(convert_to(s.key, 'UTF8'), 'hex'))",
    };
    let list = if matches!(studio.home, Home::Folder(_)) { "group_concat" } else { "string_agg" };
    let sql = format!(
        "SELECT coalesce({list}(s.dimension || ' ' || {key}, ','), '') FROM studio.rollup_series AS s \
         JOIN studio.rollup_kinds AS k ON k.kind = s.kind AND k.generation = s.generation \
         WHERE s.tenant_id = '{T}' AND s.kind = '{}' AND s.dimension >= {}",
        kind().name,
        kind().dimensions.len()
    );
    let rows = studio.ask(&sql).await;
    let rows = rows.split(',').filter_map(|row| row.split_once(' '));
    rows.map(|(dimension, key)| (dimension.parse().unwrap(), key.to_owned())).collect()
}

async fn is_read(studio: &Studio) -> bool {
    let states = studio.ledger.rollups().await.unwrap();
    states.iter().any(|state| state.kind == kind() && state.read.is_some())
}

/// What the store keeps, the rows of a cell together.
async fn kept(studio: &Studio) -> Cells {
    let series = format!("s.tenant_id = '{T}' AND s.kind = '{}'", kind().name);
    let sql = match &studio.home {
        Home::Folder(_) => format!(
            "SELECT coalesce(group_concat(s.dimension || ' ' || hex(s.key) || ' ' || r.grain || ' ' || r.number || ' ' || \
             hex(r.content)), '') FROM rollups AS r JOIN rollup_series AS s ON s.id = r.series \
             JOIN rollup_kinds AS k ON k.kind = s.kind AND k.generation = s.generation WHERE {series}"
        ),
        Home::Database(_) => format!(
            "SELECT coalesce(string_agg(upper(s.dimension || ' ' || encode(convert_to(s.key, 'UTF8'), 'hex') || ' ' || \
             r.grain || ' ' || r.number || ' ' || encode(r.content, 'hex')), ','), '') \
             FROM studio.rollups AS r JOIN studio.rollup_series AS s ON s.tenant_id = r.tenant_id AND s.id = r.series \
             JOIN studio.rollup_kinds AS k ON k.kind = s.kind AND k.generation = s.generation WHERE {series}"
        ),
    };
    let mut cells = Cells::new();
    for row in studio.ask(&sql).await.split(',').filter(|row| !row.is_empty()) {
        let parts: Vec<&str> = row.split(' ').collect();
        let number = |at: usize| parts[at].parse::<i64>().unwrap();
        let content = Rollup::of_bytes(kind(), &bytes(parts[4])).unwrap();
        let cell = cells.entry((number(0), parts[1].to_owned(), number(2), number(3)));
        cell.or_insert_with(|| Rollup::empty(kind())).merge(&content);
    }
    cells.retain(|_, cell| !cell.is_empty());
    cells
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits.map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

/// What the records add up to, one by one, and which pairs they have.
async fn counted(studio: &Studio) -> (Cells, BTreeSet<(i64, String)>) {
    let (mut cells, mut pairs) = (Cells::new(), BTreeSet::new());
    if kind().measures.is_empty() && kind().dimensions.is_empty() {
        return (cells, pairs);
    }
    let mut ask = ListAsk { limit: 500, ..ListAsk::default() };
    loop {
        let page = studio.ledger.list(T, kind(), &ask).await.unwrap();
        for stored in &page.items {
            for series in Series::of(&stored.record) {
                let (dimension, key) = place(&series);
                for grain in series.finest().and_coarser() {
                    let place =
                        (dimension, key.clone(), i64::from(grain.code()), grain.number(stored.record.time()));
                    cells.entry(place).or_insert_with(|| Rollup::empty(kind())).fold(&stored.record, 1);
                }
            }
        }
        pairs.extend(
            page.items.iter().flat_map(|stored| Series::pairs(&stored.record)).map(|pair| place(&pair)),
        );
        ask.cursor = page.next;
        if ask.cursor.is_none() {
            return (cells, pairs);
        }
    }
}

/// The number of a series' dimension, and its key in hexadecimal.
fn place(series: &Series) -> (i64, String) {
    let key = series.key.bytes().map(|byte| format!("{byte:02X}")).collect();
    (series.dimension.map_or(-1, |at| i64::try_from(at).unwrap()), key)
}

/// How many rows rollups have, and how many of them a process wrote.
async fn rows(studio: &Studio) -> (i64, i64) {
    let count = async |which: &str| -> i64 {
        let sql = format!("SELECT count(*)::text FROM studio.rollups WHERE {which}");
        studio.ask(&sql).await.parse().unwrap()
    };
    (count("true").await, count("writer <> 0").await)
}

#[tokio::test]
async fn rows_of_two_writers_become_one() {
    let studio = Studio::open(TestStore::Database).await;
    let other = studio.another().await;
    let ids: Vec<_> = studio
        .store((0..5).map(|n| run("c", &n.to_string(), "1", r#","latencyP95Ms":900"#)).collect())
        .await
        .iter()
        .map(|outcome| outcome.id)
        .collect();
    other.store(T, vec![run("c", "other", "1", r#","latencyP95Ms":70"#)]).await.unwrap();
    // What one process stored, another one takes back.
    let corrected = run("c", "0", "1", r#","latencyP95Ms":5"#);
    other.correct(T, ids[0], corrected, None).await.unwrap();
    other.withdraw(T, kind(), ids[1], None).await.unwrap();
    studio.balanced().await;
    // Quarter hour, hour, day and eight days of all runs, all but the first of one campaign and of one phase, by two processes.
    assert_eq!(rows(&studio).await, (20, 20));
    studio.ledger.tend().await.unwrap();
    assert_eq!(rows(&studio).await, (10, 0));
    studio.balanced().await;

    for id in &ids[2..] {
        studio.ledger.withdraw(T, kind(), *id, None).await.unwrap();
    }
    assert_eq!(rows(&studio).await, (20, 10));
    studio.balanced().await;
    other.withdraw(T, kind(), ids[0], None).await.unwrap();
    let last = run("c", "other", "1", "").own_id(T).unwrap();
    other.withdraw(T, kind(), last, None).await.unwrap();
    studio.ledger.tend().await.unwrap();
    assert_eq!(rows(&studio).await, (0, 0), "nothing is left of what is nothing");
    studio.balanced().await;
    other.close().await;
}

pub async fn each_tenants_rollups_are_made(store: TestStore) {
    let studio = Studio::open(store).await;
    let tenants = [T, TenantId(Uuid::from_u128(9)), TenantId(Uuid::from_u128(u128::MAX))];
    for tenant in tenants {
        studio.ledger.store(tenant, (0..5).map(|name| record(name, 3)).collect()).await.unwrap();
    }
    studio.ledger.wish_rollups().await.unwrap();
    make_all(&studio.ledger, 2).await;
    let series = "SELECT CAST(count(DISTINCT tenant_id) AS text) FROM studio.rollup_series";
    assert_eq!(studio.ask(series).await, "3");
    let records = "SELECT CAST(max(folded) AS text) FROM (SELECT 0 AS folded UNION ALL \
                   SELECT folded FROM studio.rollup_makings) AS making";
    assert_eq!(studio.ask(records).await, "0", "nothing is under way any more");
    for tenant in tenants {
        let now = Timestamp::parse("2026-11-21T13:05:00Z").unwrap();
        let days = window(Range::Days90, &Zone::utc(), now, Compare::Nothing);
        let recounted = studio.ledger.recount(tenant, &days).await.unwrap().recount;
        assert_eq!(recounted.rollups.as_ref(), Some(&recounted.rows), "{tenant}");
        assert_eq!(recounted.rows.sums.runs, if kind().name == "campaign-run" { 5 } else { 0 }, "{tenant}");
    }
    studio.balanced().await;
}

/// One thing that happens while rollups are made anew; `other`: in the other process, where there are two.
#[derive(Clone, Debug)]
enum Meanwhile {
    Store {
        run: u8,
        tokens: i64,
        other: bool,
    },
    Correct {
        run: u8,
        tokens: i64,
        other: bool,
    },
    Withdraw {
        run: u8,
        other: bool,
    },
    Wish,
    Make {
        most: i64,
        other: bool,
    },
    /// The process ends within a step.
    Crash {
        polls: usize,
        other: bool,
    },
    /// What is kept of them was lost: they were never made.
    Forget,
}

fn meanwhile() -> impl Strategy<Value = Meanwhile> {
    let (run, other, tokens) = (0_u8..12, any::<bool>(), 0_i64..4);
    prop_oneof![
        4 => (run.clone(), tokens.clone(), other).prop_map(|(run, tokens, other)| Meanwhile::Store { run, tokens, other }),
        3 => (run.clone(), tokens, other).prop_map(|(run, tokens, other)| Meanwhile::Correct { run, tokens, other }),
        1 => (run, other).prop_map(|(run, other)| Meanwhile::Withdraw { run, other }),
        1 => Just(Meanwhile::Wish),
        6 => (1_i64..3, other).prop_map(|(most, other)| Meanwhile::Make { most, other }),
        1 => (1_usize..12, other).prop_map(|(polls, other)| Meanwhile::Crash { polls, other }),
        1 => Just(Meanwhile::Forget),
    ]
}

pub fn rollups_are_made_anew_amid_changes(store: TestStore) {
    let config = ProptestConfig { cases: store.cases(24), ..ProptestConfig::default() };
    proptest!(config, |(events in prop::collection::vec(meanwhile(), 10..60))| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(made_amid(store, &events));
    });
}

async fn made_amid(store: TestStore, events: &[Meanwhile]) {
    let mut studio = Studio::open(store).await;
    studio.store((0..6).map(|name| record(name, 0)).collect()).await;
    studio.ledger.wish_rollups().await.unwrap();
    let mut other = second(&studio).await;
    for event in events {
        let of = |is_other: bool| if is_other { other.clone() } else { studio.ledger.clone() };
        match *event {
            Meanwhile::Store { run, tokens, other } => {
                of(other).store(T, vec![record(run, tokens)]).await.unwrap();
            }
            Meanwhile::Correct { run, tokens, other } => {
                let record = record(run, tokens);
                of(other).correct(T, record.own_id(T).unwrap(), record, None).await.unwrap();
            }
            Meanwhile::Withdraw { run, other } => {
                of(other).withdraw(T, kind(), record(run, 0).own_id(T).unwrap(), None).await.unwrap();
            }
            Meanwhile::Wish => of(false).wish_rollups().await.unwrap(),
            Meanwhile::Make { most, other } => {
                of(other).make_rollups(most).await.unwrap();
            }
            Meanwhile::Crash { polls, other: is_other } => {
                let crashing = of(is_other);
                cut_short(&crashing, polls).await;
                studio.reopen().await;
                other = second(&studio).await;
            }
            Meanwhile::Forget => {
                studio.ledger.close().await;
                studio.sql("DELETE FROM studio.rollup_kinds").await;
                studio.reopen().await;
                other = second(&studio).await;
            }
        }
        studio.balanced().await;
    }
    studio.ledger.wish_rollups().await.unwrap();
    make_all(&studio.ledger, 3).await;
    assert!(is_read(&studio).await);
    studio.balanced().await;
    let left = "SELECT CAST(count(*) AS text) FROM studio.rollup_series AS s WHERE NOT EXISTS (SELECT 1 \
                FROM studio.rollup_kinds AS k WHERE k.kind = s.kind AND k.generation = s.generation)";
    assert_eq!(studio.ask(left).await, "0", "old generations are gone");
    studio.ledger.close().await;
}

/// Another process's ledger where there can be one; else the same.
async fn second(studio: &Studio) -> Ledger {
    match studio.home {
        Home::Folder(_) => studio.ledger.clone(),
        Home::Database(_) => studio.another().await,
    }
}

/// Begins a step and leaves it, wherever it is by then.
async fn cut_short(ledger: &Ledger, polls: usize) {
    let mut step = pin!(ledger.make_rollups(2));
    let mut left = polls;
    poll_fn(|context| {
        left = left.saturating_sub(1);
        if left == 0 { Poll::Ready(()) } else { step.as_mut().poll(context).map(|_| ()) }
    })
    .await;
}

/// Until nothing is left to do.
pub async fn make_all(ledger: &Ledger, most: i64) {
    let is_settled = async || ledger.rollups().await.unwrap().iter().all(RollupState::is_settled);
    // Another process may have it in hand just then.
    while ledger.make_rollups(most).await.unwrap() || !is_settled().await {}
}
