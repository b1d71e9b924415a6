//! The chart of the picked tile: columns, running mean, the stretch before, each as one path.

use std::fmt::Write as _;

use model::{
    decimal,
    figures::{Sums, Tile},
};

use super::{axis::Axis, caption, period::Period, series, words};
use crate::{
    panel::{ChartView, Mark, PointView},
    studio::Facts,
};

const WIDTH: usize = 10_000;
const HEIGHT: i64 = 1_000;

pub(super) fn chart(facts: &Facts) -> ChartView {
    let history = &facts.history;
    let (tile, stretch) = (facts.ask.tile, Period::of(&history.window));
    let over = stretch.mean_over();
    // The bucket that is still filling would bend the end of the line.
    let full = history.window.buckets.iter().rposition(|bucket| !bucket.partial).map_or(0, |at| at + 1);
    let values: Vec<Option<i64>> = history.buckets.iter().map(|sums| series::value(tile, sums)).collect();
    let mean = series::running_mean(tile, &history.running[..full.min(history.running.len())], over);
    let before = series::running_mean(tile, &history.previous_running, over);
    let has_before = history.previous.sums.runs > 0;

    let highest = values.iter().chain(&mean).chain(&before).flatten().copied().max().unwrap_or(0);
    let axis = if tile == Tile::Success { Axis::percent() } else { Axis::holding(highest) };
    let grid = Grid { axis: &axis, columns: values.len() };
    ChartView {
        title: series::title(tile, stretch.unit()),
        caption: caption::caption(facts),
        unit: stretch.unit().to_owned(),
        grid: grid.lines(),
        columns: grid.columns(&values, |at| !history.window.buckets[at].partial),
        partial: grid.columns(&values, |at| history.window.buckets[at].partial),
        mean: if mean.len() > over { grid.line(&mean) } else { String::new() },
        previous: if has_before { grid.line(&before) } else { String::new() },
        previous_label: label_at_end(&before, &axis).filter(|_| has_before),
        heights: axis
            .lines
            .iter()
            .map(|line| Mark {
                at: permyriad(axis.depth(*line, HEIGHT) * 10),
                text: height_text(tile, *line),
                minor: false,
            })
            .collect(),
        days: grid.days(facts, &stretch),
        previous_name: stretch.before(),
        points: points(facts, &stretch, &grid),
    }
}

fn label_at_end(before: &[Option<i64>], axis: &Axis) -> Option<Mark> {
    let last = before.iter().rev().find_map(|value| *value)?;
    Some(Mark { at: permyriad(axis.depth(last, HEIGHT) * 10), text: String::new(), minor: false })
}

/// On the axis a 0 needs no decimals.
fn height_text(tile: Tile, line: i64) -> String {
    match tile {
        Tile::Cost if line % 100_000 == 0 => format!("${}", words::count(line / 100_000)),
        Tile::Cost if line % 1_000 == 0 => format!("${}", decimal::format(line / 1_000, 2)),
        Tile::Latency if line % 1_000 == 0 => format!("{}{}s", words::count(line / 1_000), words::NBSP),
        Tile::Success => format!("{}{}%", line / 100, words::NBSP),
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
    let buckets = history.window.buckets.iter().zip(&history.buckets).enumerate();
    buckets
        .map(|(at, (bucket, sums))| PointView {
            when: stretch.point(bucket.span.from),
            value: text(Some(sums)),
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
        let width = WIDTH * 4 / 5 / self.columns.max(1);
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

    fn days(&self, facts: &Facts, stretch: &Period<'_>) -> Vec<Mark> {
        let buckets = facts.history.window.buckets.iter().enumerate();
        buckets
            .filter_map(|(at, bucket)| {
                let text = stretch.axis_label(bucket.span.from)?;
                Some(Mark { at: self.middle(at), text, minor: stretch.is_minor(bucket.span.from) })
            })
            .collect()
    }

    fn middle(&self, at: usize) -> u16 {
        u16::try_from((2 * at + 1) * WIDTH / (2 * self.columns.max(1))).unwrap_or(u16::MAX)
    }
}

fn permyriad(of_ten_thousand: i64) -> u16 {
    u16::try_from(of_ten_thousand).unwrap_or(0)
}
