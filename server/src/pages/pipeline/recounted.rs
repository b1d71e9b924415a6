//! The last recount, in words.

use std::{sync::Arc, time::Duration};

use app::{
    pages::{RecountLine, RecountSummary, RecountVerdict, RecountView},
    panel::Tone,
    presenter::sentence,
};
use model::{
    calendar::{Bucket, BucketSize, Window, Zone},
    figures::Tile,
};

use super::known;
use crate::recounts::{RecountReport, shown};

const LABELS: [(Tile, &str); 5] = [
    (Tile::Cost, "Cost per campaign"),
    (Tile::Latency, "P95 latency in ms"),
    (Tile::Success, "Success in percent"),
    (Tile::Assets, "Assets per run"),
    (Tile::Tokens, "Tokens in / out"),
];

/// How many buckets are named.
const NAMED: usize = 3;

pub(super) fn recounted((report, is_running): (Option<Arc<RecountReport>>, bool)) -> RecountView {
    RecountView { last: report.map(|report| summary(&report)), is_running }
}

fn summary(report: &RecountReport) -> RecountSummary {
    let recount = &report.recounted.recount;
    let window = &recount.window;
    let span =
        format!("{} to {}, {}", known::moment(window.span.from), known::moment(window.span.to), window.zone);
    let told = report.remote.as_ref().ok().map(|remote| &remote.figures);
    let line = |(tile, label): (Tile, &'static str)| RecountLine {
        label,
        rollups: recount.rollups.as_ref().map(|figures| shown(tile, figures)),
        rows: shown(tile, &recount.rows),
        dataverse: told.filter(|_| tile != Tile::Latency).map(|figures| shown(tile, figures)),
        differs: differs(report, tile, window),
    };
    let rollups = recount.rollups.as_ref().map(|_| took(report.recounted.rollups_took));
    RecountSummary {
        at: report.at,
        span,
        verdict: report.verdict(),
        lines: LABELS.into_iter().map(line).collect(),
        took: [
            rollups,
            Some(took(report.recounted.rows_took)),
            report.remote.as_ref().ok().map(|remote| took(remote.took)),
        ],
        note: report.note().map(|note| sentence(&note)),
    }
}

/// Where the figure differs, if it does.
fn differs(report: &RecountReport, tile: Tile, window: &Window) -> Option<(String, Tone)> {
    let buckets = report.buckets(tile);
    let named: Vec<String> = buckets.iter().take(NAMED).map(|bucket| name(bucket, window)).collect();
    let more = buckets.len().saturating_sub(NAMED);
    let more = (more > 0).then(|| format!(" and {more} more"));
    let here = (!named.is_empty()).then(|| format!("{}{}", named.join(", "), more.unwrap_or_default()));
    let there = report.is_other_there(tile).then(|| "in Dataverse".to_owned());
    let places: Vec<String> = here.into_iter().chain(there).collect();
    if report.verdict() == RecountVerdict::NotThereYet {
        return places.first().map(|_| ("not there yet".to_owned(), Tone::Neutral));
    }
    (!places.is_empty()).then(|| (format!("differs: {}", places.join("; ")), Tone::Bad))
}

fn name(bucket: &Bucket, window: &Window) -> String {
    let zone = Zone::of_name(&window.zone).unwrap_or_else(Zone::utc);
    zone.format(bucket.span.from, if window.size == BucketSize::Day { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M" })
}

fn took(time: Duration) -> String {
    let micros = time.as_micros();
    if micros < 10_000 {
        format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100)
    } else {
        format!("{} ms", micros / 1_000)
    }
}
