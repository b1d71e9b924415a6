//! Ranges laid on a calendar: from when to when in the viewer's time zone, in which buckets, and the stretch before.

use jiff::{
    ToSpan, Unit, Zoned,
    civil::{Date, Time},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};

use crate::{
    range::Range,
    time::{DAY, HOUR, Timestamp},
};

/// `from` inclusive, `to` exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first moment within it.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}

/// How long a bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BucketSize {
    Hour,
    Day,
}

impl BucketSize {
    /// The word for it in addresses and JSON.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// How many columns a running mean takes together.
    #[must_use]
    pub const fn mean_over(self) -> usize {
        match self {
            Self::Hour => 6,
            Self::Day => 7,
        }
    }
}

/// The most buckets that a window has, and the stretch before it: ten years of days.
pub const MOST_BUCKETS: usize = 3_662;

/// One column of the chart. It is partial when the window ends or begins inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its hours or days.
    pub span: Span,
    /// It is not over yet.
    pub partial: bool,
}

/// With which stretch a window is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Compare {
    /// The same stretch just before.
    #[default]
    Previous,
    /// The stretch before, moved on to the same days of the week.
    Weekdays,
    /// The same stretch a year ago.
    Year,
    /// With none.
    Nothing,
}

impl Compare {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Previous, Self::Weekdays, Self::Year, Self::Nothing];

    /// The word for it in addresses and JSON.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Previous => "previous",
            Self::Weekdays => "weekdays",
            Self::Year => "year",
            Self::Nothing => "none",
        }
    }

    /// The stretch that has this word.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|compare| compare.key() == key)
    }
}

/// A window on the past, with its buckets and those of the stretch before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// What was asked for by name, if it was.
    pub range: Option<Range>,
    /// The time zone's name in the IANA database.
    pub zone: String,
    /// How long each bucket is.
    pub size: BucketSize,
    /// From the first bucket's beginning to the last one's end.
    pub span: Span,
    /// Buckets, oldest first.
    pub buckets: Vec<Bucket>,
    /// With what it is compared.
    pub compare: Compare,
    /// The stretch that it is compared with; an empty one for none.
    pub previous: Span,
    /// Its buckets, oldest first.
    pub previous_buckets: Vec<Bucket>,
}

/// A time zone that the calendar knows, by its IANA name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone that has this name in the IANA database.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    /// The zone without an offset.
    #[must_use]
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// Its name in the IANA database.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The moment as a clock on the wall there shows it.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> Zoned {
        at.timestamp().to_zoned(self.0.clone())
    }

    /// The moment in words, by a pattern of `strftime`.
    #[must_use]
    pub fn format(&self, at: Timestamp, pattern: &str) -> String {
        self.at(at).strftime(pattern).to_string()
    }

    /// When the day after the one of this moment begins there.
    #[must_use]
    pub fn next_day(&self, at: Timestamp) -> Timestamp {
        end_of(self, start_of(self, at, BucketSize::Day), BucketSize::Day)
    }

    /// How many days of the calendar a span touches there.
    #[must_use]
    pub fn days_between(&self, span: Span) -> i64 {
        calendar_days(self, span)
    }

    /// A day written as `2026-11-21` begins there at this moment.
    #[must_use]
    pub fn start_of_day(&self, date: &str) -> Option<Timestamp> {
        let date: Date = date.parse().ok()?;
        let zoned = date.to_zoned(self.0.clone()).ok()?;
        Some(moment(&zoned))
    }
}

/// Lays a range with a name on the calendar.
#[must_use]
pub fn window(range: Range, zone: &Zone, now: Timestamp, compare: Compare) -> Window {
    let from = match range.days() {
        None => now.plus(-DAY),
        Some(days) => moment(&days_back(&start_of_day(&zone.at(now)), days)),
    };
    laid_out(Some(range), zone, Span { from, to: now }, compare)
}

