//! What a window and the stretch before it are called.

use model::{
    calendar::{Bucket, BucketSize, Compare, Window, Zone},
    range::Range,
    time::Timestamp,
};

use super::words;

const PATTERN: &str = "%-d %b %Y";
/// With no more columns than this, labels stand at every second or third of them; ...
const FEW_DAYS: usize = 21;
/// ... there are no more labels than this.
const LABELS: usize = 7;

/// How a window's days and hours are spoken of.
pub(super) struct Period<'a> {
    window: &'a Window,
    zone: Zone,
}

impl<'a> Period<'a> {
    pub(super) fn of(window: &'a Window) -> Self {
        Self { window, zone: Zone::of_name(&window.zone).unwrap_or_else(Zone::utc) }
    }

    /// "these 90 days".
    pub(super) fn this(&self) -> String {
        match self.days() {
            None => "the last 24 hours".to_owned(),
            Some(1) => "this day".to_owned(),
            Some(days) => format!("these {} days", words::count(days)),
        }
    }

    /// "90 days before": what the dashed line is called.
    pub(super) fn before(&self) -> String {
        match self.window.compare {
            Compare::Weekdays => "same weekdays before".to_owned(),
            Compare::Year => "same days a year before".to_owned(),
            Compare::Previous | Compare::Nothing => self.plain_before(),
        }
    }

    /// The same where there is little room.
    pub(super) fn before_in_short(&self) -> String {
        match self.window.compare {
            Compare::Weekdays => "same weekdays".to_owned(),
            Compare::Year => "a year before".to_owned(),
            Compare::Previous | Compare::Nothing => self.plain_before(),
        }
    }

    /// What the stretch just before it is called.
    pub(super) fn plain_before(&self) -> String {
        if self.days() == Some(1) { "day before".to_owned() } else { format!("{} before", self.short()) }
    }

    /// "90 days".
    pub(super) fn short(&self) -> String {
        match self.days() {
            None => "24 hours".to_owned(),
            Some(1) => "1 day".to_owned(),
            Some(days) => format!("{} days", words::count(days)),
        }
    }

    /// How many days it is called; none for the last 24 hours.
    fn days(&self) -> Option<i64> {
        match self.window.range {
            Some(range) => range.days(),
            None => Some(self.zone.days_between(self.window.span)),
        }
    }

    /// Whether there is anything to compare with, by choice.
    pub(super) fn is_compared(&self) -> bool {
        self.window.compare != Compare::Nothing
    }

    /// "21 Aug – 19 Nov": its first and its last day.
    pub(super) fn dates(&self) -> String {
        let (first, last) = (self.window.span.from, self.window.span.to.plus(-1));
        let in_one_year = self.zone.at(first).year() == self.zone.at(last).year();
        let pattern = if in_one_year { "%-d %b" } else { PATTERN };
        let (first, last) = (self.zone.format(first, pattern), self.zone.format(last, pattern));
        if first == last { first } else { format!("{first} – {last}") }
    }

    /// Both as `2026-11-21`.
    pub(super) fn date_values(&self) -> [String; 2] {
        [self.window.span.from, self.window.span.to.plus(-1)].map(|at| self.zone.format(at, "%Y-%m-%d"))
    }

    /// The first day and the one after the last, as `2026-11-21`.
    pub(super) fn days_without_the_last(&self) -> [String; 2] {
        let end = self.zone.next_day(self.window.span.to.plus(-1));
        [self.window.span.from, end].map(|at| self.zone.format(at, "%Y-%m-%d"))
    }

    /// The zone's present day, as `2026-11-21`.
    pub(super) fn date_value(&self, at: Timestamp) -> String {
        self.zone.format(at, "%Y-%m-%d")
    }

