//! What a window and the stretch before it are called.

use model::{
    calendar::{BucketSize, Compare, Window, Zone},
    range::Range,
    time::Timestamp,
};

use super::words;

const PATTERN: &str = "%-d %b %Y";

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

    /// Where the axis has a label: the first of a month and the fifteenth, or each sixth hour; with what it says.
    pub(super) fn axis_label(&self, at: Timestamp) -> Option<String> {
        let local = self.zone.at(at);
        if self.by_day() {
            let dense = self.window.buckets.len() <= 40;
            let day = local.day();
            let shown = if dense { matches!(day, 1 | 8 | 15 | 22) } else { matches!(day, 1 | 15) };
            shown.then(|| self.zone.format(at, "%-d %b"))
        } else {
            (local.hour() % 3 == 0 && local.minute() == 0).then(|| self.zone.format(at, "%H:%M"))
        }
    }

    /// Whether a label may be left out on a narrow screen.
    pub(super) fn is_minor(&self, at: Timestamp) -> bool {
        let local = self.zone.at(at);
        if self.by_day() { matches!(local.day(), 8 | 22) } else { local.hour() % 6 != 0 }
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

    fn by_day(&self) -> bool {
        self.window.size == BucketSize::Day
    }
}
