//! What cost will come to: in the JSON, and in the panel's caption.

use serde_json::{Value as Json, json};

use crate::studio::{Studio, run, until, with};

const NOW: &str = "2026-11-21T13:00:00Z";
const HISTORY: &str = "/api/metrics/history?range=30d";

/// One run in each of the days before `NOW`, for a dollar, or 40 cents on Saturdays and Sundays.
async fn filled(days: i64, settings: &[(&str, &str)]) -> Studio {
    let studio = Studio::with(&[&[("STUDIO_NOW", NOW)], settings].concat());
    let now: jiff::Timestamp = NOW.parse().unwrap();
    let runs: Vec<Json> = (1..=days)
        .map(|ago| {
            let at = now - jiff::SignedDuration::from_hours(24 * ago);
            let cost = if matches!((ago - 1) % 7, 5 | 6) { "0.4" } else { "1" };
            with(
                &run(&format!("c{}", ago % 2), &format!("r{ago}")),
                &json!({"createdAt": at, "costUSD": cost}),
            )
        })
        .collect();
    if !runs.is_empty() {
        assert!(studio.post(&json!(runs)).await.status().is_success());
    }
    studio
}

async fn forecast(studio: &Studio, path: &str) -> Json {
    studio.json(path).await["forecast"].clone()
}

#[tokio::test]
async fn a_weekly_pattern_goes_on() {
    let studio = filled(70, &[("STUDIO_COST_BUDGET", "20")]).await;
    let told = forecast(&studio, HISTORY).await;
    let point = |at: usize| told["points"][at].clone();
    assert_eq!(told["points"].as_array().unwrap().len(), 10);
    let amounts = |value: &str| json!({"value": value, "low": value, "high": value});
    let day = |from: &str, to: &str, value: &str| with(&amounts(value), &json!({"from": from, "to": to}));
    assert_eq!(point(0), day("2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z", "0.40000"));
    assert_eq!(point(9), day("2026-11-30T00:00:00Z", "2026-12-01T00:00:00Z", "1.00000"));
    // 17 dollars in 20 days; 11 of 24 hours of a Saturday that has no run yet; 7.20 in nine days.
    assert_eq!(told["monthEnd"], amounts("24.38333"));
    assert_eq!(told["budget"], json!({"amount": "20.00000", "crossed": "2026-11-25"}));
    assert_eq!(told["score"], json!({"error": "0.00", "naive": "0.00", "forecasts": 28}));
    assert!(told["method"].as_str().unwrap().contains("smoothing"));

    let of_campaign = forecast(&studio, &format!("{HISTORY}&campaign=c1")).await;
    assert!(of_campaign["budget"].is_null() && of_campaign["points"].is_array(), "{of_campaign}");
}

#[tokio::test]
async fn forecasts_are_for_days_that_end_now() {
    let studio = filled(20, &[]).await;
    for (query, piece) in [
        ("range=live", "by the hour"),
        ("from=2026-11-01&to=2026-11-15", "does not end now"),
        ("range=30d&campaign=none", "there are 0 whole days"),
    ] {
        let told = forecast(&studio, &format!("/api/metrics/history?{query}")).await;
        assert!(told["none"].as_str().is_some_and(|why| why.contains(piece)), "{query}: {told}");
    }
    let told = forecast(&studio, "/api/metrics/history?from=2026-11-01&to=2026-12-01").await;
    assert!(told["points"].is_array() && told["budget"].is_null(), "{told}");
}

#[tokio::test]
async fn few_days_have_no_forecast() {
    let studio = filled(13, &[]).await;
    let told = forecast(&studio, HISTORY).await;
    assert_eq!(told, json!({"none": "there are 13 whole days since the first run, and a forecast needs 14"}));
    until("a caption that says so", async || {
        let page = studio.get("/?range=30d").await.text().await.unwrap();
        page.contains("No forecast yet: there are 13 whole days since the first run").then_some(())
    })
    .await;
}

#[tokio::test]
async fn changed_days_change_the_forecast() {
    let studio = filled(40, &[]).await;
    let before = forecast(&studio, HISTORY).await;
    let yesterday = json!({"createdAt": "2026-11-20T08:00:00Z", "costUSD": "0.5"});
    studio.stored(&with(&run("late", "r"), &yesterday)).await;
    until("another forecast", async || {
        let after = forecast(&studio, HISTORY).await;
        (after["monthEnd"] != before["monthEnd"] && after["score"]["error"] != "0.00").then_some(())
    })
    .await;
}

#[tokio::test]
async fn captions_tell_the_months_end() {
    let studio = filled(70, &[("STUDIO_COST_BUDGET", "20.50")]).await;
    let said = "November will end near $24.38; the budget of $20.50 will be crossed on \
                25 November. Forecasts made until now were off by 0\u{a0}%, the naive guess (the same weekday a week \
                before) by 0\u{a0}%.";
    until("the forecast in the caption", async || {
        studio.get("/?range=60d").await.text().await.unwrap().contains(said).then_some(())
    })
    .await;
    let other = studio.get("/?range=60d&tile=tokens").await.text().await.unwrap();
    assert!(!other.contains("will end near"), "a forecast of cost beside another figure");
}
