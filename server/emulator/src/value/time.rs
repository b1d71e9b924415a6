//! Times and dates: whole seconds on standard tables, no offset taken as UTC, nothing before 1753.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// 1753-01-01T00:00:00Z, before which SQL Server's datetime does not reach \[D:behavior-format-date-time-attribute.md\].
const EARLIEST: i64 = -6_847_804_800;

/// Why a text is no time for a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeError {
    Unreadable,
    TooEarly,
}

/// Seconds since 1970; a fraction is cut off, a missing offset means UTC, a day alone its first moment.
pub(crate) fn seconds(text: &str) -> Result<i64, TimeError> {
    let instant = text
        .parse::<Timestamp>()
        .or_else(|_| {
            text.parse::<DateTime>().and_then(|dt| dt.to_zoned(TimeZone::UTC)).map(|z| z.timestamp())
        })
        .map_err(|_| TimeError::Unreadable)?;
    let seconds = instant.as_millisecond().div_euclid(1000);
    if seconds < EARLIEST { Err(TimeError::TooEarly) } else { Ok(seconds) }
}

/// `2026-03-01T12:34:56Z`: never a fraction, as `server/exchanges/values.http` records it.
pub(crate) fn print(seconds: i64) -> String {
    Timestamp::from_second(seconds).map(|t| t.to_string()).unwrap_or_default()
}

/// A day as `2026-03-01`, from a date or from a time's UTC day.
pub(crate) fn day(text: &str) -> Result<String, TimeError> {
    let date = match text.parse::<Date>() {
        Ok(date) if text.len() == 10 => date,
        _ => Timestamp::from_second(seconds(text)?)
            .map_err(|_| TimeError::Unreadable)?
            .to_zoned(TimeZone::UTC)
            .date(),
    };
    if date.year() < 1753 { Err(TimeError::TooEarly) } else { Ok(date.to_string()) }
}

/// As people in the United States read it, which is what formatted values are in.
pub(crate) fn for_people(seconds: i64) -> String {
    let Ok(instant) = Timestamp::from_second(seconds) else { return String::new() };
    let time = instant.to_zoned(TimeZone::UTC);
    let (hour, half) = (time.hour(), if time.hour() < 12 { "AM" } else { "PM" });
    let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
    format!("{}/{}/{} {twelve}:{:02} {half}", time.month(), time.day(), time.year(), time.minute())
}

/// The midnight (UTC) at or before a time.
pub(crate) fn midnight(seconds: i64) -> i64 {
    seconds - seconds.rem_euclid(86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_lose_their_fraction_and_offset() {
        let check = |text: &str, expect: &str| assert_eq!(print(seconds(text).unwrap()), expect, "{text}");
        check("2026-03-01T12:34:56Z", "2026-03-01T12:34:56Z");
        check("2026-03-01T12:34:56.999Z", "2026-03-01T12:34:56Z");
        check("2026-03-01T12:34:56+02:00", "2026-03-01T10:34:56Z");
        check("2026-03-01T12:34:56", "2026-03-01T12:34:56Z");
        check("2026-03-01", "2026-03-01T00:00:00Z");
        assert_eq!(seconds("1752-12-31T23:59:59Z"), Err(TimeError::TooEarly));
        assert_eq!(seconds("yesterday"), Err(TimeError::Unreadable));
    }

    #[test]
    fn days_are_days() {
        assert_eq!(day("2026-03-01").as_deref(), Ok("2026-03-01"));
        assert_eq!(day("2026-03-01T23:00:00-05:00").as_deref(), Ok("2026-03-02"));
    }
}
