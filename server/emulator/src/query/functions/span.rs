//! Stretches of time that lie around now, in UTC. Weeks begin on Sundays; the fiscal year is the calendar year and its
//! periods are quarters, which is how an organisation begins.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span as Step, Timestamp};

use crate::value::time;

const DAY: i64 = 86_400;

/// From one second on, up to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeSpan {
    pub(super) from: Option<i64>,
    pub(super) up_to: Option<i64>,
}

/// A unit of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Week,
    Month,
    Quarter,
    Year,
}

impl TimeSpan {
    pub(super) fn new(from: i64, up_to: i64) -> Self {
        Self { from: Some(from), up_to: Some(up_to) }
    }

    /// What a function without a number means; `None` for one of another kind.
    pub(super) fn plain(name: &str, now: i64) -> Option<Self> {
        let today = time::midnight(now);
        let days = |from: i64, up_to: i64| Self::new(today + from * DAY, today + up_to * DAY);
        let unit = |unit: Unit, ahead: i64| Self::of_unit(now, unit, ahead);
        match name {
            "Today" => Some(days(0, 1)),
            "Yesterday" => Some(days(-1, 0)),
            "Tomorrow" => Some(days(1, 2)),
            // Today is among them.
            "Last7Days" => Some(Self::new(today - 7 * DAY, now + 1)),
            "Next7Days" => Some(Self::new(now, today + 8 * DAY)),
            "LastWeek" => unit(Unit::Week, -1),
            "ThisWeek" => unit(Unit::Week, 0),
            "NextWeek" => unit(Unit::Week, 1),
            "LastMonth" => unit(Unit::Month, -1),
            "ThisMonth" => unit(Unit::Month, 0),
            "NextMonth" => unit(Unit::Month, 1),
            "LastFiscalPeriod" => unit(Unit::Quarter, -1),
            "ThisFiscalPeriod" => unit(Unit::Quarter, 0),
            "NextFiscalPeriod" => unit(Unit::Quarter, 1),
            "LastYear" | "LastFiscalYear" => unit(Unit::Year, -1),
            "ThisYear" | "ThisFiscalYear" => unit(Unit::Year, 0),
            "NextYear" | "NextFiscalYear" => unit(Unit::Year, 1),
            _ => None,
        }
    }

    /// What a function with a number means; `None` for one of another kind, or a number beyond the calendar.
    pub(super) fn counted(name: &str, now: i64, count: i64) -> Option<Self> {
        let today = time::midnight(now);
        let hour = now - now.rem_euclid(3600);
        let older = |up_to: i64| Self { from: None, up_to: Some(up_to) };
        let last = |from: i64| Self::new(from, now + 1);
        let next = |up_to: i64| Self::new(now, up_to);
        let moved = |unit: Unit, by: i64| midnight(stepped(date(today)?, unit, by)?);
        Some(match name {
            "LastXHours" => last(hour - count * 3600),
            "NextXHours" => next(hour + (count + 1) * 3600),
            "LastXDays" => last(today - count * DAY),
            "NextXDays" => next(today + (count + 1) * DAY),
            "LastXWeeks" => last(moved(Unit::Week, -count)?),
            "NextXWeeks" => next(moved(Unit::Week, count)? + DAY),
            "LastXMonths" => last(moved(Unit::Month, -count)?),
            "NextXMonths" => next(moved(Unit::Month, count)? + DAY),
            "LastXYears" => last(moved(Unit::Year, -count)?),
            "NextXYears" => next(moved(Unit::Year, count)? + DAY),
            "OlderThanXMinutes" => older(now - count * 60),
            "OlderThanXHours" => older(now - count * 3600),
            "OlderThanXDays" => older(now - count * DAY),
            "OlderThanXWeeks" => older(now - count * 7 * DAY),
            "OlderThanXMonths" => older(moved(Unit::Month, -count)? + now - today),
            "OlderThanXYears" => older(moved(Unit::Year, -count)? + now - today),
            // Whole periods before or after the one that is running.
            "LastXFiscalPeriods" => Self::of_units(now, Unit::Quarter, -count, 0)?,
            "NextXFiscalPeriods" => Self::of_units(now, Unit::Quarter, 1, count + 1)?,
            "LastXFiscalYears" => Self::of_units(now, Unit::Year, -count, 0)?,
            "NextXFiscalYears" => Self::of_units(now, Unit::Year, 1, count + 1)?,
            _ => return None,
        })
    }

    /// A fiscal year, or one of its periods; `None` for what the calendar does not have.
    pub(super) fn fiscal(year: i64, period: Option<i64>) -> Option<Self> {
        let first = Date::new(i16::try_from(year).ok()?, 1, 1).ok()?;
        let Some(period) = period else {
            return Some(Self::new(midnight(first)?, midnight(stepped(first, Unit::Year, 1)?)?));
        };
        if !(1..=4).contains(&period) {
            return None;
        }
        let from = stepped(first, Unit::Quarter, period - 1)?;
        Some(Self::new(midnight(from)?, midnight(stepped(from, Unit::Quarter, 1)?)?))
    }

    fn of_unit(now: i64, unit: Unit, ahead: i64) -> Option<Self> {
        Self::of_units(now, unit, ahead, ahead + 1)
    }

