//! What is tried again, what is not, and who waits for whom.

use std::time::Duration;

use dataverse::{BatchOperation, BatchOptions, Error, Limit, Runtime as _};
use serde_json::json;
use uuid::Uuid;

use crate::stand_in::{Received, Say, WireStandIn, token, who, with};

const ID: Uuid = Uuid::from_u128(7);

/// Tokens as usual; everything else by its number.
fn then(
    script: impl Fn(&Received, usize) -> Say + Send + Sync + 'static,
) -> impl Fn(&Received, usize) -> Say + Send + Sync {
    move |request, before| if request.target == "/token" { token(before) } else { script(request, before) }
}

#[tokio::test]
async fn a_throttled_answer_holds_everybody_back() {
    let server = WireStandIn::start(then(|_, before| match before {
        0 => with(429, &[("retry-after", "40")], r#"{"error":{"code":"0x80072322","message":"m"}}"#),
        _ => who(),
    }))
    .await;
    let client = server.client();
    let error = client.who_am_i().await.unwrap_err();
    assert_eq!((error.retry_after(), error.code()), (Some(Duration::from_secs(40)), Some("0x80072322")));
    assert!(error.is_lane_fault() && error.is_transient());
    let clone = client.clone();
    server.clock.advance(Duration::from_secs(4));
    let held = clone.upsert("sets", ID, &json!({})).await.unwrap_err();
    assert_eq!(held.retry_after(), Some(Duration::from_secs(36)));
    assert_eq!(clone.held_back_for(), Some(Duration::from_secs(36)));
    assert_eq!(server.asked().len(), 1, "nothing was sent meanwhile");
    server.clock.advance(Duration::from_secs(36));
    client.who_am_i().await.unwrap();
}

#[tokio::test]
async fn short_pauses_are_sat_out() {
    let server = WireStandIn::start(then(|_, before| match before {
        0 => with(503, &[("retry-after", "0")], ""),
        1 => with(429, &[("retry-after", "0")], ""),
        _ => who(),
    }))
    .await;
    server.client().who_am_i().await.unwrap();
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn lost_answers_are_retried_when_harmless() {
    let cut_once = || {
        then(|_, before| if before == 0 { Say::Cut } else { with(204, &[("odata-entityid", "x(1)")], "") })
    };
    let server = WireStandIn::start(cut_once()).await;
    server.client().upsert("sets", ID, &json!({})).await.unwrap();
    assert_eq!(server.asked().len(), 2);

    let server = WireStandIn::start(cut_once()).await;
    let error = server.client().create("sets", &json!({})).await.unwrap_err();
    assert!(matches!(error, Error::Transport { .. }) && error.is_lane_fault(), "{error:?}");
    assert_eq!(server.asked().len(), 1, "it may have been made");

    let server = WireStandIn::start(cut_once()).await;
    let error = server.client().update_if_match("sets", ID, "W/\"1\"", &json!({})).await.unwrap_err();
    assert!(matches!(error, Error::Transport { .. }));
    assert_eq!(server.asked()[0].header("if-match"), "W/\"1\"");
    assert_eq!(server.asked().len(), 1, "the second try would meet its own change");
}

#[tokio::test]
async fn deletes_with_lost_answers_succeed() {
    let gone = r#"{"error":{"code":"0x80040217","message":"set With Id = 7 Does Not Exist"}}"#;
    let server =
        WireStandIn::start(then(move |_, before| if before == 0 { Say::Cut } else { with(404, &[], gone) }))
            .await;
    server.client().delete("sets", ID).await.unwrap();
    let error = server.client().delete("sets", ID).await.unwrap_err();
    assert!(matches!(error, Error::NotFound(_)), "{error:?}");
}

#[tokio::test]
async fn server_errors_are_retried_refusals_not() {
    let failing = |status: u16| then(move |_, _| with(status, &[], ""));
    let server = WireStandIn::start(failing(500)).await;
    let error = server.client().who_am_i().await.unwrap_err();
    assert!(error.is_transient() && !error.is_lane_fault(), "{error:?}");
    assert_eq!(server.asked().len(), 5);
    for status in [400, 403, 404, 412, 501] {
        let server = WireStandIn::start(failing(status)).await;
        assert!(!server.client().who_am_i().await.unwrap_err().is_transient());
        assert_eq!(server.asked().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn the_budget_ends_a_storm_of_tries() {
    let server = WireStandIn::start(then(|_, _| with(502, &[], "<html>Bad Gateway</html>"))).await;
    let client = server.client();
    for _ in 0..20 {
        client.who_am_i().await.unwrap_err();
    }
    let sent = server.asked().len();
    assert!((40..=45).contains(&sent), "20 calls and the budget's 20 tries, not 100: {sent}");
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let server = WireStandIn::start(then(|_, _| Say::Nothing)).await;
    let mut settings = server.settings();
    (settings.deadline, settings.tries) = (Duration::from_millis(20), 1);
    let error = server.client_with(settings).who_am_i().await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }) && error.is_lane_fault());
}

#[tokio::test]
async fn late_attempts_are_not_begun() {
    let server = WireStandIn::start(then(|_, _| with(204, &[], ""))).await;
    let limit = Limit::lasting(Duration::from_secs(18), server.clock.instant());
    let client = server.client().within(limit);
    client.upsert("sets", ID, &json!({})).await.unwrap();
    server.clock.advance(Duration::from_secs(9));
    client.upsert("sets", ID, &json!({})).await.unwrap();
    server.clock.advance(Duration::from_millis(1));
    let error = client.upsert("sets", ID, &json!({})).await.unwrap_err();
    assert!(matches!(error, Error::OutOfTime) && error.is_lane_fault(), "{error}");
    assert_eq!(server.asked().len(), 2);
    server.client().upsert("sets", ID, &json!({})).await.unwrap();
}

#[tokio::test]
async fn attempts_end_before_the_deadline() {
    let server = WireStandIn::start(then(|_, _| Say::Nothing)).await;
    let mut settings = server.settings();
    settings.tries = 1;
    let limit = Limit::lasting(Duration::from_millis(40), server.clock.instant());
    let error = server.client_with(settings).within(limit).who_am_i().await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { after } if after == Duration::from_millis(20)), "{error}");
}