    /// "day" or "hour": what one column is.
    pub(super) fn unit(&self) -> &'static str {
        self.window.size.key()
    }

    /// How many columns the running mean takes together.
    pub(super) fn mean_over(&self) -> usize {
        self.window.size.mean_over()
    }

    /// "Tue 14 Oct" or "14:00".
    pub(super) fn point(&self, at: Timestamp) -> String {
        self.zone.format(at, if self.by_day() { "%a %-d %b" } else { "%a %H:%M" })
    }

    /// "on Tuesday 14 October" or "at 14:00".
    pub(super) fn point_in_words(&self, at: Timestamp) -> String {
        self.zone.format(at, if self.by_day() { "on %A %-d %B" } else { "at %H:%M" })
    }

    /// What the axis says at the bucket of this place among `columns`, and whether that may be left out on a narrow
    /// screen: each third hour; of few days every second or third; then of each month its first and some more; then some
    /// months of a year.
    pub(super) fn axis_label(&self, from: Timestamp, at: usize, columns: usize) -> Option<(String, bool)> {
        let local = self.zone.at(from);
        if !self.by_day() {
            let is_shown = local.hour() % 3 == 0 && local.minute() == 0;
            return is_shown.then(|| (self.zone.format(from, "%H:%M"), local.hour() % 6 != 0));
        }
        let (day, month) = (local.day(), local.month() - 1);
        let (is_shown, is_minor) = if columns <= FEW_DAYS {
            let step = columns.div_ceil(LABELS);
            (at.is_multiple_of(step), !at.is_multiple_of(2 * step))
        } else if self.window.buckets.len() <= 40 {
            (matches!(day, 1 | 8 | 15 | 22), matches!(day, 8 | 22))
        } else if columns <= 130 {
            (matches!(day, 1 | 15), day == 15)
        } else {
            let step = month_step(columns);
            (day == 1 && month % step == 0, month % (2 * step) != 0)
        };
        let pattern = if columns > 366 { "%b %Y" } else { "%-d %b" };
        is_shown.then(|| (self.zone.format(from, pattern), is_minor))
    }

    /// The bucket in which a day written as `2026-11-21` begins, and whether it is all of that bucket.
    pub(super) fn place(&self, day: &str) -> Option<(usize, bool)> {
        let begins = self.zone.start_of_day(day)?;
        let holds = |bucket: &Bucket| {
            // The first bucket may begin amid a day.
            let from =
                if self.by_day() { self.zone.at(bucket.span.from).date().to_string() } else { String::new() };
            from == day || (bucket.span.from <= begins && begins < bucket.span.to)
        };
        self.window.buckets.iter().position(holds).map(|at| (at, self.by_day()))
    }

    /// The last day that is shown, up to the present one, as `2026-11-21`.
    pub(super) fn last_day(&self, now: Timestamp) -> String {
        self.date_value(self.window.span.to.plus(-1).min(now))
    }

    /// How many days the month has that the last day lies in.
    pub(super) fn days_of_month(&self) -> i64 {
        i64::from(self.zone.at(self.window.span.to.plus(-1)).date().days_in_month())
    }

    /// A day written as `2026-11-21`, as people write it: "20 Oct 2026"; and in words, "Tuesday 20 October".
    pub(super) fn day_in_words(&self, day: &str) -> [String; 2] {
        let at = self.zone.start_of_day(day);
        [PATTERN, "%A %-d %B"]
            .map(|pattern| at.map_or_else(|| day.to_owned(), |at| self.zone.format(at, pattern)))
    }

    pub(super) fn time_of_day(&self, at: Timestamp) -> String {
        self.zone.format(at, "%H:%M")
    }

    pub(super) fn clock(&self, at: Timestamp) -> String {
        self.zone.format(at, "%-d %b %H:%M")
    }

    /// "21 Aug 2026 to now, Europe/Berlin". It names no moment that moves by itself, or no poll would ever be unchanged.
    pub(super) fn span(&self) -> String {
        let from = || self.zone.format(self.window.span.from, PATTERN);
        match self.window.range {
            Some(Range::Live) => "the last 24 hours".to_owned(),
            Some(_) => format!("{} to now, {}", from(), self.window.zone),
            None => {
                let last = self.zone.format(self.window.span.to.plus(-1), PATTERN);
                format!("{} to {last}, {}", from(), self.window.zone)
            }
        }
    }

    pub(super) fn previous_span(&self) -> String {
        if !self.is_compared() {
            return "nothing".to_owned();
        }
        if self.window.range == Some(Range::Live) && self.window.compare == Compare::Previous {
            return "the 24 hours before".to_owned();
        }
        let (from, to) = (self.window.previous.from, self.window.previous.to.plus(-1));
        let until = if self.window.range.is_some() { ", up to the same time of day" } else { "" };
        format!("{} to {}{until}", self.zone.format(from, PATTERN), self.zone.format(to, PATTERN))
    }

    pub(super) fn by_day(&self) -> bool {
        self.window.size == BucketSize::Day
    }
}

