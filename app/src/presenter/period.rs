//! What a window and the stretch before it are called.

use model::{
    calendar::{BucketSize, Window, Zone},
    range::Range,
    time::Timestamp,
};

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
        match self.window.range.and_then(Range::days) {
            Some(days) => format!("these {days} days"),
            None if self.window.range.is_some() => "the last 24 hours".to_owned(),
            None => "this time".to_owned(),
        }
    }

    /// "90 days before": what the dashed line is called.
    pub(super) fn before(&self) -> String {
        match self.window.range.and_then(Range::days) {
            Some(days) => format!("{days} days before"),
            None if self.window.range.is_some() => "24 hours before".to_owned(),
            None => "time before".to_owned(),
        }
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
        match self.window.range {
            Some(Range::Live) => "the last 24 hours".to_owned(),
            _ => format!(
                "{} to now, {}",
                self.zone.format(self.window.span.from, "%-d %b %Y"),
                self.window.zone
            ),
        }
    }

    pub(super) fn previous_span(&self) -> String {
        if self.window.range == Some(Range::Live) {
            return "the 24 hours before".to_owned();
        }
        let pattern = "%-d %b %Y";
        let (from, to) = (self.window.previous.from, self.window.previous.to);
        format!(
            "{} to {}, up to the same time of day",
            self.zone.format(from, pattern),
            self.zone.format(to, pattern)
        )
    }

    fn by_day(&self) -> bool {
        self.window.size == BucketSize::Day
    }
}