#[tokio::test]
async fn attempts_and_rows_are_counted() {
    let bad = r#"{"error":{"code":"0x80044331","message":"m"}}"#;
    let parts = "--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n\r\n".repeat(3);
    let server = WireStandIn::start(then(move |request, before| match request.target.as_str() {
        "/api/data/v9.2/WhoAmI" if before == 0 => Say::Cut,
        "/api/data/v9.2/WhoAmI" => who(),
        "/api/data/v9.2/$batch" => {
            with(200, &[("content-type", "multipart/mixed; boundary=b")], &format!("{parts}--b--\r\n"))
        }
        _ => with(400, &[], bad),
    }))
    .await;
    let client = server.client();
    client.who_am_i().await.unwrap();
    assert_eq!(client.cost(), 2, "once in vain");
    let rows = (0..3).map(|row| (Uuid::from_u128(row), json!({}))).collect();
    let outcomes = client.clone().upsert_each("sets", "set", "setid", rows).await.unwrap();
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(client.cost(), 2 + 3 + 3, "three rows together, and each by itself");
}

#[tokio::test]
async fn a_refused_connection_is_said_without_data() {
    let server = WireStandIn::start(|_, before| token(before)).await;
    let mut settings = server.settings();
    (settings.organisation, settings.tries) = ("http://127.0.0.1:1".to_owned(), 1);
    let error = server.client_with(settings).upsert("sets", ID, &json!({})).await.unwrap_err();
    assert!(error.to_string().contains("cannot connect"), "{error}");
    assert!(!error.to_string().contains("sets("));
}

#[tokio::test]
async fn only_repeatable_batches_are_repeated() {
    let cut = || then(|_, _| Say::Cut);
    let upserts = vec![BatchOperation::upsert("sets", ID, json!({})), BatchOperation::delete("sets", ID)];
    let server = WireStandIn::start(cut()).await;
    server.client().batch(upserts.clone(), BatchOptions::default()).await.unwrap_err();
    assert_eq!(server.asked().len(), 5);
    let mut mixed = upserts;
    mixed.push(BatchOperation::create("sets", json!({})));
    let server = WireStandIn::start(cut()).await;
    server.client().batch(mixed, BatchOptions::default()).await.unwrap_err();
    assert_eq!(server.asked().len(), 1);
}
