//! The figures of each campaign, or of each phase, as a table: the picked figure, its share, its change and its shape.

use std::cmp::Reverse;

use model::{
    breakdown::{Breakdown, Dimension, MOST_PARTS, Part},
    decimal,
    figures::{Sums, Tile},
    why::{coarser, shares_of},
};

use super::{
    change::change,
    period::Period,
    series,
    spark::{PLAIN_MAX, spark},
    why::{column, href_of, key_of, name_of, text_in, unit},
    words,
};
use crate::{
    address::{PartOrder, ViewQuery},
    panel::{DeltaView, Spark},
    studio::Facts,
};

/// Parts that have a row of their own.
const ROWS: usize = 8;

/// The card of the parts.
pub(crate) struct BreakdownView {
    pub title: String,
    pub sentence: String,
    pub name_column: &'static str,
    pub figure_column: &'static str,
    pub share_column: &'static str,
    pub shape_column: String,
    /// Where all campaigns are, over the same stretch.
    pub campaigns_href: String,
    pub rows: Vec<PartRow>,
    pub whole: Option<PartRow>,
    pub note: String,
}

/// One campaign or phase, the others, or all.
#[derive(Default)]
pub(crate) struct PartRow {
    /// Tells it apart from the others, as an address writes it.
    pub key: String,
    pub name: String,
    pub href: Option<String>,
    pub figure: String,
    /// In tenths of a percent.
    pub share: Option<i64>,
    /// The same of the fullest row's.
    pub bar: Option<i64>,
    pub runs: String,
    pub change: Option<DeltaView>,
    pub shape: Spark,
}

pub(super) fn view(facts: &Facts) -> BreakdownView {
    let (tile, breakdown) = (facts.ask.tile, &facts.breakdown);
    let stretch = Period::of(&facts.history.window);
    let shares =
        shares_of(&breakdown.parts.iter().map(|part| weight(tile, &part.now)).collect::<Vec<_>>(), 1_000);
    let share = |at: usize| shares.as_ref().and_then(|shares| shares.get(at)).copied();
    let ShownParts { shown, others, gone } = ShownParts::of(facts);
    let mut rows: Vec<PartRow> =
        shown.iter().map(|at| PartRow { share: share(*at), ..row(facts, *at) }).collect();
    if !others.is_empty() || !gone.is_empty() {
        rows.push(others_row(facts, (&others, &gone), &share));
    }
    if tile == Tile::Cost {
        add_up(facts, &shown, &mut rows);
    }
    let fullest = rows.iter().filter_map(|row| row.share).max().unwrap_or(0);
    rows.iter_mut().for_each(|row| row.bar = row.share.map(|share| share * 10_000 / fullest.max(1)));
    let has_new = rows.iter().any(|row| row.change.as_ref().is_some_and(|change| change.words == NEW));
    BreakdownView {
        title: format!("By {}", column(breakdown.dimension).to_lowercase()),
        sentence: sentence(facts, &shown, share),
        name_column: column(breakdown.dimension),
        figure_column: figure_column(tile),
        share_column: share_column(tile),
        campaigns_href: campaigns_href(facts),
        shape_column: if rows.iter().any(|row| !row.shape.line.is_empty()) {
            stretch.short()
        } else {
            String::new()
        },
        whole: (rows.len() > 1).then(|| whole(facts, shares.is_some())),
        note: if breakdown.others > 0 && facts.ask.sort != PartOrder::Figure {
            format!("Sorted among the {MOST_PARTS} dearest")
        } else if has_new {
            format!("New: no run in the {}", stretch.before())
        } else {
            String::new()
        },
        rows,
    }
}

/// Costs in one unit, rounded so that they add up to that of all.
fn add_up(facts: &Facts, shown: &[usize], rows: &mut [PartRow]) {
    let all = facts.history.figures.sums.cost_e5;
    let mut costs: Vec<i64> = shown.iter().map(|at| facts.breakdown.parts[*at].now.cost_e5).collect();
    if rows.len() > costs.len() {
        costs.push(all - costs.iter().sum::<i64>());
    }
    let unit = unit(Tile::Cost, all);
    let told = coarser(&costs, unit, words::rounded(all, unit));
    for (row, cost) in rows.iter_mut().zip(told).filter(|(row, _)| row.figure != "–") {
        row.figure = text_in(Tile::Cost, cost, unit);
    }
}

