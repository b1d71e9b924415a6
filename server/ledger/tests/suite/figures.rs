//! History: the figures of a window are those of a plain recount.

use std::collections::HashSet;

use model::{
    breakdown::{Breakdown, Dimension, Part, PartShapes},
    calendar::{Compare, Span, Window, Zone, window},
    figures::{Added, Figures},
    history::RunFilter,
    range::Range,
    record::{Record, campaign_run::Run},
    time::{HOUR, Timestamp},
};
use proptest::{prelude::*, sample::Index};

use crate::subject::kind;
use crate::support::{Studio, T, TestStore, at, run_at};

const NOW: &str = "2026-11-21T12:00:00Z";

/// What a person would do: look at every run and add up those that count.
fn recount(runs: &[Record], span: Span, filter: &RunFilter) -> Figures {
    let counts = |run: Run<'_>| {
        run.created_at() >= span.from
            && run.created_at() < span.to
            && filter.campaign.as_deref().is_none_or(|campaign| campaign == run.campaign_id())
            && filter.phase.as_deref().is_none_or(|phase| phase == run.phase())
    };
    let mut sums = Added::default();
    let mut campaigns = HashSet::new();
    for run in runs.iter().filter_map(Run::of).filter(|run| counts(*run)) {
        campaigns.insert(run.campaign_id().to_owned());
        sums.add(&Added {
            runs: 1,
            agents: run.agents_total(),
            successful: run.agents_successful(),
            assets: run.assets(),
            tokens_in: run.tokens_in(),
            tokens_out: run.tokens_out(),
            cost_e5: run.cost_e5(),
            latencies: run.latency_p95_ms().and_then(|ms| u32::try_from(ms).ok()).into_iter().collect(),
            latency_avg_sum: run.latency_avg_ms().unwrap_or(0),
            latency_avg_runs: i64::from(run.latency_avg_ms().is_some()),
        });
    }
    Figures { sums: sums.sums(), campaigns: i64::try_from(campaigns.len()).unwrap() }
}

type RunShape = (i64, u8, u8, u32, Option<u32>, u32);

fn record((hours, campaign, phase, cost, latency, tokens): &RunShape, number: usize) -> Record {
    let time = at(NOW).plus(-hours * HOUR / 3);
    let latency =
        latency.map_or(String::new(), |ms| format!(r#","latencyP95Ms":{ms},"latencyAvgMs":{}"#, ms / 2));
    let more =
        format!(r#","costUSD":"{}.{:05}","tokensIn":{tokens}{latency}"#, cost / 100_000, cost % 100_000);
    run_at(&format!("c{campaign}"), &format!("r{number}"), &phase.to_string(), time, &more)
}

pub fn the_figures_are_those_of_a_plain_recount(store: TestStore) {
    let sketches = prop::collection::vec(
        (-3_i64..600, 0_u8..4, 0_u8..3, 0_u32..9_000_000, prop::option::of(0_u32..90_000), 0_u32..2_000_000),
        0..80,
    );
    let withdrawn = prop::collection::vec(any::<Index>(), 0..8);
    let corrected = prop::collection::vec((any::<Index>(), 0_u32..1000), 0..8);
    let config = ProptestConfig { cases: store.cases(12), ..ProptestConfig::default() };
    proptest!(config, |(sketches in sketches, withdrawn in withdrawn, corrected in corrected)| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(recounted(store, &sketches, &withdrawn, &corrected));
    });
}

async fn recounted(store: TestStore, sketches: &[RunShape], withdrawn: &[Index], corrected: &[(Index, u32)]) {
    let studio = Studio::open(store).await;
    let mut runs: Vec<Option<Record>> =
        sketches.iter().enumerate().map(|(number, sketch)| Some(record(sketch, number))).collect();
    let ids: Vec<_> = studio.store(runs.iter().flatten().cloned().collect()).await;
    for (at, tokens) in corrected.iter().filter(|_| !ids.is_empty()) {
        let at = at.index(runs.len());
        let mut sketch = sketches[at];
        sketch.5 = *tokens;
        let record = record(&sketch, at);
        studio.ledger.correct(T, ids[at].id, record.clone(), None).await.unwrap();
        runs[at] = Some(record);
    }
    for at in withdrawn.iter().filter(|_| !ids.is_empty()) {
        let at = at.index(runs.len());
        studio.ledger.withdraw(T, kind(), ids[at].id, None).await.unwrap();
        runs[at] = None;
    }
    let runs: Vec<Record> = runs.into_iter().flatten().collect();
    for range in [Range::Live, Range::Days30] {
        for filter in filters() {
            check(&studio, &runs, range, &filter).await;
        }
    }
    studio.ledger.close().await;
}

fn filters() -> Vec<RunFilter> {
    let some = |text: &str| Some(text.to_owned());
    vec![
        RunFilter::default(),
        RunFilter { campaign: some("c1"), phase: None },
        RunFilter { campaign: None, phase: some("2") },
        RunFilter { campaign: some("c0"), phase: some("1") },
        RunFilter { campaign: some("nobody's"), phase: None },
    ]
}

async fn check(studio: &Studio, runs: &[Record], range: Range, filter: &RunFilter) {
    let zone = Zone::of_name("America/St_Johns").unwrap();
    let window = window(range, &zone, Timestamp::parse(NOW).unwrap(), Compare::Previous);
    let (history, by) =
        studio.ledger.history_by(T, &window, filter, &Dimension::ALL, PartShapes::Told).await.unwrap();
    assert_eq!(history.figures, recount(runs, window.span, filter));
    assert_eq!(history.previous, recount(runs, window.previous, filter));
    for (bucket, sums) in window.buckets.iter().zip(&history.buckets) {
        assert_eq!(*sums, recount(runs, bucket.span, filter).sums);
    }
    let week = Span { from: window.buckets[0].span.from, to: window.buckets[5].span.to };
    assert_eq!(history.running[5], recount(runs, week, filter).sums, "six hours or days together");
    assert_eq!(history.previous_buckets.len(), window.previous_buckets.len());
    for breakdown in by {
        check_parts(runs, &window, filter, &breakdown);
    }
}

fn check_parts(runs: &[Record], window: &Window, filter: &RunFilter, breakdown: &Breakdown) {
    let stretches = |of: &Span| recount(runs, *of, filter).sums.runs;
    let all = |of: fn(&Part) -> i64| breakdown.parts.iter().map(of).sum::<i64>();
    assert_eq!(all(|part| part.now.runs), stretches(&window.span), "{:?}", breakdown.dimension);
    assert_eq!(all(|part| part.before.runs), stretches(&window.previous), "{:?}", breakdown.dimension);
    for part in &breakdown.parts {
        let key = Some(part.key.clone());
        let one = match breakdown.dimension {
            Dimension::Campaign => RunFilter { campaign: key, ..filter.clone() },
            Dimension::Phase => RunFilter { phase: key, ..filter.clone() },
        };
        assert_eq!(part.now, recount(runs, window.span, &one).sums, "{} now", part.key);
        assert_eq!(part.before, recount(runs, window.previous, &one).sums, "{} before", part.key);
        let (grain, first, end) = breakdown.shapes;
        for (number, sums) in &part.shape {
            assert!((first..end).contains(number));
            let cell = Span { from: grain.start(*number), to: grain.start(number + 1) };
            assert_eq!(*sums, recount(runs, cell, &one).sums, "{} in cell {number}", part.key);
        }
    }
}
