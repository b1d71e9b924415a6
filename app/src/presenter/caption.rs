//! The sentence over the chart: what is to be seen in it, and nothing that the figures do not bear.

use model::figures::Tile;

use super::{change::per_mille, outlook, period::Period, series, words};
use crate::studio::Facts;

/// A drift smaller than this is called steady.
const DRIFT_PER_MILLE: i64 = 80;
/// Fewer full buckets than this bear no trend.
const TREND_BUCKETS: usize = 10;

/// `base` is where the axis begins.
pub(super) fn caption(facts: &Facts, base: i64) -> String {
    let (history, tile) = (&facts.history, facts.ask.tile);
    let stretch = Period::of(&history.window);
    if history.figures.sums.runs == 0 {
        return format!("No runs in {}.", stretch.this());
    }
    let full: Vec<usize> =
        (0..history.buckets.len()).filter(|at| !history.window.buckets[*at].partial).collect();
    let axis = (base > 0).then(|| format!("The axis begins at {}.", series::text(tile, base)));
    let sentences = [trend(tile, facts, &full, &stretch), extreme(tile, facts, &full, &stretch), axis];
    let told = sentences.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let told = if told.is_empty() { format!("The first runs of {}.", stretch.this()) } else { told };
    [Some(told), outlook::outlook(tile, facts)].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// How the last days compare with the first ones.
fn trend(tile: Tile, facts: &Facts, full: &[usize], stretch: &Period<'_>) -> Option<String> {
    if full.len() < TREND_BUCKETS {
        return None;
    }
    let (history, over) = (&facts.history, stretch.mean_over());
    let means = series::running_mean(tile, &history.running, &history.buckets, over);
    // What is not full stands at the ends, so that the full ones follow each other.
    let means: Vec<i64> = full.iter().skip(over - 1).filter_map(|at| means[*at]).collect();
    let [first, .., last] = means[..] else { return None };
    let drift = if last == first { 0 } else { per_mille(last, first)? };
    let (from, to) = (series::text(tile, first), series::text(tile, last));
    let unit = match tile {
        Tile::Cost | Tile::Tokens => {
            format!(" {} {}", if stretch.unit() == "hour" { "an" } else { "a" }, stretch.unit())
        }
        Tile::Latency | Tile::Success | Tile::Assets => String::new(),
    };
    Some(match drift {
        _ if drift.abs() < DRIFT_PER_MILLE => format!("Steady at about {to}{unit}."),
        ..0 => format!("Falling: from {from} to about {to}{unit}."),
        _ => format!("Rising: from {from} to about {to}{unit}."),
    })
}

/// The day that stands out: the highest, or for the success rate the lowest. None does where all are the same.
fn extreme(tile: Tile, facts: &Facts, full: &[usize], stretch: &Period<'_>) -> Option<String> {
    let value = |at: &usize| Some((*at, series::value(tile, &facts.history.buckets[*at])?));
    let known: Vec<(usize, i64)> = full.iter().filter_map(value).collect();
    let lowest_counts = tile == Tile::Success;
    let (at, value) = known
        .iter()
        .copied()
        .max_by_key(|(at, value)| (if lowest_counts { -value } else { *value }, std::cmp::Reverse(*at)))?;
    let word = match known.len() {
        1 => "The only runs came",
        _ if known.iter().all(|(_, other)| *other == value) => return None,
        _ if lowest_counts => "Lowest",
        _ => "Highest",
    };
    let when = stretch.point_in_words(facts.history.window.buckets[at].span.from);
    let runs = words::counted(facts.history.buckets[at].runs, "run", "runs");
    Some(format!("{word} {when}: {}, in {runs}.", series::text(tile, value)))
}