fn campaigns_href(facts: &Facts) -> String {
    let ViewQuery { range, days, .. } = &facts.ask;
    match days {
        None if range.days().is_some() => format!("/campaigns?range={}", range.key()),
        _ => "/campaigns".to_owned(),
    }
}

const NEW: &str = "new";

/// What a share is of: it adds up, whatever the figure is.
fn weight(tile: Tile, sums: &Sums) -> i64 {
    match tile {
        Tile::Cost => sums.cost_e5,
        Tile::Latency => sums.runs,
        Tile::Success => sums.agents,
        Tile::Assets => sums.assets,
        Tile::Tokens => sums.tokens_in + sums.tokens_out,
    }
}

const fn figure_column(tile: Tile) -> &'static str {
    match tile {
        Tile::Cost => "Cost",
        Tile::Latency => "P95",
        Tile::Success => "Success",
        Tile::Assets => "Assets / run",
        Tile::Tokens => "Tokens",
    }
}

const fn share_column(tile: Tile) -> &'static str {
    match tile {
        Tile::Cost | Tile::Tokens => "Share",
        Tile::Latency => "Of all runs",
        Tile::Success => "Of all agents",
        Tile::Assets => "Of all assets",
    }
}

/// The places of the parts: those that are shown, in their order, the others, and those that have no run any more.
struct ShownParts {
    shown: Vec<usize>,
    others: Vec<usize>,
    gone: Vec<usize>,
}

impl ShownParts {
    fn of(facts: &Facts) -> Self {
        let (told, merged) = facts.breakdown.told();
        let (mut shown, gone): (Vec<usize>, Vec<usize>) =
            (0..told.len()).partition(|at| told[*at].now.runs > 0);
        sort(facts, &mut shown);
        let mut others = if shown.len() > ROWS + 1 { shown.split_off(ROWS) } else { Vec::new() };
        others.extend(merged.map(|_| told.len()));
        Self { shown, others, gone }
    }
}

fn sort(facts: &Facts, places: &mut [usize]) {
    let (breakdown, tile) = (&facts.breakdown, facts.ask.tile);
    let parts = &breakdown.parts;
    let figure = |at: &usize| series::value(tile, &parts[*at].now);
    let name = |at: &usize| name_of(breakdown, *at).to_lowercase();
    let moved = |at: &usize| moved(tile, &parts[*at]);
    match facts.ask.sort {
        PartOrder::Figure => places.sort_by_key(|at| Reverse(figure(at))),
        PartOrder::FigureReversed => places.sort_by_key(|at| (figure(at).is_none(), figure(at))),
        PartOrder::Name => places.sort_by_cached_key(name),
        PartOrder::NameReversed => places.sort_by_cached_key(|at| Reverse(name(at))),
        PartOrder::Runs => places.sort_by_key(|at| Reverse(parts[*at].now.runs)),
        PartOrder::RunsReversed => places.sort_by_key(|at| parts[*at].now.runs),
        PartOrder::Change => places.sort_by_key(|at| Reverse(moved(at))),
        PartOrder::ChangeReversed => places.sort_by_key(|at| (moved(at).is_none(), moved(at))),
    }
}

fn moved(tile: Tile, part: &Part) -> Option<i64> {
    Some(change(tile, series::value(tile, &part.now)?, series::value(tile, &part.before)?)?.by)
}

fn row(facts: &Facts, at: usize) -> PartRow {
    let breakdown = &facts.breakdown;
    let Some(part) = breakdown.parts.get(at) else { return PartRow::default() };
    PartRow {
        key: key_of(breakdown, at),
        name: name_of(breakdown, at),
        href: href_of(facts, at),
        shape: shape(facts.ask.tile, breakdown, part),
        ..counted(facts, &part.now, &part.before)
    }
}

/// What stands right of a name.
fn counted(facts: &Facts, now: &Sums, before: &Sums) -> PartRow {
    let tile = facts.ask.tile;
    let value = series::value(tile, now);
    let told = value
        .zip(series::value(tile, before))
        .and_then(|(now, before)| change(tile, now, before))
        .map(|change| change.in_short());
    let is_new = now.runs > 0 && before.runs == 0 && facts.history.previous.sums.runs > 0;
    let new = DeltaView { words: NEW.to_owned(), ..DeltaView::default() };
    PartRow {
        figure: series::value_text(tile, now),
        runs: words::count(now.runs),
        change: if is_new { Some(new) } else { told },
        ..PartRow::default()
    }
}

