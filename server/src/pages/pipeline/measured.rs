//! What was measured of the targets, in words.

use std::time::Duration;

use app::{
    pages::{TargetLine, TargetState},
    presenter::counted,
};
use model::decimal;

use crate::targets::{TargetLimit, TargetReading};

const MILLISECOND: u64 = 1_000;
const SECOND: u64 = 1_000 * MILLISECOND;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// Keeps a number and its unit on one line.
const NBSP: char = '\u{a0}';

pub(super) fn line(reading: &TargetReading) -> TargetLine {
    let target = reading.target;
    let (limit, measured) = match target.limit {
        TargetLimit::Time { below, .. } => {
            (format!("<{NBSP}{}", span(micros(below))), reading.measured.map(span))
        }
        TargetLimit::Share { above_bp, .. } => {
            (format!(">{NBSP}{}", percent(above_bp)), reading.measured.map(percent))
        }
    };
    let state = match (reading.held, reading.samples) {
        (Some(true), _) => TargetState::Held,
        (Some(false), _) => TargetState::Missed,
        (None, 0) => TargetState::Unmeasured,
        (None, _) => TargetState::TooFew,
    };
    TargetLine { label: target.label, meaning: target.meaning, limit, measured, from: from(reading), state }
}

/// "1,204 answers in 1 h".
fn from(reading: &TargetReading) -> String {
    let (one, many) = reading.target.sample;
    let samples = counted(i64::try_from(reading.samples).unwrap_or(i64::MAX), one, many);
    // A sixtieth of the window is just passing.
    let is_whole = reading.over + reading.target.window / 60 >= reading.target.window;
    let over = if is_whole { reading.target.window } else { reading.over };
    let whole = |unit: u64| micros(over) / unit;
    let over = match micros(over) {
        ..MINUTE => format!("{}{NBSP}s", whole(SECOND)),
        MINUTE..HOUR => format!("{}{NBSP}min", whole(MINUTE)),
        HOUR.. => format!("{}{NBSP}h", whole(HOUR)),
    };
    format!("{samples} in {over}")
}

/// Two digits of what is short, and as many of anything as say something: `0.42 ms`, `38 ms`, `1.24 s`, `5 min`.
fn span(micros: u64) -> String {
    let (unit, name) = match micros {
        ..SECOND => (MILLISECOND, "ms"),
        SECOND..MINUTE => (SECOND, "s"),
        MINUTE..HOUR => (MINUTE, "min"),
        HOUR.. => (HOUR, "h"),
    };
    let scale = match micros / unit {
        0 => 2,
        1..10 => 1 + u8::from(unit == SECOND),
        10..100 if unit == SECOND => 1,
        _ => 0,
    };
    format!("{}{NBSP}{name}", shortest(i128::from(micros), i128::from(unit), scale))
}

fn percent(bp: u64) -> String {
    format!("{}{NBSP}%", shortest(i128::from(bp), 100, 2))
}

/// Without zeros at the end of its fraction.
fn shortest(value: i128, unit: i128, scale: u8) -> String {
    let number = decimal::format(decimal::divide(value, unit, scale).unwrap_or(i64::MAX), scale);
    if scale == 0 { number } else { number.trim_end_matches('0').trim_end_matches('.').to_owned() }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::TARGETS;

    fn reading(measured: Option<u64>, samples: u64, over: u64, held: Option<bool>) -> TargetReading {
        TargetReading { target: &TARGETS[0], measured, samples, over: Duration::from_secs(over), held }
    }

    #[test]
    fn spans_choose_unit_and_digits() {
        let said = |micros| span(micros).replace(NBSP, " ");
        for (micros, expect) in [
            (0, "0 ms"),
            (84, "0.08 ms"),
            (420, "0.42 ms"),
            (3_440, "3.4 ms"),
            (38_400, "38 ms"),
            (200_000, "200 ms"),
            (1_000_000, "1 s"),
            (1_236_000, "1.24 s"),
            (2_500_000, "2.5 s"),
            (38_440_000, "38.4 s"),
            (300_000_000, "5 min"),
            (720_000_000, "12 min"),
            (9_000_000_000, "2.5 h"),
        ] {
            assert_eq!(said(micros), expect, "{micros}");
        }
        assert_eq!([9_500, 9_971, 10_000].map(percent).join(" ").replace(NBSP, ""), "95% 99.71% 100%");
    }

    #[test]
    fn a_line_says_from_what() {
        let held = line(&reading(Some(38_000), 1_204, 3_570, Some(true)));
        assert_eq!(
            (held.limit.as_str(), held.measured.as_deref()),
            ("<\u{a0}2.5\u{a0}s", Some("38\u{a0}ms"))
        );
        assert_eq!(held.from.replace(NBSP, " "), "1,204 answers in 1 h");
        assert_eq!(held.state, TargetState::Held);
        let young = line(&reading(Some(3_000_000), 1, 725, Some(false)));
        assert_eq!(
            (young.from.replace(NBSP, " ").as_str(), young.state),
            ("1 answer in 12 min", TargetState::Missed)
        );
        assert_eq!(line(&reading(None, 0, 5, None)).state, TargetState::Unmeasured);
        assert_eq!(line(&reading(Some(9_000), 5, 5, None)).state, TargetState::TooFew);
    }
}
