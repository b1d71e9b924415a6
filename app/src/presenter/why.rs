//! What the picked figure's change is made of: a bridge from before to now.

use model::{
    breakdown::{Breakdown, Dimension},
    decimal,
    figures::Tile,
    why::{self, MINIMUM_RUNS, Unexplained, Why},
};

use super::{
    change::{change, tone},
    period::Period,
    words::{self, NBSP},
};
use crate::{
    address::{self, PartOrder, ViewQuery},
    panel::Tone,
    studio::Facts,
};

/// Parts that have a row of their own.
const ROWS: usize = 8;

/// The card beside the breakdown.
pub(crate) struct WhyView {
    pub title: String,
    pub sentence: String,
    /// Why there is no bridge.
    pub none: Option<String>,
    pub column: String,
    pub before: Pillar,
    pub rows: Vec<BridgeRow>,
    pub now: Pillar,
    pub method: String,
}

/// Where a bridge begins or ends, in hundredths of a percent of its width.
#[derive(Default)]
pub(crate) struct Pillar {
    pub name: String,
    pub value: String,
    pub at: i64,
}

/// One part of a change.
pub(crate) struct BridgeRow {
    /// Tells it apart from the others, as an address writes it.
    pub key: String,
    pub name: String,
    pub href: Option<String>,
    pub part: String,
    /// Of a rate: how much comes of it, and how much of its weight.
    pub detail: Option<String>,
    pub tone: Tone,
    /// Where its bar begins and how long it is, in hundredths of a percent.
    pub bar: (i64, i64),
}

pub(super) fn view(facts: &Facts) -> WhyView {
    let (tile, breakdown) = (facts.ask.tile, &facts.breakdown);
    let stretch = Period::of(&facts.history.window);
    let mut view = WhyView {
        title: "Why it moved".to_owned(),
        sentence: String::new(),
        none: None,
        column: column(breakdown.dimension).to_owned(),
        before: Pillar::default(),
        rows: Vec::new(),
        now: Pillar::default(),
        method: method(tile, breakdown, facts),
    };
    match of_facts(tile, facts) {
        Ok(why) => fill(&mut view, &why, facts, &stretch),
        Err(Unexplained::TooFew) => {
            view.none =
                Some(format!("With fewer than {MINIMUM_RUNS} runs now or before, nothing is claimed."));
        }
        Err(Unexplained::NoChange) if !stretch.is_compared() => {
            view.none = Some("Nothing is compared with. Choose a stretch beside the range.".to_owned());
        }
        Err(Unexplained::NoChange) if facts.history.figures.value(tile).is_none() => {
            view.none = Some(format!("There is nothing to explain in {}.", stretch.this()));
        }
        Err(Unexplained::NoChange) => {
            view.none = Some(format!("There is nothing to compare with in the {}.", stretch.before()));
        }
    }
    view
}

pub(super) fn of_facts(tile: Tile, facts: &Facts) -> Result<Why, Unexplained> {
    why::why(tile, &facts.breakdown, &facts.history.figures, &facts.history.previous)
}

/// "Retail, north is 80 % of that." Only where one part is most of it.
pub(super) fn because(tile: Tile, facts: &Facts) -> Option<String> {
    let why = of_facts(tile, facts).ok()?;
    let (name, share) = leading(&why, &facts.breakdown)?;
    Some(format!("{name} is {share} of that."))
}

/// The part that is most of the change, and how much of it. What has one part alone is not told of by it.
fn leading(why: &Why, breakdown: &Breakdown) -> Option<(String, String)> {
    let share = largest_share(why, breakdown)?;
    let share_text = if share > 100 { "more than all".to_owned() } else { format!("{share}{NBSP}%") };
    (share >= 50).then(|| (name_of(breakdown, why.parts[0].at), share_text))
}

/// Percent of the change that its largest part is; below 0 where that goes the other way.
fn largest_share(why: &Why, breakdown: &Breakdown) -> Option<i64> {
    let first = why.parts.first().filter(|_| breakdown.parts.len() > 1)?;
    decimal::divide(i128::from(first.part) * 100, i128::from(why.change), 0)
}

