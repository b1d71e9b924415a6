//! A moment in time: microseconds since 1970 in UTC, RFC 3339 outside.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A moment, to the microsecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(i64);

/// Microseconds of a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds of a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Microseconds of an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Microseconds of a day.
pub const DAY: i64 = 24 * HOUR;

impl Timestamp {
    /// Records are not older than this: 2000-01-01T00:00:00Z.
    pub const EARLIEST: Self = Self(946_684_800 * SECOND);
    /// The last moment that a calendar holds: 9999-12-30T22:00:00.999999Z.
    pub const LATEST: Self = Self(253_402_207_200 * SECOND + 999_999);

    /// This many microseconds after 1970 began, in UTC.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970 began, in UTC.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Later by this many microseconds.
    #[must_use]
    pub const fn plus(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Microseconds from `earlier` to here; negative when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Reads RFC 3339 with its offset, as in `2026-11-21T09:30:00+01:00`; finer than a microsecond is cut off.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let shaped = bytes.len() >= 20 && bytes[4] == b'-' && matches!(bytes[10], b'T' | b't');
        let plain = bytes
            .iter()
            .all(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b':' | b'.' | b'T' | b't' | b'Z' | b'z'));
        if !(shaped && plain && has_offset(&bytes[11..])) {
            return None;
        }
        let stamp: jiff::Timestamp = text.parse().ok()?;
        Some(Self::of(stamp))
    }

    pub(crate) fn of(stamp: jiff::Timestamp) -> Self {
        Self(stamp.as_nanosecond().div_euclid(1_000).try_into().unwrap_or(i64::MAX))
    }

    pub(crate) fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }
}

/// Whether a time of day ends as RFC 3339 says: in `Z`, or in hours and minutes from UTC. Less and more are read
/// elsewhere.
fn has_offset(time: &[u8]) -> bool {
    match time {
        [rest @ .., b'Z' | b'z'] => !rest.iter().any(|b| matches!(b, b'+' | b'-' | b'Z' | b'z')),
        [rest @ .., b'+' | b'-', h1, h2, b':', m1, m2] => {
            let digits = [h1, h2, m1, m2].iter().all(|b| b.is_ascii_digit());
            digits && [*h1, *h2] <= *b"23" && *m1 <= b'5' && !rest.iter().any(|b| matches!(b, b'+' | b'-'))
        }
        _ => false,
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(Timestamp::parse(text).map(|i| i.to_string()).as_deref(), expect, "{text}");
    }

    #[test]
    fn the_latest_time_is_the_calendars() {
        assert_eq!(Timestamp::LATEST, Timestamp::of(jiff::Timestamp::MAX));
    }

    #[test]
    fn reads_rfc_3339_and_nothing_else() {
        check("2026-11-21T09:30:00Z", Some("2026-11-21T09:30:00Z"));
        check("2026-11-21T09:30:00+01:00", Some("2026-11-21T08:30:00Z"));
        check("2026-11-21t09:30:00.123456789z", Some("2026-11-21T09:30:00.123456Z"));
        check("2026-11-21T09:30:00-23:59", Some("2026-11-22T09:29:00Z"));
        check("2026-11-21T09:30:00", None);
        check("2026-11-21T09:30:00+25:00", None);
        check("2026-11-21T09:30:00+24:00", None);
        check("2026-11-21T09:30:00+01:60", None);
        check("2026-11-21T09:30:00+00:00:30", None);
        check("2026-11-21T09:30:00+0100", None);
        check("2026-11-21T09:30:00+01", None);
        check("2026-11-21 09:30:00Z", None);
        check("2026-11-21", None);
        check("20261121T093000Z", None);
        check("2026-13-21T09:30:00Z", None);
        check("2026-11-21T09:30:00Z[Europe/Berlin]", None);
        check("tomorrow", None);
    }
}