/// Lays any span on the calendar: by the hour up to two days, by the day above. None where it ends before it begins, or
/// would have more than [`MOST_BUCKETS`].
#[must_use]
pub fn custom_window(zone: &Zone, span: Span, compare: Compare) -> Option<Window> {
    let days = usize::try_from(calendar_days(zone, span)).ok()?;
    (span.from < span.to && days <= MOST_BUCKETS).then(|| laid_out(None, zone, span, compare))
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
        compare,
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
        Compare::Nothing => return Span { from: span.from, to: span.from },
    };
    let back = |at: Timestamp| zone.at(at).checked_sub(step).map_or(at, |earlier| moment(&earlier));
    let (from, to) = (back(span.from), back(span.to));
    // An hour that the clock leaves out is a moment, and a year before a leap day ends where it begins.
    if from < to { Span { from, to } } else { Span { from, to: from.plus(span.to.since(span.from)) } }
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
    while start < span.to && buckets.len() < MOST_BUCKETS {
        let end = end_of(zone, start, size);
        let cut = Span { from: start.max(span.from), to: end.min(span.to) };
        buckets.push(Bucket { span: cut, partial: cut.from > start || cut.to < end });
        start = end;
    }
    buckets
}

fn start_of(zone: &Zone, at: Timestamp, size: BucketSize) -> Timestamp {
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

/// Always an hour or more after `start`, whatever the calendar says of that day.
fn end_of(zone: &Zone, start: Timestamp, size: BucketSize) -> Timestamp {
    let next_day = || zone.at(start).date().tomorrow().and_then(|next| next.to_zoned(zone.0.clone()));
    let end = match size {
        BucketSize::Hour => start,
        // After its last day the calendar ends, and with it everything that it can hold.
        BucketSize::Day => next_day().map_or(Timestamp::LATEST, |day| moment(&day)),
    };
    end.max(start.plus(HOUR))
}

fn start_of_day(at: &Zoned) -> Zoned {
    at.start_of_day()
        .unwrap_or_else(|_| at.with().time(Time::midnight()).build().unwrap_or_else(|_| at.clone()))
}

fn days_back(at: &Zoned, days: i64) -> Zoned {
    let date = at.date().checked_sub(days.days()).unwrap_or(Date::MIN);
    date.to_zoned(at.time_zone().clone()).unwrap_or_else(|_| at.clone())
}

fn moment(at: &Zoned) -> Timestamp {
    Timestamp::of(at.timestamp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn show(span: Span) -> String {
        format!("{} to {}", span.from, span.to)
    }

    #[test]
    fn thirty_days_end_with_today_so_far() {
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
    fn live_is_the_last_24_hours() {
        let window = window(Range::Live, &Zone::utc(), at("2026-11-21T13:20:00Z"), Compare::Previous);
        assert_eq!(show(window.span), "2026-11-20T13:20:00Z to 2026-11-21T13:20:00Z");
        assert_eq!(show(window.previous), "2026-11-19T13:20:00Z to 2026-11-20T13:20:00Z");
        assert_eq!(window.buckets.len(), 25);
        assert_eq!(window.size, BucketSize::Hour);
    }

    #[test]
    fn days_of_25_hours_are_one_bucket() {
        let berlin = Zone::of_name("Europe/Berlin").unwrap();
        let span = Span {
            from: berlin.start_of_day("2026-10-24").unwrap(),
            to: berlin.start_of_day("2026-10-27").unwrap(),
        };
        let window = custom_window(&berlin, span, Compare::Previous).unwrap();
        let hours: Vec<i64> = window.buckets.iter().map(|b| b.span.to.since(b.span.from) / HOUR).collect();
        assert_eq!(hours, [24, 25, 24]);
        assert!(window.buckets.iter().all(|bucket| !bucket.partial));
    }

    #[test]
    fn comparison_moves_by_weeks_or_years() {
        let now = at("2026-11-21T13:00:00Z");
        let weekdays = window(Range::Days30, &Zone::utc(), now, Compare::Weekdays);
        assert_eq!(weekdays.span.from.since(weekdays.previous.from), 35 * DAY);
        let year = window(Range::Days30, &Zone::utc(), now, Compare::Year);
        assert_eq!(show(year.previous), "2025-10-22T00:00:00Z to 2025-11-21T13:00:00Z");
        let leap = window(Range::Live, &Zone::utc(), at("2028-02-29T13:00:00Z"), Compare::Year);
        assert_eq!(leap.previous.to.since(leap.previous.from), DAY);
        let berlin = Zone::of_name("Europe/Berlin").unwrap();
        let gap = Span { from: at("2026-03-30T00:50:00Z"), to: at("2026-03-30T01:10:00Z") };
        let gap = custom_window(&berlin, gap, Compare::Previous).unwrap();
        assert!(gap.previous.from < gap.previous.to && !gap.previous_buckets.is_empty());
        let nothing = window(Range::Live, &Zone::utc(), now, Compare::Nothing);
        assert!(nothing.previous_buckets.is_empty() && nothing.previous.from == nothing.previous.to);
    }

    #[test]
    fn the_calendar_has_a_last_day() {
        for zone in ["Pacific/Kiritimati", "Asia/Tokyo", "UTC", "Pacific/Pago_Pago"] {
            let zone = Zone::of_name(zone).unwrap();
            let span = Span { from: at("9999-12-20T00:00:00Z"), to: Timestamp::LATEST };
            let window = custom_window(&zone, span, Compare::Previous).unwrap();
            assert!(window.buckets.len() <= 12, "{} in {}", window.buckets.len(), window.zone);
            assert_eq!(window.buckets.last().unwrap().span.to, span.to);
        }
    }

    #[test]
    fn windows_end_at_ten_years() {
        let days = |days: i64| {
            let from = at("2016-01-01T00:00:00Z");
            custom_window(&Zone::utc(), Span { from, to: from.plus(days * DAY) }, Compare::Year)
        };
        assert_eq!(days(3_662).unwrap().buckets.len(), MOST_BUCKETS);
        assert_eq!((days(3_663), days(0), days(-1)), (None, None, None));
    }

    /// Every zone that the calendar knows.
    fn zones() -> Vec<String> {
        jiff::tz::db().available().map(|name| name.to_string()).collect()
    }

    proptest! {
        #[test]
        fn buckets_are_hours_or_days(
            zone in prop::sample::select(zones()), from in 946_684_800_i64..253_402_207_200,
            length in prop_oneof![1_i64..400_000_000, 1_i64..4_000_000],
        ) {
            let zone = Zone::of_name(&zone).unwrap();
            let from = Timestamp::from_micros(from * 1_000_000 + 3);
            let span = Span { from, to: from.plus(length * 1_000_000).min(Timestamp::LATEST) };
            let Some(window) = custom_window(&zone, span, Compare::Previous) else {
                prop_assert!(length > 3_650 * 86_400);
                return Ok(());
            };
            let most = match window.size {
                BucketSize::Hour => span.to.since(span.from) / HOUR + 2,
                BucketSize::Day => calendar_days(&zone, span),
            };
            prop_assert!(i64::try_from(window.buckets.len()).unwrap() <= most);
            prop_assert_eq!(window.buckets.first().unwrap().span.from, span.from);
            prop_assert_eq!(window.buckets.last().unwrap().span.to, span.to);
        }

        #[test]
        fn buckets_tile_the_window(
            now in 1_000_000_000_i64..2_000_000_000, range in 0_usize..4,
            zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia"]),
        ) {
            let zone = Zone::of_name(zone).unwrap();
            let window = window(Range::ALL[range], &zone, Timestamp::from_micros(now * 1_000_000 + 7), Compare::Previous);
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
