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
    // A sixtieth of the window is just passing.
    let is_whole = reading.over + target.window / 60 >= target.window;
    let state = match (reading.held, reading.samples) {
        (Some(true), _) => TargetState::Held,
        (Some(false), _) => TargetState::Missed,
        (None, 0) if is_whole => TargetState::Quiet,
        (None, 0) => TargetState::Unmeasured,
        (None, _) => TargetState::TooFew,
    };
    let (one, many) = target.sample;
    let samples = counted(i64::try_from(reading.samples).unwrap_or(i64::MAX), one, many);
    let over = over(if is_whole { target.window } else { reading.over });
    TargetLine { label: target.label, meaning: target.meaning, limit, measured, samples, over, state }
}

/// "in 12 min": whole units, those that have passed.
fn over(time: Duration) -> String {
    let time = micros(time);
    let (unit, name) = match time {
        ..MINUTE => (SECOND, "s"),
        MINUTE..HOUR => (MINUTE, "min"),
        HOUR.. => (HOUR, "h"),
    };
    format!("in {}{NBSP}{name}", time / unit)
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
        let check = |reading: TargetReading, samples: &str, over: &str, state: TargetState| {
            let line = line(&reading);
            let said = [line.samples, line.over].map(|words| words.replace(NBSP, " "));
            assert_eq!((said, line.state), ([samples, over].map(str::to_owned), state), "{reading:?}");
        };
        check(reading(Some(38_000), 1_204, 3_570, Some(true)), "1,204 answers", "in 1 h", TargetState::Held);
        check(reading(Some(3_000_000), 1, 725, Some(false)), "1 answer", "in 12 min", TargetState::Missed);
        check(reading(Some(9_000), 5, 5, None), "5 answers", "in 5 s", TargetState::TooFew);
        check(reading(None, 0, 3_500, None), "0 answers", "in 58 min", TargetState::Unmeasured);
        check(reading(None, 0, 3_550, None), "0 answers", "in 1 h", TargetState::Quiet);
        let shown = line(&reading(Some(38_000), 1, 5, Some(true)));
        assert_eq!(
            (shown.limit.as_str(), shown.measured.as_deref()),
            ("<\u{a0}2.5\u{a0}s", Some("38\u{a0}ms"))
        );
    }

    #[test]
    fn the_document_lists_every_target() {
        let document = include_str!("../../../../docs/monitoring.md");
        for target in &TARGETS {
            let line = line(&TargetReading { target, ..reading(None, 0, 0, None) });
            let over = over(target.window);
            let (limit, over) = (line.limit, over.trim_start_matches("in "));
            let row =
                format!("| `{}` | {} | {limit} | {over} | {} |", target.name, target.label, target.meaning);
            let row = row.replace(NBSP, " ");
            assert!(document.contains(&row), "docs/monitoring.md lacks this row: {row}");
        }
    }
}
