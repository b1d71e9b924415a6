//! A table divided by time into stretches that are read one after another.

use std::iter;

/// How many stretches there are at most. Where the table has no index by time, each is a walk through all of it.
const STRETCHES: usize = 64;
/// Rows of a stretch at least.
const STRETCH: i64 = 5_000;

/// From a time on, before another; the last one bears what has no time as well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TimeSlice {
    from: Option<String>,
    before: Option<String>,
}

impl TimeSlice {
    /// Its bounds, as parameters in their order.
    pub(super) fn bounds(&self) -> impl Iterator<Item = &String> {
        [&self.from, &self.before].into_iter().flatten()
    }

    /// Of a column and its sort.
    pub(super) fn condition(&self, time: &str, sort: &str) -> String {
        match (&self.from, &self.before) {
            (None, None) => String::new(),
            (None, Some(_)) => format!(" WHERE {time} < $1::{sort}"),
            (Some(_), Some(_)) => format!(" WHERE {time} >= $1::{sort} AND {time} < $2::{sort}"),
            (Some(_), None) => format!(" WHERE ({time} >= $1::{sort} OR {time} IS NULL)"),
        }
    }
}

/// Asks for the bounds between as many stretches of equally many rows as there are at most.
pub(super) fn bounds(time: &str) -> String {
    format!(
        "percentile_disc(ARRAY(SELECT n / {STRETCHES}.0 FROM generate_series(1, {STRETCHES} - 1) AS n)::float8[]) \
         WITHIN GROUP (ORDER BY {time})"
    )
}

/// The stretches of `CHUNK` rows, in order, by what was answered to `bounds`. Rows of one time are never divided.
pub(super) fn divided(count: i64, mut bounds: Vec<String>) -> Vec<TimeSlice> {
    let wanted = usize::try_from(count / STRETCH).unwrap_or(STRETCHES).clamp(1, STRETCHES);
    let step = STRETCHES.div_ceil(wanted);
    bounds = bounds.into_iter().skip(step - 1).step_by(step).collect();
    bounds.dedup();
    let from = iter::once(None).chain(bounds.iter().cloned().map(Some));
    let before = bounds.iter().cloned().map(Some).chain(iter::once(None));
    from.zip(before).map(|(from, before)| TimeSlice { from, before }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(stretches: &[TimeSlice]) -> Vec<(Option<&str>, Option<&str>)> {
        stretches.iter().map(|stretch| (stretch.from.as_deref(), stretch.before.as_deref())).collect()
    }

    #[test]
    fn slices_leave_no_gap() {
        let all: Vec<String> = (1..STRETCHES).map(|n| format!("{n:02}")).collect();
        assert_eq!(ends(&divided(9_999, all.clone())), [(None, None)]);
        assert_eq!(ends(&divided(1_000_000, Vec::new())), [(None, None)], "nothing has a time");
        let four = divided(20_000, all.clone());
        assert_eq!(
            ends(&four),
            [(None, Some("16")), (Some("16"), Some("32")), (Some("32"), Some("48")), (Some("48"), None)]
        );
        assert_eq!(divided(i64::MAX, all).len(), STRETCHES);
        let same = vec!["1".to_owned(); STRETCHES - 1];
        assert_eq!(ends(&divided(1_000_000, same)), [(None, Some("1")), (Some("1"), None)]);
    }
}