    /// From the beginning of one unit to that of another, counted from the one that is running.
    fn of_units(now: i64, unit: Unit, from: i64, up_to: i64) -> Option<Self> {
        let start = beginning(date(now)?, unit)?;
        Some(Self::new(midnight(stepped(start, unit, from)?)?, midnight(stepped(start, unit, up_to)?)?))
    }
}

fn date(second: i64) -> Option<Date> {
    Some(Timestamp::from_second(second).ok()?.to_zoned(TimeZone::UTC).date())
}

fn midnight(date: Date) -> Option<i64> {
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

fn beginning(date: Date, unit: Unit) -> Option<Date> {
    match unit {
        Unit::Week => {
            let since_sunday = date.weekday().to_sunday_zero_offset();
            date.checked_sub(Step::new().try_days(since_sunday).ok()?).ok()
        }
        Unit::Month => Some(date.first_of_month()),
        Unit::Quarter => Date::new(date.year(), (date.month() - 1) / 3 * 3 + 1, 1).ok(),
        Unit::Year => Some(date.first_of_year()),
    }
}

fn stepped(date: Date, unit: Unit, by: i64) -> Option<Date> {
    let step = match unit {
        Unit::Week => Step::new().try_weeks(by),
        Unit::Month => Step::new().try_months(by),
        Unit::Quarter => Step::new().try_months(by.checked_mul(3)?),
        Unit::Year => Step::new().try_years(by),
    };
    date.checked_add(step.ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Saturday, 21 November 2026, 16:40.
    const NOW: &str = "2026-11-21T16:40:00Z";

    fn check(span: Option<TimeSpan>, from: &str, up_to: &str) {
        let print = |second: Option<i64>| second.map(time::print).unwrap_or_default();
        let span = span.unwrap();
        assert_eq!((print(span.from).as_str(), print(span.up_to).as_str()), (from, up_to));
    }

    #[test]
    fn calendar_units_are_whole() {
        let now = time::seconds(NOW).unwrap();
        let plain = |name: &str, from: &str, up_to: &str| {
            check(TimeSpan::plain(name, now), &format!("{from}T00:00:00Z"), &format!("{up_to}T00:00:00Z"));
        };
        plain("Today", "2026-11-21", "2026-11-22");
        plain("ThisWeek", "2026-11-15", "2026-11-22");
        plain("LastWeek", "2026-11-08", "2026-11-15");
        plain("NextWeek", "2026-11-22", "2026-11-29");
        plain("LastMonth", "2026-10-01", "2026-11-01");
        plain("NextMonth", "2026-12-01", "2027-01-01");
        plain("NextYear", "2027-01-01", "2028-01-01");
        plain("ThisFiscalPeriod", "2026-10-01", "2027-01-01");
        plain("LastFiscalYear", "2025-01-01", "2026-01-01");
        assert_eq!(TimeSpan::plain("LastXDays", now), None);
    }

    #[test]
    fn counts_reach_back_and_ahead() {
        let now = time::seconds(NOW).unwrap();
        let counted = |name: &str, count: i64, from: &str, up_to: &str| {
            check(TimeSpan::counted(name, now, count), from, up_to);
        };
        counted("LastXHours", 2, "2026-11-21T14:00:00Z", "2026-11-21T16:40:01Z");
        counted("LastXMonths", 9, "2026-02-21T00:00:00Z", "2026-11-21T16:40:01Z");
        counted("NextXWeeks", 1, NOW, "2026-11-29T00:00:00Z");
        counted("NextXYears", 1, NOW, "2027-11-22T00:00:00Z");
        counted("OlderThanXMonths", 1, "", "2026-10-21T16:40:00Z");
        counted("LastXFiscalPeriods", 2, "2026-04-01T00:00:00Z", "2026-10-01T00:00:00Z");
        counted("NextXFiscalYears", 1, "2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z");
        check(TimeSpan::fiscal(2026, Some(3)), "2026-07-01T00:00:00Z", "2026-10-01T00:00:00Z");
        assert_eq!(TimeSpan::fiscal(2026, Some(5)), None);
        assert_eq!(TimeSpan::fiscal(99_999, None), None);
    }

    proptest! {
        #[test]
        fn no_number_makes_it_panic(count in 0_i64..1_000_001, at in 0_usize..20) {
            let names = [
                "LastXHours", "NextXHours", "LastXDays", "NextXDays", "LastXWeeks", "NextXWeeks", "LastXMonths",
                "NextXMonths", "LastXYears", "NextXYears", "OlderThanXMinutes", "OlderThanXHours", "OlderThanXDays",
                "OlderThanXWeeks", "OlderThanXMonths", "OlderThanXYears", "LastXFiscalPeriods", "NextXFiscalPeriods",
                "LastXFiscalYears", "NextXFiscalYears",
            ];
            let now = time::seconds(NOW).unwrap();
            if let Some(TimeSpan { from: Some(from), up_to: Some(up_to) }) = TimeSpan::counted(names[at], now, count) {
                prop_assert!(from <= up_to);
            }
            let _ = TimeSpan::fiscal(count, Some(count));
        }
    }
}
