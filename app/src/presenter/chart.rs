//! The chart of the picked tile: columns and their running mean, or lines; and the stretch before; each as one path.

use std::fmt::Write as _;

use model::{
    decimal,
    figures::{Sums, Tile},
    forecast::ForecastDay,
};

use super::{axis::Axis, budget, caption, notes, period::Period, series, words};
use crate::{
    address, blocks,
    panel::{ChartView, PointView},
    studio::Facts,
};

/// A word beside the drawing, in hundredths of a percent of the drawing's width or height.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub at: u16,
    pub text: String,
    /// Left out where there is little room.
    pub minor: bool,
}

/// A band may make the scale this many times as high as what is told needs; what is beyond is cut off.
const BAND_AT_MOST: i64 = 2;

const WIDTH: usize = 10_000;
const HEIGHT: i64 = 1_000;

pub(super) fn chart(facts: &Facts) -> ChartView {
    let history = &facts.history;
    let (tile, stretch) = (facts.ask.tile, Period::of(&history.window));
    let drawn = Drawn::of(facts);
    let ahead = ahead(facts);
    let told = || drawn.all().copied().chain(ahead.iter().map(|day| day.cost.value));
    let highest = told().max().unwrap_or(0);
    let band = ahead.iter().map(|day| day.cost.high.min(highest * BAND_AT_MOST));
    let highest = band.max().unwrap_or(0).max(highest);
    let budget = budget::line(facts, highest);
    let all = || told().chain([highest]).chain(budget.iter().map(|(a_day, _)| *a_day));
    let axis = match tile {
        Tile::Success => Axis::percent(all().min().unwrap_or(0)),
        _ => Axis::holding(all().max().unwrap_or(0)),
    };
    // The first of the days ahead is the one that is running.
    let grid = Grid { axis: &axis, columns: drawn.values.len() + ahead.len().saturating_sub(1) };
    let first_ahead = drawn.values.len().saturating_sub(1);
    let is_partial = |at: usize| history.window.buckets[at].partial;
    let (columns, partial) = if drawn.is_line {
        (String::new(), grid.line(&drawn.running_on))
    } else {
        (grid.columns(&drawn.values, |at| !is_partial(at)), grid.columns(&drawn.values, is_partial))
    };
    let height = |value: i64| permyriad(axis.depth(value, HEIGHT) * 10);
    let marks = notes::marks(
        &facts.notes,
        &stretch,
        |at, is_middle| {
            if is_middle { grid.middle(at) } else { grid.left(at) }
        },
    );
    ChartView {
        title: series::title(tile, stretch.unit()),
        caption: caption::caption(facts, axis.base),
        unit: stretch.unit().to_owned(),
        grid: grid.lines(),
        columns,
        partial,
        mean: grid.line(&drawn.line) + &grid.expected(ahead, first_ahead),
        band: grid.band(ahead, first_ahead),
        thin: drawn.thin.iter().map(|(_, values)| grid.line(values)).collect(),
        previous: grid.line(&drawn.before),
        ends: blocks::html(blocks::ends(&ends(&drawn, ahead, budget.clone(), &axis, &stretch))),
        heights: blocks::html(blocks::heights(&heights(tile, &axis))),
        days: blocks::html(blocks::days(&grid.days(facts, ahead, &stretch))),
        previous_name: stretch.before(),
        laid_over: blocks::html(blocks::laid_over(budget.map(|(a_day, _)| height(a_day)), &marks)),
        tools: tools(facts, &stretch),
        notes: blocks::html(blocks::notes(&notes::list(&facts.notes, &stretch), &facts.ask)),
        points: points(facts, &stretch, &grid),
    }
}

/// Today and the days to come, where it is cost that is drawn.
fn ahead(facts: &Facts) -> &[ForecastDay] {
    match &facts.forecast {
        Ok(forecast) if facts.ask.tile == Tile::Cost => &forecast.days,
        _ => &[],
    }
}

type LineValues = Vec<Option<i64>>;

