//! The five figures, the buckets and the runs as JSON: the shapes that other programs hold on to. Money and decimals
//! are texts of fixed scale, and what is not known is null.

use model::{
    calendar::{Bucket, Span},
    decimal::{self, MONEY_SCALE, PERCENT_SCALE},
    figures::{Figures, Sums, Tile},
    history::History,
};
use serde_json::{Map, Value as Json, json};

/// What the percentiles stay within.
const LATENCY_BOUND: f64 = 0.01;
pub const ASSETS_SCALE: u8 = 2;

pub fn figures(now: &Figures, before: &Figures) -> Json {
    let (sums, past) = (&now.sums, &before.sums);
    json!({
        "cost": {
            "value": money(now.cost_per_campaign_e5()),
            "previous": money(before.cost_per_campaign_e5()),
            "rows": sums.runs,
            "total": money(Some(sums.cost_e5)),
            "campaigns": now.campaigns,
        },
        "latency": {
            "value": sums.latency_p95_ms,
            "previous": past.latency_p95_ms,
            "rows": sums.latency_runs,
            "average": sums.latency_avg_ms(),
            "bound": LATENCY_BOUND,
        },
        "success": {
            "value": percent(sums.success_bp()),
            "previous": percent(past.success_bp()),
            "successful": sums.successful,
            "agents": sums.agents,
        },
        "assets": {
            "value": fixed(sums.assets_per_run_e2(), ASSETS_SCALE),
            "previous": fixed(past.assets_per_run_e2(), ASSETS_SCALE),
            "assets": sums.assets,
            "runs": sums.runs,
        },
        "tokens": {
            "in": counted(sums, sums.tokens_in),
            "out": counted(sums, sums.tokens_out),
            "previousIn": counted(past, past.tokens_in),
            "previousOut": counted(past, past.tokens_out),
        },
    })
}

/// One figure of a stretch, by itself.
pub fn told(tile: Tile, figures: &Figures) -> Json {
    let sums = &figures.sums;
    match tile {
        Tile::Cost => money(figures.cost_per_campaign_e5()),
        Tile::Latency => sums.latency_p95_ms.into(),
        Tile::Success => percent(sums.success_bp()),
        Tile::Assets => fixed(sums.assets_per_run_e2(), ASSETS_SCALE),
        Tile::Tokens => json!({"in": counted(sums, sums.tokens_in), "out": counted(sums, sums.tokens_out)}),
    }
}

/// A window's buckets and those of the stretch before it.
pub fn buckets(history: &History) -> (Json, Json) {
    let all = |buckets: &[Bucket], sums: &[Sums]| -> Json {
        buckets.iter().zip(sums).map(|(bucket, sums)| self::bucket(*bucket, sums)).collect()
    };
    let window = &history.window;
    (all(&window.buckets, &history.buckets), all(&window.previous_buckets, &history.previous_buckets))
}

/// A number in a figure's smallest unit, as it is written everywhere.
pub fn of_tile(tile: Tile, value: Option<i64>) -> Json {
    match tile {
        Tile::Cost => money(value),
        Tile::Success => percent(value),
        Tile::Assets => fixed(value, ASSETS_SCALE),
        Tile::Latency | Tile::Tokens => value.map_or(Json::Null, Json::from),
    }
}

/// The members of a bucket, in the order in which people read them.
pub const BUCKET_MEMBERS: [&str; 13] = [
    "from",
    "to",
    "partial",
    "runs",
    "cost",
    "latencyP50Ms",
    "latencyP95Ms",
    "latencyP99Ms",
    "latencyAvgMs",
    "success",
    "assets",
    "tokensIn",
    "tokensOut",
];

/// One bucket. Without a run it is a gap: every measure is null.
pub fn bucket(bucket: Bucket, sums: &Sums) -> Json {
    json!({
        "from": bucket.span.from.to_string(),
        "to": bucket.span.to.to_string(),
        "partial": bucket.partial,
        "runs": sums.runs,
        "cost": money((sums.runs > 0).then_some(sums.cost_e5)),
        "latencyP50Ms": sums.latency_p50_ms,
        "latencyP95Ms": sums.latency_p95_ms,
        "latencyP99Ms": sums.latency_p99_ms,
        "latencyAvgMs": sums.latency_avg_ms(),
        "success": percent(sums.success_bp()),
        "assets": counted(sums, sums.assets),
        "tokensIn": counted(sums, sums.tokens_in),
        "tokensOut": counted(sums, sums.tokens_out),
    })
}

pub fn span(span: Span) -> Map<String, Json> {
    [("from", span.from), ("to", span.to)]
        .map(|(name, at)| (name.to_owned(), Json::from(at.to_string())))
        .into_iter()
        .collect()
}

pub fn money(value: Option<i64>) -> Json {
    fixed(value, MONEY_SCALE)
}

pub fn percent(value: Option<i64>) -> Json {
    fixed(value, PERCENT_SCALE)
}

pub fn fixed(value: Option<i64>, scale: u8) -> Json {
    value.map_or(Json::Null, |value| Json::from(decimal::format(value, scale)))
}

/// A sum over no runs is not 0, it is unknown.
fn counted(sums: &Sums, sum: i64) -> Json {
    if sums.runs > 0 { Json::from(sum) } else { Json::Null }
}