/// What people call a part; with its id where several are called the same.
pub(super) fn name_of(breakdown: &Breakdown, at: usize) -> String {
    let Some(part) = breakdown.parts.get(at) else { return String::new() };
    let is_alone = |name: &String| {
        let namesakes = breakdown.parts.iter().filter(|other| other.name.as_ref() == Some(name));
        namesakes.count() == 1
    };
    match (breakdown.told().1, breakdown.dimension, &part.name) {
        (Some(others), ..) if std::ptr::eq(others, part) => format!("{} others", breakdown.others),
        (_, Dimension::Campaign, Some(name)) if is_alone(name) => name.clone(),
        (_, Dimension::Campaign, Some(name)) => format!("{name} ({})", part.key),
        (_, Dimension::Campaign, None) => part.key.clone(),
        (_, Dimension::Phase, _) if part.key.to_lowercase().starts_with("phase") => part.key.clone(),
        (_, Dimension::Phase, _) => format!("Phase {}", part.key),
    }
}

/// What tells a part apart from the others, as an address writes it.
pub(super) fn key_of(breakdown: &Breakdown, at: usize) -> String {
    breakdown.parts.get(at).map_or_else(String::new, |part| address::part_of_path(&part.key))
}

/// Where a part is told of by itself.
pub(super) fn href_of(facts: &Facts, at: usize) -> Option<String> {
    let breakdown = &facts.breakdown;
    let (told, _) = breakdown.told();
    let part = told.get(at)?;
    match breakdown.dimension {
        Dimension::Campaign => Some(campaign_href(&facts.ask, &part.key)),
        Dimension::Phase => None,
    }
}

/// A campaign's own page, over the same days.
pub(super) fn campaign_href(ask: &ViewQuery, id: &str) -> String {
    let (campaign, by, sort) = (Some(id.to_owned()), Dimension::Phase, PartOrder::default());
    ViewQuery { campaign, is_own: true, by, sort, ..ask.clone() }.href()
}

pub(super) const fn column(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Campaign => "Campaign",
        Dimension::Phase => "Phase",
    }
}

fn fill(view: &mut WhyView, why: &Why, facts: &Facts, stretch: &Period<'_>) {
    let (tile, history) = (facts.ask.tile, &facts.history);
    let (Some(now), Some(before)) = (history.figures.value(tile), history.previous.value(tile)) else {
        return;
    };
    let unit = unit(tile, now.max(before));
    let text = |value: i64| text_in(tile, value, unit);
    let (now, before) = (words::rounded(now, unit), words::rounded(before, unit));
    let (shown, others) = why.parts.split_at(ROWS.min(why.parts.len()));
    let (shown, others) = if others.len() == 1 { (&why.parts[..], &[][..]) } else { (shown, others) };
    let mut parts: Vec<i64> = shown.iter().map(|part| part.part).collect();
    if !others.is_empty() {
        parts.push(others.iter().map(|part| part.part).sum());
    }
    let parts = why::coarser(&parts, unit, now - before);
    let scale = BridgeScale::of(before, &parts);
    let mut end = before;
    for (at, part) in parts.iter().enumerate() {
        let (from, to) = (scale.at(end.min(end + part)), scale.at(end.max(end + part)));
        let one = shown.get(at);
        view.rows.push(BridgeRow {
            key: one.map_or_else(String::new, |one| key_of(&facts.breakdown, one.at)),
            name: one.map_or_else(|| others_name(others, facts), |one| name_of(&facts.breakdown, one.at)),
            href: one.and_then(|one| href_of(facts, one.at)),
            part: signed(*part, text(part.abs())),
            detail: one.and_then(|one| one.rate_and_mix).map(|both| detail(tile, both)),
            tone: tone(tile, *part),
            bar: (from, (to - from).max(20)),
        });
        end += part;
    }
    view.before =
        Pillar { name: words::sentence_start(&stretch.before()), value: text(before), at: scale.at(before) };
    view.now = Pillar { name: "Now".to_owned(), value: text(now), at: scale.at(now) };
    let (title, verb) = match why.change {
        0 => ("Why it stayed", ""),
        ..0 => ("Why it fell", "fall"),
        _ => ("Why it rose", "rise"),
    };
    title.clone_into(&mut view.title);
    view.sentence = leading(why, &facts.breakdown).map_or_else(
        || no_leader(why, facts),
        |(name, share)| {
            let without =
                history.figures.value(tile).zip(history.previous.value(tile)).and_then(|(now, before)| {
                    let rest = change(tile, now - why.parts.first()?.part, before)?.in_words().words;
                    Some(format!("; without it, {}", rest.trim_end_matches(" than before")))
                });
            format!("{name} is {share} of the {verb}{}.", without.unwrap_or_default())
        },
    );
}