/// What is drawn of a figure: of counts and sums columns with a running mean, of rates and percentiles a line.
struct Drawn {
    is_line: bool,
    values: LineValues,
    line: LineValues,
    /// From the last whole bucket of a line to the one that is still filling.
    running_on: LineValues,
    /// Thinner lines, each with its name.
    thin: Vec<(&'static str, LineValues)>,
    /// The stretch before; nothing where there is none.
    before: LineValues,
}

impl Drawn {
    fn of(facts: &Facts) -> Self {
        let (history, tile) = (&facts.history, facts.ask.tile);
        let over = history.window.size.mean_over();
        let is_line = matches!(tile, Tile::Latency | Tile::Success);
        let buckets = &history.window.buckets;
        // The bucket that is still filling would bend the end of the line.
        let full = buckets.iter().rposition(|bucket| !bucket.partial).map_or(0, |at| at + 1);
        let values: LineValues = history.buckets.iter().map(|sums| series::value(tile, sums)).collect();
        let whole = |values: &LineValues| -> LineValues {
            values.iter().enumerate().map(|(at, value)| value.filter(|_| at < full)).collect()
        };
        let of =
            |percentile: fn(&Sums) -> Option<i64>| whole(&history.buckets.iter().map(percentile).collect());
        let thin = match tile {
            Tile::Latency => {
                vec![("P99", of(|sums| sums.latency_p99_ms)), ("P50", of(|sums| sums.latency_p50_ms))]
            }
            _ => Vec::new(),
        };
        let running = &history.running[..full.min(history.running.len())];
        let mean = series::running_mean(tile, running, &history.buckets, over);
        let has_before = history.previous.sums.runs > 0;
        let before = series::running_mean(tile, &history.previous_running, &history.previous_buckets, over);
        Self {
            line: match is_line {
                true => whole(&values),
                false if mean.len() > over => mean,
                false => Vec::new(),
            },
            running_on: values
                .iter()
                .enumerate()
                .map(|(at, value)| value.filter(|_| is_line && full > 0 && at + 1 >= full))
                .collect(),
            is_line,
            thin,
            before: if has_before { before } else { Vec::new() },
            values,
        }
    }

    fn all(&self) -> impl Iterator<Item = &i64> {
        let thin = self.thin.iter().flat_map(|(_, values)| values);
        self.values.iter().chain(&self.line).chain(&self.before).chain(thin).flatten()
    }
}

/// How far apart names at the right end are, in hundredths of a percent of the height.
const APART: u16 = 600;

/// What the lines are called, at their ends; moved apart where they would lie on each other.
fn ends(
    drawn: &Drawn,
    ahead: &[ForecastDay],
    budget: Option<(i64, String)>,
    axis: &Axis,
    stretch: &Period<'_>,
) -> Vec<Mark> {
    let end = |name: String, values: &LineValues| {
        let last = values.iter().rev().find_map(|value| *value)?;
        Some(Mark { at: permyriad(axis.depth(last, HEIGHT) * 10), text: name, minor: false })
    };
    let mut ends: Vec<Mark> =
        drawn.thin.iter().filter_map(|(name, values)| end((*name).to_owned(), values)).collect();
    ends.extend(end("P95".to_owned(), &drawn.line).filter(|_| !drawn.thin.is_empty()));
    ends.extend(end(stretch.before_in_short(), &drawn.before));
    ends.extend(end("Forecast".to_owned(), &ahead.iter().map(|day| Some(day.cost.value)).collect()));
    ends.extend(budget.and_then(|(a_day, name)| end(name, &vec![Some(a_day)])));
    ends.sort_by_key(|mark| mark.at);
    for at in 1..ends.len() {
        ends[at].at = ends[at].at.max(ends[at - 1].at.saturating_add(APART));
    }
    let mut lowest = 10_000;
    for mark in ends.iter_mut().rev() {
        mark.at = mark.at.min(lowest);
        lowest = mark.at.saturating_sub(APART);
    }
    ends
}

fn heights(tile: Tile, axis: &Axis) -> Vec<Mark> {
    let mark = |line: &i64| Mark {
        at: permyriad(axis.depth(*line, HEIGHT) * 10),
        text: height_text(tile, *line),
        minor: false,
    };
    axis.lines.iter().map(mark).collect()
}

fn tools(facts: &Facts, stretch: &Period<'_>) -> String {
    let day = stretch.last_day(facts.now);
    blocks::html(blocks::tools(
        &facts.ask,
        export(facts, stretch),
        (day, stretch.by_day()),
        &budget::form(facts.budget),
    ))
}

/// Exactly these buckets, as the interface for programs gives them.
fn export(facts: &Facts, stretch: &Period<'_>) -> String {
    let window = &facts.history.window;
    let mut pairs = match window.range {
        Some(range) => vec![("range", range.key().to_owned())],
        None => {
            let [from, to] = stretch.days_without_the_last();
            vec![("from", from), ("to", to)]
        }
    };
    let asked = facts.ask.campaign.clone();
    pairs.extend(facts.campaign.clone().map(|(id, _)| id).or(asked).map(|id| ("campaign", id)));
    pairs.push(("compare", window.compare.key().to_owned()));
    pairs.push(("tz", window.zone.clone()));
    format!("/api/metrics/export.csv?{}", address::query_of(&pairs))
}

/// On the axis a 0 needs no decimals.
fn height_text(tile: Tile, line: i64) -> String {
    match tile {
        Tile::Cost if line % 100_000 == 0 => format!("${}", words::count(line / 100_000)),
        Tile::Cost if line % 1_000 == 0 => format!("${}", decimal::format(line / 1_000, 2)),
        Tile::Latency if line % 1_000 == 0 => format!("{}{}s", words::count(line / 1_000), words::NBSP),
        Tile::Success if line % 100 == 0 => format!("{}{}%", line / 100, words::NBSP),
        Tile::Success => format!("{}{}%", decimal::format(words::rounded(line, 10), 1), words::NBSP),
        Tile::Assets if line % 100 == 0 => words::count(line / 100),
        _ => series::text(tile, line),
    }
}

fn points(facts: &Facts, stretch: &Period<'_>, grid: &Grid<'_>) -> Vec<PointView> {
    let (tile, history) = (facts.ask.tile, &facts.history);
    let text = |sums: Option<&Sums>| {
        sums.and_then(|sums| series::value(tile, sums))
            .map_or_else(|| "–".to_owned(), |value| series::text(tile, value))
    };
    let percentiles = |sums: &Sums| match (tile, sums.latency_p50_ms, sums.latency_p99_ms) {
        (Tile::Latency, Some(p50), Some(p99)) => {
            let of = words::duration_text;
            format!("{} (P50 {}, P99 {})", text(Some(sums)), of(p50), of(p99))
        }
        _ => text(Some(sums)),
    };
    let buckets = history.window.buckets.iter().zip(&history.buckets).enumerate();
    buckets
        .map(|(at, (bucket, sums))| PointView {
            when: stretch.point(bucket.span.from),
            value: percentiles(sums),
            runs: words::count(sums.runs),
            previous: text(history.previous_buckets.get(at)),
            at: grid.middle(at),
            partial: bucket.partial,
        })
        .collect()
}

/// The box that everything is drawn into.
struct Grid<'a> {
    axis: &'a Axis,
    columns: usize,
}

