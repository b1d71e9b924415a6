//! Days and weeks of a calendar. Weeks are those of ISO 8601, which begin on Monday.

use jiff::{ToSpan as _, civil::Date};
use model::{
    calendar::{Bucket, MOST_BUCKETS, Span, Zone},
    time::Timestamp,
};

/// How long a stretch is that is added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RollupGrain {
    #[default]
    Day,
    Week,
}

impl RollupGrain {
    pub fn of_key(key: &str) -> Result<Self, String> {
        [Self::Day, Self::Week]
            .into_iter()
            .find(|grain| grain.key() == key)
            .ok_or_else(|| "must be day or week".to_owned())
    }

    pub const fn key(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
        }
    }

    /// What several are called.
    pub const fn lines(self) -> &'static str {
        match self {
            Self::Day => "days",
            Self::Week => "weeks",
        }
    }

    /// The first day of the stretch that a day is in.
    fn first(self, day: Date) -> Date {
        let back = match self {
            Self::Day => 0,
            Self::Week => day.weekday().to_monday_zero_offset(),
        };
        day.saturating_sub(i64::from(back).days())
    }

    fn next(self, first: Date) -> Option<Date> {
        let days: i64 = match self {
            Self::Day => 1,
            Self::Week => 7,
        };
        first.checked_add(days.days()).ok()
    }
}

/// The stretches that a span is in. One is partial where the span begins or ends inside it.
pub fn stretches(zone: &Zone, span: Span, grain: RollupGrain) -> Vec<Bucket> {
    let mut stretches = Vec::new();
    let mut first = Some(grain.first(zone.at(span.from).date()));
    while let Some((start, next)) = first.and_then(|first| Some((begin(zone, first)?, grain.next(first)))) {
        if start >= span.to || stretches.len() == MOST_BUCKETS {
            break;
        }
        // After its last day the calendar ends.
        let end = next.and_then(|next| begin(zone, next)).unwrap_or(Timestamp::LATEST);
        let cut = Span { from: start.max(span.from), to: end.min(span.to) };
        // A day that a zone left out has no moment.
        if cut.from < cut.to {
            stretches.push(Bucket { span: cut, partial: cut.from > start || cut.to < end });
        }
        first = next;
    }
    stretches
}

/// `2026-11-23`, or `2026-W48`.
pub fn period(zone: &Zone, from: Timestamp, grain: RollupGrain) -> String {
    let day = zone.at(from).date();
    match grain {
        RollupGrain::Day => day.to_string(),
        RollupGrain::Week => {
            let week = day.iso_week_date();
            format!("{}-W{:02}", week.year(), week.week())
        }
    }
}

fn begin(zone: &Zone, day: Date) -> Option<Timestamp> {
    zone.start_of_day(&day.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn told(zone: &str, from: &str, to: &str, grain: RollupGrain) -> Vec<String> {
        let zone = Zone::of_name(zone).unwrap();
        let stretches = stretches(&zone, Span { from: at(from), to: at(to) }, grain);
        let tell = |stretch: &Bucket| {
            let Bucket { span, partial } = stretch;
            let mark = if *partial { " partial" } else { "" };
            format!("{} {} {}{mark}", period(&zone, span.from, grain), span.from, span.to)
        };
        stretches.iter().map(tell).collect()
    }

    #[test]
    fn weeks_begin_on_monday() {
        let weeks = told("Europe/Berlin", "2026-10-18T22:00:00Z", "2026-11-01T11:00:00Z", RollupGrain::Week);
        assert_eq!(
            weeks,
            [
                "2026-W43 2026-10-18T22:00:00Z 2026-10-25T23:00:00Z",
                "2026-W44 2026-10-25T23:00:00Z 2026-11-01T11:00:00Z partial",
            ]
        );
        let across = told("UTC", "2026-12-30T00:00:00Z", "2027-01-05T00:00:00Z", RollupGrain::Week);
        assert_eq!(
            across,
            [
                "2026-W53 2026-12-30T00:00:00Z 2027-01-04T00:00:00Z partial",
                "2027-W01 2027-01-04T00:00:00Z 2027-01-05T00:00:00Z partial",
            ]
        );
    }

    #[test]
    fn days_follow_each_other() {
        let days = told("Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-26T23:00:00Z", RollupGrain::Day);
        assert_eq!(
            days,
            [
                "2026-10-25 2026-10-24T22:00:00Z 2026-10-25T23:00:00Z",
                "2026-10-26 2026-10-25T23:00:00Z 2026-10-26T23:00:00Z",
            ]
        );
        // Samoa went over the date line and had no 30 December 2011.
        let left_out = told("Pacific/Apia", "2011-12-29T10:00:00Z", "2011-12-31T10:00:00Z", RollupGrain::Day);
        assert_eq!(left_out.len(), 2, "{left_out:?}");
        let last = told("UTC", "9999-12-29T00:00:00Z", "9999-12-30T22:00:00Z", RollupGrain::Week);
        assert_eq!(last.len(), 1, "{last:?}");
    }
}
