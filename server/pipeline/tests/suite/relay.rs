//! The relay against everything that can go wrong between here and there.

use model::delivery::DeliveryState;
use pipeline::Settings;

use crate::{
    fake::Fake,
    support::{KIND, RUNS, T, run, runs, settings},
};

#[tokio::test]
async fn records_arrive_with_what_they_point_at() {
    let mut studio = Fake::studio().await;
    let id = studio.store(vec![run("r1", r#","costUSD":"0.3","latencyP95Ms":1200"#)]).await[0];
    studio.start();
    let counts = studio.drained().await;
    assert_eq!(counts.balance[0].delivered, 1);
    assert_eq!(studio.place.column("apex_tenants", "apex_name"), ["The studio"]);
    assert_eq!(studio.place.column("apex_campaigns", "apex_name"), ["Autumn"]);
    assert_eq!(studio.place.column("apex_campaigns", "apex_code"), ["c1"]);
    let row = studio.place.state().rows[&(RUNS.to_owned(), id.to_string())].clone();
    assert_eq!(row["apex_costusd"].to_string(), "0.3");
    assert_eq!(row["apex_successrate"].to_string(), "97.44");
    assert_eq!(row["apex_latencyp95ms"], 1200);
    assert_eq!(row["apex_createdat"], "2026-11-21T12:00:00Z");
    assert_eq!(row["apex_name"], "c1 · r1 · 1");
}

#[tokio::test]
async fn a_backlog_goes_in_few_requests() {
    let mut studio = Fake::studio().await;
    studio.store(runs(950)).await;
    studio.store((950..2_000).map(|n| run(&format!("r{n:04}"), "")).collect()).await;
    studio.start();
    assert_eq!(studio.drained().await.balance[0].delivered, 2_000);
    assert_eq!(studio.place.column(RUNS, "apex_runid").len(), 2_000);
    let requests = studio.place.state().requests.len();
    assert!(requests <= 20, "{requests} requests for 2,000 records");
}

#[tokio::test]
async fn a_poisonous_record_dies_alone() {
    let mut studio = Fake::studio().await;
    studio.place.state().poison.insert("r0042".to_owned(), (400, "0x80044331"));
    studio.store(runs(100)).await;
    studio.start();
    let counts = studio.drained().await;
    assert_eq!((counts.balance[0].delivered, counts.balance[0].dead), (99, 1));
    let letters = studio.ledger.dead_letters(T, 10).await.unwrap();
    assert!(letters[0].reason.contains("0x80044331"), "{}", letters[0].reason);
    let id = run("r0042", "").own_id(T).unwrap();
    let request = letters[0].request.as_ref().unwrap();
    assert!(
        request.starts_with(&format!("PATCH {RUNS}({id})\n{{")) && request.contains("r0042"),
        "{request}"
    );
    assert_eq!(letters[0].response.as_deref(), Some("400 0x80044331: refused by the fake"));
    assert_eq!(studio.handle.as_ref().unwrap().status().state, DeliveryState::Ok);
}

#[tokio::test]
async fn failing_records_hold_up_none() {
    let mut studio = Fake::studio().await;
    studio.place.state().poison.insert("r0001".to_owned(), (500, "0x80044150"));
    studio.store(runs(5)).await;
    studio.start();
    studio.until("four of five", |status| status.sent == 4 && status.postponed == 1).await;
    studio.place.state().poison.clear();
    studio.clock.advance_micros(600 * 1_000_000);
    assert_eq!(studio.drained().await.balance[0].delivered, 5);
}

#[tokio::test]
async fn throttling_pauses_everything_and_kills_nothing() {
    let mut studio = Fake::studio().await;
    studio.store(runs(300)).await;
    studio.place.state().throttled = 1;
    studio.start();
    let status = studio.until("a pause", |status| status.state == DeliveryState::Stopped).await;
    assert!(status.reason.unwrap().contains("nothing is lost"));
    let counts = studio.drained().await;
    assert_eq!((counts.balance[0].delivered, counts.dead), (300, 0));
    let status = studio.until("well again", |status| status.state == DeliveryState::Ok).await;
    assert_eq!(
        (status.pauses, status.reason),
        (1, None),
        "no second 429 that a wiser rate_limit would have avoided"
    );
}

#[tokio::test]
async fn an_absent_dataverse_is_waited_for() {
    let mut studio = Fake::studio().await;
    studio.place.state().away = true;
    studio.store(runs(50)).await;
    studio.start();
    let status = studio.until("a stop", |status| status.state == DeliveryState::Stopped).await;
    assert!(status.reason.unwrap().contains("does not answer"));
    assert_eq!(studio.ledger.delivery_counts(T).await.unwrap().pending, 50);
    studio.place.state().away = false;
    assert_eq!(studio.drained().await.balance[0].delivered, 50);
}

#[tokio::test]
async fn lost_answers_have_no_second_effect() {
    let mut studio = Fake::studio().await;
    studio.store(runs(20)).await;
    studio.place.state().lost_answers = 3;
    studio.start();
    let counts = studio.drained().await;
    assert_eq!(counts.balance[0].delivered, 20);
    assert_eq!(studio.place.column(RUNS, "apex_runid").len(), 20);
}

#[tokio::test]
async fn corrections_and_withdrawals_follow() {
    let mut studio = Fake::studio().await;
    let ids = studio.store(runs(3)).await;
    studio.start();
    studio.drained().await;
    studio.ledger.correct(T, ids[0], run("r0000", r#","tokensIn":7"#), None).await.unwrap();
    studio.ledger.withdraw(T, KIND, ids[1], None).await.unwrap();
    studio.drained().await;
    assert_eq!(studio.place.column(RUNS, "apex_tokensin"), ["0", "7"]);
}

#[tokio::test]
async fn missing_rows_count_as_deleted() {
    let mut studio = Fake::studio().await;
    let ids = studio.store(runs(1)).await;
    studio.start();
    studio.drained().await;
    studio.place.state().rows.remove(&(RUNS.to_owned(), ids[0].to_string()));
    studio.ledger.withdraw(T, KIND, ids[0], None).await.unwrap();
    assert_eq!(studio.drained().await.dead, 0);
}

#[tokio::test]
async fn missing_tables_stop_without_dead_letters() {
    let mut studio = Fake::studio().await;
    studio.place.state().missing.insert(RUNS);
    studio.store(runs(3)).await;
    studio.start();
    studio.until("a stop", |status| status.state == DeliveryState::Stopped).await;
    assert_eq!(studio.ledger.delivery_counts(T).await.unwrap().dead, 0);
    studio.place.state().missing.clear();
    assert_eq!(studio.drained().await.balance[0].delivered, 3);
}

#[tokio::test]
async fn a_deleted_tenant_is_made_again() {
    let mut studio = Fake::studio().await;
    studio.store(runs(1)).await;
    studio.start();
    studio.drained().await;
    studio.place.state().rows.retain(|(set, _), _| set != "apex_tenants");
    studio.store(vec![run("later", "")]).await;
    studio.until("one is postponed", |status| status.postponed > 0).await;
    studio.clock.advance_micros(10 * 1_000_000);
    assert_eq!(studio.drained().await.balance[0].delivered, 2);
}

#[tokio::test]
async fn stopped_and_started_again_it_goes_on() {
    let mut studio = Fake::studio().await;
    studio.store(runs(500)).await;
    for _ in 0..5 {
        studio.start_with(Settings { batch: 20, batch_max: 20, ..settings() });
        studio.until("something is sent", |status| status.sent > 0).await;
        studio.stop().await;
    }
    studio.start();
    assert_eq!(studio.drained().await.balance[0].delivered, 500);
}
