//! The balance by the hour.

use ledger::HourBalance;
use model::time::{HOUR, SECOND, Timestamp};
use uuid::Uuid;

use crate::{
    mirror::seen,
    subject::kind,
    support::{Studio, T, TestStore, at, run},
};

impl Studio {
    /// Those hours in which anything was, after a look that nothing is unaccounted for.
    async fn hours(&self) -> Vec<HourBalance> {
        let hours = self.ledger.hours(T, Timestamp::EARLIEST).await.unwrap();
        assert_eq!(hours.iter().filter(|hour| hour.kind == kind()).count(), 48);
        assert_eq!(hours.iter().map(HourBalance::unaccounted).sum::<i64>(), 0, "{hours:?}");
        hours.into_iter().filter(|hour| figures(hour) != [0; 7]).collect()
    }
}

/// One record leaves the ledger, and that is written down, by the hour of its arrival.
async fn archive(studio: &Studio, name: &str) {
    let (table, kind) = (kind().table, kind().name);
    studio
        .sql(&format!(
            "UPDATE studio.passages SET archived = archived + 1 WHERE kind = '{kind}' AND hour = (SELECT received_at \
             / 3600000000 FROM studio.{table} WHERE run_id = '{name}'); DELETE FROM studio.{table} WHERE run_id = '{name}'"
        ))
        .await;
}

pub async fn what_is_archived_is_accounted_for(store: TestStore) {
    let mut studio = Studio::open(store).await;
    studio.store((0..3).map(|n| run("c", &n.to_string(), "1", "")).collect()).await;
    let parcels = studio.lease(10).await;
    studio.ledger.delivered(&parcels, studio.now()).await.unwrap();
    let read = studio.ledger.unconfirmed(studio.now(), None, 10).await.unwrap();
    studio.ledger.confirmed(&read).await.unwrap();
    // Counted before, after, and anew.
    assert_eq!(studio.balanced().await.balance[0].durable, 3);
    assert_eq!(studio.hours().await[0].durable, 3);
    studio.pass(2 * HOUR).await;
    archive(&studio, "2").await;
    let expect = async |studio: &Studio| {
        // The figures keep what left.
        let balance = &studio.accounted().await.balance[0];
        assert_eq!((balance.received, balance.durable, balance.archived), (3, 2, 1));
        assert_eq!(balance.unconfirmed(), 0);
        let hours = studio.hours().await;
        assert_eq!((hours[0].durable, hours[0].archived), (2, 1));
    };
    expect(&studio).await;
    studio.ledger.tend().await.unwrap();
    expect(&studio).await;
    studio.reopen().await;
    expect(&studio).await;
    // The newest one left; its place is not given to another.
    studio.store(vec![run("c", "next", "1", "")]).await;
    let newest = "SELECT CAST(max(position) AS TEXT) FROM studio.campaign_metrics";
    assert_eq!(studio.ask(newest).await, "4");
}

fn figures(hour: &HourBalance) -> [i64; 7] {
    [hour.received, hour.mirrored, hour.durable, hour.pending, hour.dead, hour.delivered, hour.confirmed]
}

pub async fn each_hour_has_its_balance(store: TestStore) {
    let studio = Studio::open(store).await;
    let noon = at("2026-11-21T12:00:00Z");
    studio.store((0..5).map(|n| run("c", &n.to_string(), "1", "")).collect()).await;
    assert_eq!(studio.hours().await.iter().map(figures).collect::<Vec<_>>(), [[5, 0, 5, 5, 0, 0, 0]]);
    studio.pass(HOUR).await;
    studio.store((0..3).map(|n| run("c", &n.to_string(), "2", "")).collect()).await;
    let parcels = studio.lease(4).await;
    studio.ledger.delivered(&parcels[..3], studio.now()).await.unwrap();
    studio.ledger.dead(&[(parcels[3].clone(), "no".into())]).await.unwrap();
    studio.pass(HOUR).await;
    let other = run("c", "elsewhere", "1", "");
    studio.reconcile(vec![seen(Uuid::from_u128(7), &other)]).await;
    let read = studio.ledger.unconfirmed(studio.now(), None, 2).await.unwrap();
    studio.ledger.confirmed(&read).await.unwrap();
    let hours = studio.hours().await;
    assert_eq!(
        hours.iter().map(|hour| hour.hour).collect::<Vec<_>>(),
        [0, 1, 2].map(|n| noon.plus(n * HOUR))
    );
    assert_eq!(
        hours.iter().map(figures).collect::<Vec<_>>(),
        [[5, 0, 5, 1, 1, 0, 0], [3, 0, 3, 3, 0, 3, 0], [0, 1, 1, 0, 0, 0, 3]]
    );
    let mut last = studio.ledger.hours(T, studio.now()).await.unwrap();
    last.retain(|hour| hour.kind == kind());
    assert_eq!(last, hours[2..]);
    studio.ledger.correct(T, parcels[0].id, run("c", "0", "1", r#","tokensIn":1"#), None).await.unwrap();
    assert_eq!(figures(&studio.hours().await[0])[3], 1, "a correction was received long ago");
}

pub async fn an_hour_is_shown_for_two_days(store: TestStore) {
    let mut studio = Studio::open(store).await;
    for n in 0..4 {
        studio.store(vec![run("c", &n.to_string(), "1", "")]).await;
        studio.pass(20 * HOUR + SECOND).await;
    }
    let before = studio.hours().await;
    assert_eq!(before.iter().map(|hour| hour.received).collect::<Vec<_>>(), [1, 1]);
    studio.reopen().await;
    assert_eq!(studio.hours().await, before, "found again among older ones");
    studio.sql("DELETE FROM studio.campaign_metrics WHERE run_id = '3'").await;
    studio.reopen().await;
    let lost = studio.ledger.hours(T, Timestamp::EARLIEST).await.unwrap();
    assert_eq!(lost.iter().map(HourBalance::unaccounted).sum::<i64>(), 1);
}
