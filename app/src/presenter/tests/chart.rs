//! What is drawn of a figure, and what the sentence over it says.

use model::{
    calendar::Span,
    forecast::{Estimate, Forecast, ForecastDay, ForecastScore},
};

use super::*;

#[test]
fn the_only_runs_are_called_so() {
    let mut facts = facts(&Sums::default(), &Sums::default());
    facts.history.buckets[0] = day(1, 880_000, 97);
    facts.history.figures.sums = day(1, 880_000, 97);
    let chart = panel(&facts).chart;
    let told = chart.caption.replace('\u{a0}', " ");
    assert!(
        told.starts_with(&format!("The only runs came on {}: $8.80, in 1 run.", chart_first_day())),
        "{told}"
    );
    assert_eq!(chart.mean, "", "one day has no mean");
}

#[test]
fn bands_do_not_flatten_what_happened() {
    let mut facts = facts(&day(10, 880_000, 97), &day(10, 1_000_000, 97));
    let value = Estimate { value: 900_000, low: 0, high: 90_000_000 };
    let span = Span { from: facts.now, to: facts.now.plus(86_400_000) };
    facts.forecast = Ok(Forecast {
        method: "as it is done",
        days: vec![ForecastDay { span, cost: value }],
        month: "2026-11-30".parse().unwrap(),
        month_end: value,
        budget: None,
        score: ForecastScore { error_bp: 612, naive_bp: 1_099, forecasts: 28 },
    });
    let heights = panel(&facts).chart.heights;
    assert!(heights.contains("$20") && !heights.contains("$30"), "{heights}");
}

#[test]
fn the_current_bucket_is_drawn_apart() {
    let mut facts = facts(&day(10, 880_000, 97), &day(10, 1_000_000, 97));
    assert_eq!(panel(&facts).chart.caption.replace('\u{a0}', " "), "Steady at about $8.80 a day.");
    facts.history.buckets[0].cost_e5 += 100_000;
    let chart = panel(&facts).chart;
    assert_eq!(chart.columns.matches('M').count(), 30);
    assert_eq!(chart.partial.matches('M').count(), 1);
    assert_eq!(chart.points.len(), 31);
    assert_eq!(
        chart.caption.replace('\u{a0}', " "),
        "Steady at about $8.80 a day. Highest on Thursday 22 October: $9.80, in 10 runs."
            .replace("Thursday 22 October", &chart_first_day())
    );
}

#[test]
fn rates_and_percentiles_are_lines() {
    let mut facts = facts(&day(10, 880_000, 97), &day(10, 1_000_000, 96));
    facts.ask.tile = Tile::Latency;
    let latency = panel(&facts).chart;
    assert_eq!((latency.columns.as_str(), latency.thin.matches('M').count()), ("", 2));
    let places = |name: &str| latency.ends.find(name).unwrap();
    assert!(
        ["P99", "P95", "30 days before", "P50"].is_sorted_by_key(|name| places(name)),
        "{}",
        latency.ends
    );
    assert!(latency.points[3].value.contains("P99 52.0"), "{}", latency.points[3].value);
    facts.ask.tile = Tile::Success;
    let success = panel(&facts).chart;
    assert!(
        success.caption.replace('\u{a0}', " ").ends_with("The axis begins at 95.0 %."),
        "{}",
        success.caption
    );
    assert!(success.heights.contains(">95\u{a0}%<"), "{}", success.heights);
    // From the last whole day on, to what today has so far.
    assert_eq!((success.partial.matches('M').count(), success.partial.matches('L').count()), (1, 1));
}

fn chart_first_day() -> String {
    Zone::utc().format(Timestamp::parse("2026-10-22T00:00:00Z").unwrap(), "%A %-d %B")
}