/// What is said where no part is half of the change.
fn no_leader(why: &Why, facts: &Facts) -> String {
    match (largest_share(why, &facts.breakdown), why.parts.first()) {
        (Some(_), Some(first)) => {
            format!("No part is half of it; the largest is {}.", name_of(&facts.breakdown, first.at))
        }
        _ => String::new(),
    }
}

fn others_name(others: &[why::ChangePart], facts: &Facts) -> String {
    let breakdown = &facts.breakdown;
    let merged =
        others.iter().filter(|part| breakdown.others > 0 && part.at + 1 == breakdown.parts.len()).count();
    let count = others.len() - merged + if merged > 0 { breakdown.others } else { 0 };
    words::counted(i64::try_from(count).unwrap_or(i64::MAX), "other", "others")
}

/// In what its parts are told, so that what stands on the page adds up.
pub(super) fn unit(tile: Tile, largest: i64) -> i64 {
    match (tile, largest) {
        (Tile::Cost, 99_995..) => 1_000,
        (Tile::Cost, _) | (Tile::Latency, 1_000..9_995) => 10,
        (Tile::Latency, 9_995..) => 100,
        (Tile::Latency | Tile::Success | Tile::Assets | Tile::Tokens, _) => 1,
    }
}

/// A value in units of it.
pub(super) fn text_in(tile: Tile, value: i64, unit: i64) -> String {
    match (tile, unit) {
        (Tile::Cost, 1_000) => format!("${}.{:02}", words::count(value / 100), value % 100),
        (Tile::Cost, _) => format!("${}", decimal::format(value, 4)),
        (Tile::Latency, 1) => format!("{}{NBSP}ms", words::count(value)),
        (Tile::Latency, 10) => format!("{}{NBSP}s", decimal::format(value, 2)),
        (Tile::Latency, _) => format!("{}{NBSP}s", decimal::format(value, 1)),
        (Tile::Success, _) => format!("{}{NBSP}%", decimal::format(value, 2)),
        (Tile::Assets, _) => decimal::format(value, 2),
        (Tile::Tokens, _) => words::count(value),
    }
}

fn signed(part: i64, amount: String) -> String {
    match part {
        0 => amount,
        ..0 => format!("−{amount}"),
        _ => format!("+{amount}"),
    }
}

fn detail(tile: Tile, [rate, mix]: [i64; 2]) -> String {
    let of = |value: i64| signed(value, text_in(tile, value.abs(), 1));
    format!("{} by its own rate, {} by its weight", of(rate), of(mix))
}

fn method(tile: Tile, breakdown: &Breakdown, facts: &Facts) -> String {
    let noun = match breakdown.dimension {
        Dimension::Campaign => "campaign",
        Dimension::Phase => "phase",
    };
    let how = match (tile, facts.history.figures.campaigns) {
        (Tile::Cost, ..=1) => format!("A part is the {noun}'s cost, now less before."),
        (Tile::Cost, _) => {
            format!("A part is the {noun}'s cost over the campaigns of its stretch, now less before.")
        }
        (Tile::Tokens, _) => format!("A part is the {noun}'s tokens, now less before."),
        (Tile::Latency, _) => format!(
            "A part is the {noun}'s share in how many more runs take longer than half way between both figures."
        ),
        (Tile::Success, _) => {
            format!("A part is what the {noun}'s own rate did, and what its share of the agents did.")
        }
        (Tile::Assets, _) => {
            format!("A part is what the {noun}'s own rate did, and what its share of the runs did.")
        }
    };
    format!("{how} The parts add up exactly.")
}

/// From the lowest to the highest point of a bridge.
struct BridgeScale {
    low: i64,
    span: i64,
}

impl BridgeScale {
    fn of(before: i64, parts: &[i64]) -> Self {
        let mut end = before;
        let (mut low, mut high) = (before, before);
        for part in parts {
            end += part;
            low = low.min(end);
            high = high.max(end);
        }
        Self { low, span: (high - low).max(1) }
    }

    fn at(&self, value: i64) -> i64 {
        let share = i128::from(value - self.low) * 10_000 / i128::from(self.span);
        i64::try_from(share).unwrap_or(0)
    }
}
