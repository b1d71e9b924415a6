//! The five tiles: value, change against the stretch before, shape, denominator.

use model::{
    decimal::{self, MONEY_SCALE, PERCENT_SCALE},
    figures::{Figures, Tile},
};

use super::{
    change::change,
    explanation,
    period::Period,
    series,
    spark::{self, spark},
    words::{self, NBSP, counted, figure},
};
use crate::{
    blocks,
    panel::{DeltaView, FigureView, TileView},
    studio::Facts,
};

pub(super) fn tiles(facts: &Facts) -> Vec<TileView> {
    let stretch = Period::of(&facts.history.window);
    Tile::ALL.into_iter().map(|tile| view(tile, facts, &stretch)).collect()
}

/// What a tile is called.
pub(super) const fn label(tile: Tile) -> &'static str {
    match tile {
        Tile::Cost => "Cost / campaign",
        Tile::Latency => "P95 latency",
        Tile::Success => "Success rate",
        Tile::Assets => "Assets / run",
        Tile::Tokens => "Tokens in / out",
    }
}

fn view(tile: Tile, facts: &Facts, stretch: &Period<'_>) -> TileView {
    let history = &facts.history;
    let figures = figures(tile, &history.figures);
    // What the running bucket has so far would read as a fall.
    let is_running = history.window.buckets.last().is_some_and(|bucket| bucket.partial);
    let whole = history.buckets.len().saturating_sub(usize::from(is_running));
    let over = stretch.mean_over();
    let buckets = &history.buckets[..whole];
    let means = || series::running_mean(tile, &history.running[..whole], buckets, over).split_off(over - 1);
    // Of few runs there are no means.
    let means = (whole > spark::PLAIN_MAX).then(means).filter(|means| means.iter().any(Option::is_some));
    let values = means.unwrap_or_else(|| buckets.iter().map(|sums| series::value(tile, sums)).collect());
    TileView {
        key: tile.key().to_owned(),
        label: label(tile).to_owned(),
        absence: if figures.is_empty() { absence(tile, &history.figures, stretch) } else { String::new() },
        delta: (!figures.is_empty()).then(|| delta(tile, &history.figures, &history.previous)).flatten(),
        spark: spark(&values),
        note: if figures.is_empty() { String::new() } else { note(tile, &history.figures) },
        explanation: blocks::html(blocks::explanation(&explanation::explanation(
            tile,
            &history.figures,
            stretch,
        ))),
        figures,
    }
}

fn figures(tile: Tile, figures: &Figures) -> Vec<FigureView> {
    let sums = &figures.sums;
    if sums.runs == 0 {
        return Vec::new();
    }
    let one = match tile {
        Tile::Cost => figures
            .cost_per_campaign_e5()
            .map(|e5| figure(decimal::format(e5, MONEY_SCALE), words::money(e5), "")),
        Tile::Latency => sums.latency_p95_ms.map(|ms| {
            let (shown, unit) = words::duration(ms);
            figure(ms.to_string(), shown, unit)
        }),
        Tile::Success => {
            sums.success_bp().map(|bp| figure(decimal::format(bp, PERCENT_SCALE), words::percent(bp), "%"))
        }
        Tile::Assets => sums
            .assets_per_run_e2()
            .map(|e2| figure(decimal::format(e2, 2), decimal::format(words::rounded(e2, 10), 1), "")),
        Tile::Tokens => return [sums.tokens_in, sums.tokens_out].map(tokens).to_vec(),
    };
    one.into_iter().collect()
}

fn tokens(number: i64) -> FigureView {
    let (shown, unit) = words::compact(number);
    figure(number.to_string(), shown, unit)
}

fn absence(tile: Tile, figures: &Figures, stretch: &Period<'_>) -> String {
    let stretch = stretch.this();
    match tile {
        _ if figures.sums.runs == 0 => format!("No runs in {stretch}"),
        Tile::Latency => format!("No run in {stretch} came with a latency"),
        Tile::Success => format!("No agents in {stretch}"),
        Tile::Cost | Tile::Assets | Tile::Tokens => format!("Nothing to count in {stretch}"),
    }
}

fn note(tile: Tile, figures: &Figures) -> String {
    let sums = &figures.sums;
    match tile {
        Tile::Cost => {
            format!(
                "{} over {}",
                words::money(sums.cost_e5),
                counted(figures.campaigns, "campaign", "campaigns")
            )
        }
        Tile::Latency => {
            let average = sums.latency_avg_ms().map(|ms| format!(" · average {}", words::duration_text(ms)));
            format!("within 1{NBSP}%{}", average.unwrap_or_default())
        }
        Tile::Success => {
            format!("{} of {}", words::count(sums.successful), counted(sums.agents, "agent", "agents"))
        }
        Tile::Assets => {
            format!("{} in {}", words::count(sums.assets), counted(sums.runs, "run", "runs"))
        }
        Tile::Tokens => {
            let a_run =
                |sum| words::count(decimal::divide(i128::from(sum), i128::from(sums.runs), 0).unwrap_or(0));
            format!("{} in, {} out a run", a_run(sums.tokens_in), a_run(sums.tokens_out))
        }
    }
}

/// The change against the stretch before; none where there is nothing to compare with.
fn delta(tile: Tile, now: &Figures, before: &Figures) -> Option<DeltaView> {
    Some(change(tile, now.value(tile)?, before.value(tile)?)?.in_words())
}
