//! Rollups say what the records add up to, whatever happened to them.

use std::collections::BTreeMap;

use ledger::ListAsk;
use model::rollup::{Rollup, Series};

use crate::{
    subject::kind,
    support::{Home, Studio, T, TestStore, run},
};

/// By dimension and key of the series in hexadecimal, grain and number of the cell.
type Cells = BTreeMap<(i64, String, i64, i64), Rollup>;

/// Fails unless what is kept is what the records add up to, of this tenant and kind.
pub async fn agree(studio: &Studio, whence: &str) {
    assert_eq!(kept(studio).await, counted(studio).await, "rollups, asked at {whence}");
}

/// What the store keeps, the rows of a cell together.
async fn kept(studio: &Studio) -> Cells {
    let series = format!("s.tenant_id = '{T}' AND s.kind = '{}'", kind().name);
    let sql = match &studio.home {
        Home::Folder(_) => format!(
            "SELECT coalesce(group_concat(s.dimension || ' ' || hex(s.key) || ' ' || r.grain || ' ' || r.number || ' ' || \
             hex(r.content)), '') FROM rollups AS r JOIN rollup_series AS s ON s.id = r.series WHERE {series}"
        ),
        Home::Database(_) => format!(
            "SELECT coalesce(string_agg(upper(s.dimension || ' ' || encode(convert_to(s.key, 'UTF8'), 'hex') || ' ' || \
             r.grain || ' ' || r.number || ' ' || encode(r.content, 'hex')), ','), '') \
             FROM studio.rollups AS r JOIN studio.rollup_series AS s ON s.tenant_id = r.tenant_id AND s.id = r.series WHERE {series}"
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

/// What the records add up to, one by one.
async fn counted(studio: &Studio) -> Cells {
    let mut cells = Cells::new();
    if kind().measures.is_empty() && kind().dimensions.is_empty() {
        return cells;
    }
    let mut ask = ListAsk { limit: 500, ..ListAsk::default() };
    loop {
        let page = studio.ledger.list(T, kind(), &ask).await.unwrap();
        for stored in &page.items {
            for series in Series::of(&stored.record) {
                let key: String = series.key.bytes().map(|byte| format!("{byte:02X}")).collect();
                let dimension = series.dimension.map_or(-1, |at| i64::try_from(at).unwrap());
                for grain in series.finest().and_coarser() {
                    let place =
                        (dimension, key.clone(), i64::from(grain.code()), grain.number(stored.record.time()));
                    cells.entry(place).or_insert_with(|| Rollup::empty(kind())).fold(&stored.record, 1);
                }
            }
        }
        ask.cursor = page.next;
        if ask.cursor.is_none() {
            return cells;
        }
    }
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
    // Quarter hour, hour and day of all runs, hour and day of one campaign and of one phase, by two processes.
    assert_eq!(rows(&studio).await, (14, 14));
    studio.ledger.tend().await.unwrap();
    assert_eq!(rows(&studio).await, (7, 0));
    studio.balanced().await;

    for id in &ids[2..] {
        studio.ledger.withdraw(T, kind(), *id, None).await.unwrap();
    }
    assert_eq!(rows(&studio).await, (14, 7));
    studio.balanced().await;
    other.withdraw(T, kind(), ids[0], None).await.unwrap();
    let last = run("c", "other", "1", "").own_id(T).unwrap();
    other.withdraw(T, kind(), last, None).await.unwrap();
    studio.ledger.tend().await.unwrap();
    assert_eq!(rows(&studio).await, (0, 0), "nothing is left of what is nothing");
    studio.balanced().await;
    other.close().await;
}
