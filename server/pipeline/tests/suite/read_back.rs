//! The read-back: what is there as it should be is confirmed, and nothing else is.

use std::time::Duration;

use pipeline::Settings;
use serde_json::json;

use crate::{
    fake::Fake,
    support::{KIND, RUNS, Studio, T, run, runs, settings},
};

fn often() -> Settings {
    Settings { read_back_every: Duration::from_millis(20), unconfirmed_after: Duration::ZERO, ..settings() }
}

#[tokio::test]
async fn confirmed_records_are_not_read_again() {
    let mut studio = Fake::studio().await;
    studio.store(runs(30)).await;
    studio.start_with(often());
    studio.until("all are confirmed", |status| status.confirmed == 30).await;
    let counts = studio.drained().await;
    assert_eq!((counts.balance[0].confirmed, counts.unconfirmed), (30, 0));
    let reads = |studio: &Studio<Fake>| {
        studio.place.state().requests.iter().filter(|request| request.starts_with("GET")).count()
    };
    let before = reads(&studio);
    studio.store(vec![run("later", "")]).await;
    studio.until("the later one is confirmed", |status| status.confirmed == 31).await;
    assert!(reads(&studio) > before);
}

#[tokio::test]
async fn differing_rows_are_not_confirmed() {
    let mut studio = Fake::studio().await;
    studio.place.state().rewrite = Some(("apex_tokensin", json!(9)));
    studio.store(runs(2)).await;
    studio.start_with(often());
    let status = studio.until("both are seen", |status| status.differing == 2).await;
    assert_eq!(status.confirmed, 0);
    studio.place.state().rewrite = None;
    let id = run("r0000", "").own_id(T).unwrap();
    studio.ledger.correct(T, id, run("r0000", r#","tokensIn":5"#), None).await.unwrap();
    studio.until("the corrected one is confirmed", |status| status.confirmed == 1).await;
}

#[tokio::test]
async fn a_row_that_vanished_is_said_once() {
    let mut studio = Fake::studio().await;
    studio.store(runs(2)).await;
    studio.start();
    studio.drained().await;
    studio.stop().await;
    let id = run("r0001", "").own_id(T).unwrap();
    studio.place.state().rows.remove(&(RUNS.to_owned(), id.to_string()));
    studio.start_with(often());
    let status = studio.until("one is missed", |status| status.differing == 1 && status.confirmed == 1).await;
    assert_eq!(status.dead, 0);
}

#[tokio::test]
async fn deletions_are_confirmed_by_absence() {
    let mut studio = Fake::studio().await;
    let ids = studio.store(runs(2)).await;
    studio.start();
    studio.drained().await;
    studio.ledger.withdraw(T, KIND, ids[0], None).await.unwrap();
    studio.drained().await;
    studio.stop().await;
    studio.start_with(often());
    studio.until("both are confirmed", |status| status.confirmed == 2).await;
    assert_eq!(studio.drained().await.unconfirmed, 0);
}
