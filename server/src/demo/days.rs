//! What kind of day it is in the story: how busy, which model answers, and what goes wrong.
//!
//! Everything is counted from the story's first day, on which a person opened the folder; it begins 200 days earlier.

use jiff::{
    ToSpan as _,
    civil::{Date, Weekday},
};

/// How long the story has been going on when a person first sees it: 90 days, the 90 to compare with, and some more.
pub const DAYS_BEFORE: i64 = 200;
/// On this day a model was changed for one that is cheaper and quicker.
const MODEL_CHANGE: i64 = -60;
/// The Tuesday nearest to this day is the bad one: the model was rolled back to its predecessor.
const BAD_TUESDAY: i64 = -38;
/// On the weekend nearest to this day hardly anybody worked.
const QUIET_SATURDAY: i64 = -24;

/// Dollars a million tokens, in and out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prices {
    pub tokens_in: f64,
    pub tokens_out: f64,
}

/// One day's weather.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Day {
    /// Runs in each hour of the day, in UTC.
    pub runs_by_hour: [u32; 24],
    pub prices: Prices,
    /// How many tokens a run takes, compared with a usual one.
    pub size: f64,
    /// Median of the runs' P95 latency.
    pub latency_ms: f64,
    /// How likely it is that an agent succeeds.
    pub success: f64,
}

/// The story's calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    first: Date,
    bad_tuesday: Date,
    quiet_saturday: Date,
}

impl Calendar {
    /// `first` is the day on which the story is first seen.
    #[must_use]
    pub fn of(first: Date) -> Self {
        Self {
            first,
            bad_tuesday: nearest(day(first, BAD_TUESDAY), Weekday::Tuesday),
            quiet_saturday: nearest(day(first, QUIET_SATURDAY), Weekday::Saturday),
        }
    }

    /// The day on which the story begins.
    #[must_use]
    pub fn begin(&self) -> Date {
        day(self.first, -DAYS_BEFORE)
    }

    /// Days from the day on which the story is first seen; negative before it.
    #[must_use]
    pub fn offset(&self, date: Date) -> i64 {
        date.since((jiff::Unit::Day, self.first)).map_or(0, |span| i64::from(span.get_days()))
    }

    #[must_use]
    pub fn date(&self, offset: i64) -> Date {
        day(self.first, offset)
    }

    #[must_use]
    pub fn day(&self, date: Date) -> Day {
        let at = self.offset(date);
        let bad = date == self.bad_tuesday;
        let new_model = at >= MODEL_CHANGE && !bad;
        // Everybody learns: prompts get shorter and caches fuller, quickly at first and then more slowly.
        let learning = 0.80 + 0.40 * (-as_f64(at + DAYS_BEFORE) / 110.0).exp();
        let weekend = is_weekend(date);
        Day {
            runs_by_hour: if self.is_quiet(date) { [2; 24] } else { hours(weekend) },
            prices: match (bad, new_model) {
                (true, _) => Prices { tokens_in: 1.90, tokens_out: 7.60 },
                (_, true) => Prices { tokens_in: 0.74, tokens_out: 2.88 },
                (_, false) => Prices { tokens_in: 1.04, tokens_out: 4.05 },
            },
            size: learning * if weekend { 0.72 } else { 1.06 },
            latency_ms: 26_000.0
                * learning
                * if bad {
                    1.95
                } else if new_model {
                    1.0
                } else {
                    1.16
                },
            success: if bad {
                0.83
            } else if new_model {
                0.978
            } else {
                0.970
            },
        }
    }

    fn is_quiet(&self, date: Date) -> bool {
        date == self.quiet_saturday || date == day(self.quiet_saturday, 1)
    }

    #[cfg(test)]
    pub fn bad_tuesday(&self) -> Date {
        self.bad_tuesday
    }

    #[cfg(test)]
    pub fn quiet_saturday(&self) -> Date {
        self.quiet_saturday
    }
}

/// Busy by day, calmer at night and on weekends, but never so calm that nothing happens for long: a person may be
/// watching at any hour.
fn hours(weekend: bool) -> [u32; 24] {
    let mut hours = [12; 24];
    for (hour, runs) in hours.iter_mut().enumerate() {
        let working = (7..18).contains(&hour);
        *runs = match (weekend, working) {
            (false, true) if hour == 12 => 17,
            (false, true) => 21,
            (false, false) => 12,
            (true, true) => 13,
            (true, false) => 10,
        };
    }
    hours
}

pub fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn nearest(date: Date, weekday: Weekday) -> Date {
    (-3..=3).map(|days| day(date, days)).find(|near| near.weekday() == weekday).unwrap_or(date)
}

fn day(date: Date, days: i64) -> Date {
    date.saturating_add(days.days())
}

/// Day numbers are small; nothing is lost.
pub fn as_f64(number: i64) -> f64 {
    f64::from(i32::try_from(number).unwrap_or(i32::MAX))
}
