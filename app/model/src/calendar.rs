//! Ranges laid on a calendar: from when to when in the viewer's time zone, in which buckets, and the stretch before.

use jiff::{
    ToSpan, Unit, Zoned,
    civil::{Date, Time},
    tz::TimeZone,
};

use crate::{
    range::Range,
    time::{DAY, HOUR, Instant},
};

/// `from` inclusive, `to` exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    pub from: Instant,
    pub to: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BucketSize {
    Hour,
    Day,
}

impl BucketSize {
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

/// One column of the chart. It is partial when the window ends or begins inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    pub span: Span,
    pub partial: bool,
}

/// With which stretch a window is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compare {
    /// The same stretch just before.
    #[default]
    Previous,
    /// The stretch before, moved on to the same days of the week.
    Weekdays,
    /// The same stretch a year ago.
    Year,
}

impl Compare {
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        match key {
            "previous" => Some(Self::Previous),
            "weekdays" => Some(Self::Weekdays),
            "year" => Some(Self::Year),
            _ => None,
        }
    }
}

/// A window on the past, with its buckets and those of the stretch before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// What was asked for by name, if it was.
    pub range: Option<Range>,
    pub zone: String,
    pub size: BucketSize,
    pub span: Span,
    pub buckets: Vec<Bucket>,
    pub previous: Span,
    pub previous_buckets: Vec<Bucket>,
}

/// A time zone that the calendar knows, by its IANA name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    #[must_use]
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The moment as a clock on the wall there shows it.
    #[must_use]
    pub fn at(&self, at: Instant) -> Zoned {
        at.timestamp().to_zoned(self.0.clone())
    }

    /// The moment in words, by a pattern of `strftime`.
    #[must_use]
    pub fn format(&self, at: Instant, pattern: &str) -> String {
        self.at(at).strftime(pattern).to_string()
    }

    /// A day written as `2026-11-21` begins there at this moment.
    #[must_use]
    pub fn start_of_day(&self, date: &str) -> Option<Instant> {
        let date: Date = date.parse().ok()?;
        let zoned = date.to_zoned(self.0.clone()).ok()?;
        Some(moment(&zoned))
    }
}

/// Lays a range with a name on the calendar.
#[must_use]
pub fn window(range: Range, zone: &Zone, now: Instant, compare: Compare) -> Window {
    let from = match range.days() {
        None => now.plus(-DAY),
        Some(days) => moment(&days_back(&start_of_day(&zone.at(now)), days)),
    };
    laid_out(Some(range), zone, Span { from, to: now }, compare)
}

/// Lays any span on the calendar: by the hour up to two days, by the day above.
#[must_use]
pub fn custom_window(zone: &Zone, span: Span, compare: Compare) -> Window {
    laid_out(None, zone, span, compare)
}

fn laid_out(range: Option<Range>, zone: &Zone, span: Span, compare: Compare) -> Window {
    let size = if span.to.since(span.from) <= 2 * DAY { BucketSize::Hour } else { BucketSize::Day };
    let previous = moved_back(range, zone, span, compare);
    Window {
        range,
        zone: zone.name().to_owned(),
        size,
        span,
        buckets: buckets(zone, span, size),
        previous,
        previous_buckets: buckets(zone, previous, size),
    }
}

/// The same part of earlier days: by the clock on the wall, so that a change to summer time moves nothing.
fn moved_back(range: Option<Range>, zone: &Zone, span: Span, compare: Compare) -> Span {
    if range == Some(Range::Live) && compare == Compare::Previous {
        return Span { from: span.from.plus(-DAY), to: span.to.plus(-DAY) };
    }
    let days = calendar_days(zone, span);
    let step = match compare {
        Compare::Previous => days.days(),
        Compare::Weekdays => ((days + 6) / 7 * 7).days(),
        Compare::Year => 1.years(),
    };
    let back = |at: Instant| zone.at(at).checked_sub(step).map_or(at, |earlier| moment(&earlier));
    Span { from: back(span.from), to: back(span.to) }
}

/// How many days of the calendar a span touches; the moment it ends at is not part of it.
fn calendar_days(zone: &Zone, span: Span) -> i64 {
    let first = zone.at(span.from).date();
    let last = zone.at(span.to.plus(-1).max(span.from)).date();
    let between = last.since((Unit::Day, first)).map_or(0, |days| i64::from(days.get_days()));
    between + 1
}

fn buckets(zone: &Zone, span: Span, size: BucketSize) -> Vec<Bucket> {
    let mut buckets = Vec::new();
    let mut start = start_of(zone, span.from, size);
    while start < span.to {
        let end = end_of(zone, start, size);
        let cut = Span { from: start.max(span.from), to: end.min(span.to) };
        buckets.push(Bucket { span: cut, partial: cut.from > start || cut.to < end });
        start = end;
    }
    buckets
}