/// Those that have no run any more count with what they had before, so that the rows add up to the whole.
fn others_row(
    facts: &Facts,
    (others, gone): (&[usize], &[usize]),
    share: &impl Fn(usize) -> Option<i64>,
) -> PartRow {
    let breakdown = &facts.breakdown;
    let parts = || others.iter().chain(gone).filter_map(|at| breakdown.parts.get(*at));
    let sum = |of: fn(&Part) -> &Sums| parts().fold(Sums::default(), |sum, part| sum.plus(of(part)));
    let merged = usize::from(breakdown.others > 0);
    let running = usize::try_from(breakdown.others_running[0]).unwrap_or_default();
    let count = others.len().saturating_sub(merged) + running;
    let name = match (count, gone.len() + breakdown.others.saturating_sub(running)) {
        (0, gone) => format!("{gone} without a run now"),
        (1, 0) => "1 other".to_owned(),
        (count, 0) => format!("{count} others"),
        (count, gone) => format!("{count} {}, {gone} gone", if count == 1 { "other" } else { "others" }),
    };
    PartRow {
        name,
        share: if others.is_empty() { None } else { others.iter().map(|at| share(*at)).sum() },
        ..counted(facts, &sum(|part| &part.now), &sum(|part| &part.before))
    }
}

/// How many have a run now.
fn running(breakdown: &Breakdown) -> i64 {
    let told = breakdown.told().0.iter().filter(|part| part.now.runs > 0).count();
    i64::try_from(told).unwrap_or(i64::MAX).saturating_add(breakdown.others_running[0])
}

fn whole(facts: &Facts, has_shares: bool) -> PartRow {
    let (history, breakdown) = (&facts.history, &facts.breakdown);
    PartRow {
        name: match running(breakdown) {
            1 => "Total".to_owned(),
            running => format!("All {}", words::count(running)),
        },
        share: has_shares.then_some(1_000),
        ..counted(facts, &history.figures.sums, &history.previous.sums)
    }
}

/// The last whole hours or days; of many, means of seven.
fn shape(tile: Tile, breakdown: &Breakdown, part: &Part) -> Spark {
    if part.shape.is_empty() {
        return Spark::default();
    }
    let (_, first, end) = breakdown.shapes;
    let count = usize::try_from(end - first).unwrap_or(0);
    let mut values: Vec<Option<i64>> = vec![None; count];
    for (number, sums) in &part.shape {
        if let Some(place) = usize::try_from(number - first).ok().and_then(|at| values.get_mut(at)) {
            *place = series::value(tile, sums);
        }
    }
    if count <= PLAIN_MAX {
        return spark(&values);
    }
    let mean = |seven: &[Option<i64>]| {
        let known: Vec<i64> = seven.iter().flatten().copied().collect();
        let count = i64::try_from(known.len()).unwrap_or(1);
        (!known.is_empty()).then(|| words::rounded(known.iter().sum(), count))
    };
    spark(&values.windows(7).map(mean).collect::<Vec<_>>())
}

/// "Eight of 30 campaigns are 82 % of the cost."
fn sentence(facts: &Facts, shown: &[usize], share: impl Fn(usize) -> Option<i64>) -> String {
    let breakdown = &facts.breakdown;
    let all = running(breakdown);
    let (one, many, what) = match breakdown.dimension {
        Dimension::Campaign => ("campaign", "campaigns", what(facts.ask.tile)),
        Dimension::Phase => ("phase", "phases", what(facts.ask.tile)),
    };
    let shown_count = i64::try_from(shown.len()).unwrap_or(i64::MAX);
    if all == 0 {
        return format!("No run in {}.", Period::of(&facts.history.window).this());
    }
    let sum: Option<i64> = shown.iter().map(|at| share(*at)).sum();
    match sum {
        Some(sum) if shown_count < all => {
            let shown = words::count(shown_count);
            format!(
                "{shown} of {} are {}\u{a0}% of {what}.",
                words::counted(all, one, many),
                decimal::format(sum, 1)
            )
        }
        _ => format!("{}.", words::counted(all, one, many)),
    }
}

const fn what(tile: Tile) -> &'static str {
    match tile {
        Tile::Cost => "the cost",
        Tile::Latency => "the runs",
        Tile::Success => "the agents",
        Tile::Assets => "the assets",
        Tile::Tokens => "the tokens",
    }
}