/// How many months lie between two labels, so that a line holds them.
fn month_step(columns: usize) -> i8 {
    [(1, 400), (3, 1_200), (6, 2_400)]
        .into_iter()
        .find(|(_, most)| columns <= *most)
        .map_or(12, |(step, _)| step)
}

#[cfg(test)]
mod tests {
    use model::{
        calendar::{Span, custom_window},
        time::DAY,
    };

    use super::*;

    /// The labels of a view that begins and ends then.
    fn labels(from: &str, to: &str) -> Vec<String> {
        let zone = Zone::of_name("Europe/Berlin").unwrap();
        let span = Span { from: zone.start_of_day(from).unwrap(), to: zone.start_of_day(to).unwrap() };
        let window = custom_window(&zone, span, Compare::Previous).unwrap();
        let stretch = Period::of(&window);
        let columns = window.buckets.len();
        let label = |(at, bucket): (usize, &Bucket)| stretch.axis_label(bucket.span.from, at, columns);
        window.buckets.iter().enumerate().filter_map(label).map(|(text, _)| text).collect()
    }

    #[test]
    fn few_days_have_labels_too() {
        assert_eq!(
            labels("2026-10-20", "2026-11-01"),
            ["20 Oct", "22 Oct", "24 Oct", "26 Oct", "28 Oct", "30 Oct"]
        );
        assert_eq!(labels("2026-11-09", "2026-11-12"), ["9 Nov", "10 Nov", "11 Nov"]);
        assert_eq!(labels("2026-10-20", "2026-11-15"), ["22 Oct", "1 Nov", "8 Nov"]);
        assert_eq!(
            labels("2026-09-01", "2026-11-20"),
            ["1 Sep", "15 Sep", "1 Oct", "15 Oct", "1 Nov", "15 Nov"]
        );
    }

    #[test]
    fn no_axis_has_too_many_labels() {
        for (days, from) in [(3, "2026-10-20"), (21, "2026-10-20"), (22, "2026-10-20"), (130, "2026-03-01")]
            .into_iter()
            .chain([(131, "2026-03-01"), (366, "2026-01-01"), (800, "2024-02-01"), (3_650, "2016-01-05")])
        {
            let last = Zone::utc().start_of_day(from).unwrap().plus(days * DAY);
            let count = labels(from, &Zone::utc().format(last, "%Y-%m-%d")).len();
            assert!((3..=14).contains(&count), "{days} days have {count} labels");
        }
    }

    #[test]
    fn days_have_their_place() {
        let zone = Zone::of_name("Europe/Berlin").unwrap();
        let now = Timestamp::parse("2026-11-21T13:00:00Z").unwrap();
        let live = model::calendar::window(Range::Live, &zone, now, Compare::Previous);
        let (at, is_middle) = Period::of(&live).place("2026-11-21").unwrap();
        assert_eq!((zone.format(live.buckets[at].span.from, "%H:%M").as_str(), is_middle), ("00:00", false));
        assert_eq!(Period::of(&live).place("2026-11-20"), None);
        let days = model::calendar::window(Range::Days30, &zone, now, Compare::Previous);
        let place = |day: &str| Period::of(&days).place(day);
        assert_eq!([place("2026-10-22"), place("2026-11-21")], [Some((0, true)), Some((30, true))]);
        assert_eq!([place("2026-10-21"), place("2026-11-22"), place("x")], [None; 3]);
    }
}