fn start_of(zone: &Zone, at: Instant, size: BucketSize) -> Instant {
    let local = zone.at(at);
    match size {
        BucketSize::Day => moment(&start_of_day(&local)),
        BucketSize::Hour => {
            let into = i64::from(local.minute()) * 60 + i64::from(local.second());
            let fine = at.micros().rem_euclid(1_000_000);
            at.plus(-(into * 1_000_000 + fine))
        }
    }
}

fn end_of(zone: &Zone, start: Instant, size: BucketSize) -> Instant {
    match size {
        BucketSize::Hour => start.plus(HOUR),
        BucketSize::Day => {
            let next = zone.at(start).date().tomorrow().unwrap_or(Date::MAX);
            next.to_zoned(zone.0.clone()).map_or(start.plus(DAY), |day| moment(&day)).max(start.plus(1))
        }
    }
}

fn start_of_day(at: &Zoned) -> Zoned {
    at.start_of_day()
        .unwrap_or_else(|_| at.with().time(Time::midnight()).build().unwrap_or_else(|_| at.clone()))
}

fn days_back(at: &Zoned, days: i64) -> Zoned {
    let date = at.date().checked_sub(days.days()).unwrap_or(Date::MIN);
    date.to_zoned(at.time_zone().clone()).unwrap_or_else(|_| at.clone())
}

fn moment(at: &Zoned) -> Instant {
    Instant::of(at.timestamp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    fn show(span: Span) -> String {
        format!("{} to {}", span.from, span.to)
    }

    #[test]
    fn thirty_days_are_whole_days_and_today_so_far() {
        let berlin = Zone::of_name("Europe/Berlin").unwrap();
        let window = window(Range::Days30, &berlin, at("2026-11-21T13:00:00Z"), Compare::Previous);
        assert_eq!(show(window.span), "2026-10-21T22:00:00Z to 2026-11-21T13:00:00Z");
        assert_eq!(window.buckets.len(), 31);
        assert!(window.buckets.iter().rev().skip(1).all(|bucket| !bucket.partial));
        assert!(window.buckets.last().unwrap().partial);
        // 31 days back by the clock on the wall: summer time then, so an hour earlier in UTC.
        assert_eq!(show(window.previous), "2026-09-20T22:00:00Z to 2026-10-21T12:00:00Z");
        assert_eq!(window.previous_buckets.len(), 31);
    }

    #[test]
    fn live_is_the_last_24_hours_by_the_hour() {
        let window = window(Range::Live, &Zone::utc(), at("2026-11-21T13:20:00Z"), Compare::Previous);
        assert_eq!(show(window.span), "2026-11-20T13:20:00Z to 2026-11-21T13:20:00Z");
        assert_eq!(show(window.previous), "2026-11-19T13:20:00Z to 2026-11-20T13:20:00Z");
        assert_eq!(window.buckets.len(), 25);
        assert_eq!(window.size, BucketSize::Hour);
    }

    #[test]
    fn a_day_of_25_hours_is_one_bucket() {
        let berlin = Zone::of_name("Europe/Berlin").unwrap();
        let span = Span {
            from: berlin.start_of_day("2026-10-24").unwrap(),
            to: berlin.start_of_day("2026-10-27").unwrap(),
        };
        let window = custom_window(&berlin, span, Compare::Previous);
        let hours: Vec<i64> = window.buckets.iter().map(|b| b.span.to.since(b.span.from) / HOUR).collect();
        assert_eq!(hours, [24, 25, 24]);
        assert!(window.buckets.iter().all(|bucket| !bucket.partial));
    }

    #[test]
    fn compare_moves_by_weeks_or_by_a_year() {
        let now = at("2026-11-21T13:00:00Z");
        let weekdays = window(Range::Days30, &Zone::utc(), now, Compare::Weekdays);
        assert_eq!(weekdays.span.from.since(weekdays.previous.from), 35 * DAY);
        let year = window(Range::Days30, &Zone::utc(), now, Compare::Year);
        assert_eq!(show(year.previous), "2025-10-22T00:00:00Z to 2025-11-21T13:00:00Z");
    }

    proptest! {
        #[test]
        fn buckets_tile_the_window(
            now in 1_000_000_000_i64..2_000_000_000, range in 0_usize..4,
            zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia"]),
        ) {
            let zone = Zone::of_name(zone).unwrap();
            let window = window(Range::ALL[range], &zone, Instant::from_micros(now * 1_000_000 + 7), Compare::Previous);
            for (span, buckets) in [(window.span, &window.buckets), (window.previous, &window.previous_buckets)] {
                prop_assert_eq!(buckets.first().unwrap().span.from, span.from);
                prop_assert_eq!(buckets.last().unwrap().span.to, span.to);
                for pair in buckets.windows(2) {
                    prop_assert_eq!(pair[0].span.to, pair[1].span.from);
                }
            }
        }
    }
}