impl Grid<'_> {
    fn lines(&self) -> String {
        let mut path = String::new();
        for line in &self.axis.lines {
            // Writing to a String cannot fail.
            _ = write!(path, "M0 {}h{WIDTH}", self.axis.depth(*line, HEIGHT));
        }
        path
    }

    fn columns(&self, values: &[Option<i64>], shown: impl Fn(usize) -> bool) -> String {
        let mut path = String::new();
        let width = self.width();
        for (at, value) in values.iter().enumerate() {
            let Some(value) = value.filter(|_| shown(at)) else { continue };
            let left = usize::from(self.middle(at)) - width / 2;
            _ = write!(path, "M{left} {HEIGHT}V{}h{width}V{HEIGHT}", self.axis.depth(value, HEIGHT));
        }
        path
    }

    fn line(&self, values: &[Option<i64>]) -> String {
        let mut path = String::new();
        let mut pen = 'M';
        for (at, value) in values.iter().enumerate() {
            match value {
                Some(value) => {
                    _ = write!(path, "{pen}{} {}", self.middle(at), self.axis.depth(*value, HEIGHT));
                    pen = 'L';
                }
                None => pen = 'M',
            }
        }
        path
    }

    /// Floating ranges of the days ahead, the first of which is at this column.
    fn band(&self, ahead: &[ForecastDay], first: usize) -> String {
        let mut path = String::new();
        let width = self.width();
        for (at, day) in ahead.iter().enumerate() {
            let left = usize::from(self.middle(first + at)).saturating_sub(width / 2);
            let (high, low) = (self.axis.depth(day.cost.high, HEIGHT), self.axis.depth(day.cost.low, HEIGHT));
            _ = write!(path, "M{left} {high}h{width}V{low}h-{width}z");
        }
        path
    }

    /// A dash at what each of them is expected to come to.
    fn expected(&self, ahead: &[ForecastDay], first: usize) -> String {
        let mut path = String::new();
        let width = self.width();
        for (at, day) in ahead.iter().enumerate() {
            let left = usize::from(self.middle(first + at)).saturating_sub(width / 2);
            _ = write!(path, "M{left} {}h{width}", self.axis.depth(day.cost.value, HEIGHT));
        }
        path
    }

    fn width(&self) -> usize {
        WIDTH * 4 / 5 / self.columns.max(1)
    }

    fn days(&self, facts: &Facts, ahead: &[ForecastDay], stretch: &Period<'_>) -> Vec<Mark> {
        let shown = facts.history.window.buckets.iter().map(|bucket| bucket.span.from);
        let days = shown.chain(ahead.iter().skip(1).map(|day| day.span.from));
        days.enumerate()
            .filter_map(|(at, from)| {
                let (text, minor) = stretch.axis_label(from, at, self.columns)?;
                Some(Mark { at: self.middle(at), text, minor })
            })
            .collect()
    }

    fn left(&self, at: usize) -> u16 {
        u16::try_from(at * WIDTH / self.columns.max(1)).unwrap_or(u16::MAX)
    }

    fn middle(&self, at: usize) -> u16 {
        u16::try_from((2 * at + 1) * WIDTH / (2 * self.columns.max(1))).unwrap_or(u16::MAX)
    }
}

fn permyriad(of_ten_thousand: i64) -> u16 {
    u16::try_from(of_ten_thousand).unwrap_or(0)
}
