//! The small line in a tile: the shape of the range, its last point marked.

use std::fmt::Write as _;

use crate::panel::Spark;

/// Of more values than this the means of seven are drawn.
pub(super) const PLAIN_MAX: usize = 40;
const WIDTH: usize = 100;
const HEIGHT: i64 = 30;
/// Room for the line's own width at the edges.
const MARGIN: i64 = 1;

/// Draws what there is; a gap breaks the line.
pub(super) fn spark(values: &[Option<i64>]) -> Spark {
    let known: Vec<i64> = values.iter().flatten().copied().collect();
    let Some(scale) = SparkScale::of(&known) else { return Spark::default() };
    let place = |at: usize, value: i64| Point { x: x(at, values.len()), y: scale.y(value) };
    let mut spark = Spark::default();
    let mut stroke: Vec<Point> = Vec::new();
    for (at, value) in values.iter().enumerate() {
        match value {
            Some(value) => stroke.push(place(at, *value)),
            None => draw(&mut spark, &std::mem::take(&mut stroke)),
        }
    }
    draw(&mut spark, &stroke);
    if let Some((at, value)) = values.iter().enumerate().rev().find_map(|(at, value)| Some((at, (*value)?))) {
        let last = place(at, value);
        spark.last = format!("M{} {}h0", last.x, last.y);
    }
    spark
}

struct Point {
    x: String,
    y: i64,
}

fn x(at: usize, of: usize) -> String {
    if of < 2 {
        return "50".to_owned();
    }
    let tenths = at * WIDTH * 10 / (of - 1);
    if tenths.is_multiple_of(10) {
        format!("{}", tenths / 10)
    } else {
        format!("{}.{}", tenths / 10, tenths % 10)
    }
}

/// From the lowest value to the highest, and a tenth of their mean at least: what hardly moves looks so.
struct SparkScale {
    low: i64,
    span: i64,
}

impl SparkScale {
    fn of(known: &[i64]) -> Option<Self> {
        let (low, high) = (*known.iter().min()?, *known.iter().max()?);
        let sum: i128 = known.iter().map(|value| i128::from(*value)).sum();
        let count = i128::try_from(known.len()).ok()?;
        let least = i64::try_from(sum / count / 10).ok()?.abs();
        let span = (high - low).max(least);
        Some(Self { low: low - (span - (high - low)) / 2, span })
    }

    fn y(&self, value: i64) -> i64 {
        if self.span == 0 {
            return HEIGHT / 2 + MARGIN;
        }
        let up = i128::from(value - self.low) * i128::from(HEIGHT) / i128::from(self.span);
        MARGIN + HEIGHT - i64::try_from(up).unwrap_or(HEIGHT)
    }
}

fn draw(spark: &mut Spark, stroke: &[Point]) {
    let (Some(first), Some(last)) = (stroke.first(), stroke.last()) else { return };
    // Writing to a String cannot fail.
    for (at, point) in stroke.iter().enumerate() {
        _ = write!(spark.line, "{}{} {}", if at == 0 { "M" } else { "L" }, point.x, point.y);
    }
    _ = write!(spark.area, "M{} 32", first.x);
    for point in stroke {
        _ = write!(spark.area, "L{} {}", point.x, point.y);
    }
    _ = write!(spark.area, "L{} 32z", last.x);
    if stroke.len() == 1 {
        spark.line.push_str("h0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_breaks_the_line() {
        let spark = spark(&[Some(0), Some(10), None, Some(5)]);
        assert_eq!(spark.line, "M0 31L33.3 1M100 16h0");
        assert_eq!(spark.last, "M100 16h0");
    }

    #[test]
    fn what_hardly_moves_looks_so() {
        let spark = super::spark(&[Some(1_000), Some(1_010)]);
        assert_eq!(spark.line, "M0 18L100 15");
        assert_eq!(super::spark(&[Some(0), Some(0)]).line, "M0 16L100 16");
    }

    #[test]
    fn nothing_known_draws_nothing() {
        assert_eq!(super::spark(&[None, None]), Spark::default());
        assert_eq!(super::spark(&[]), Spark::default());
    }
}
