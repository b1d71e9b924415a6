//! Numbers as people read them: exact where they are small, three digits where they are large, never a float.

use model::decimal;

use crate::panel::FigureView;

/// Keeps a number and its unit on one line.
pub(super) const NBSP: char = '\u{a0}';

/// `8,933`.
#[must_use]
pub fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        grouped.push('−');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `8,933 runs`, `1 run`.
#[must_use]
pub fn counted(number: i64, one: &str, many: &str) -> String {
    format!("{}{NBSP}{}", count(number), if number == 1 { one } else { many })
}

/// Words that may stand in the middle of something, as a sentence of their own.
#[must_use]
pub fn sentence(words: &str) -> String {
    let end = if words.ends_with('.') || words.is_empty() { "" } else { "." };
    format!("{}{end}", sentence_start(words))
}

/// The same without its end.
pub(super) fn sentence_start(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), letters.as_str()))
}

/// `$12.31` from a dollar on, `$0.0348` below it.
#[must_use]
pub fn money(e5: i64) -> String {
    let sign = if e5 < 0 { "−" } else { "" };
    let e5 = e5.abs();
    if e5 == 0 || e5 >= 99_995 {
        let cents = rounded(e5, 1_000);
        return format!("{sign}${}.{:02}", count(cents / 100), cents % 100);
    }
    let fine = rounded(e5, 10);
    format!("{sign}$0.{fine:04}")
}

/// `38.4` and `s`; `840` and `ms`.
pub(super) fn duration(ms: i64) -> (String, &'static str) {
    match ms.abs() {
        0..1_000 => (ms.to_string(), "ms"),
        1_000..9_995 => (decimal::format(rounded(ms, 10), 2), "s"),
        9_995..999_950 => (decimal::format(rounded(ms, 100), 1), "s"),
        _ => (count(rounded(ms, 1_000)), "s"),
    }
}

pub(super) fn duration_text(ms: i64) -> String {
    let (shown, unit) = duration(ms);
    format!("{shown}{NBSP}{unit}")
}

/// `97.4` of hundredths of a percent; what is not all is never rounded up to all, what is some never down to none.
pub(super) fn percent(bp: i64) -> String {
    match (bp, rounded(bp, 10)) {
        (10_000, _) => "100".to_owned(),
        (0, _) => "0".to_owned(),
        (..10_000, 1_000) => "99.9".to_owned(),
        (1.., 0) => "0.1".to_owned(),
        (_, tenths) => decimal::format(tenths, 1),
    }
}

/// Exact up to 9,999, then three digits and a letter: `9.8` and `M`.
pub(super) fn compact(number: i64) -> (String, &'static str) {
    const STEPS: [(i64, &str); 4] =
        [(1_000, "k"), (1_000_000, "M"), (1_000_000_000, "B"), (1_000_000_000_000, "T")];
    if number.abs() < 10_000 {
        return (count(number), "");
    }
    // The step at which three digits are enough, after rounding.
    for (unit, letter) in STEPS {
        if rounded(number.abs(), unit) < 1_000 {
            let small = rounded(number.abs(), unit / 10) < 1_000;
            let shown = if small {
                decimal::format(rounded(number, unit / 10), 1)
            } else {
                rounded(number, unit).to_string()
            };
            return (shown, letter);
        }
    }
    (count(rounded(number, 1_000_000_000_000)), "T")
}

pub(super) fn compact_text(number: i64) -> String {
    let (shown, unit) = compact(number);
    if unit.is_empty() { shown } else { format!("{shown}{NBSP}{unit}") }
}

pub(super) fn figure(
    exact: impl Into<String>,
    shown: impl Into<String>,
    unit: impl Into<String>,
) -> FigureView {
    FigureView { exact: exact.into(), shown: shown.into(), unit: unit.into() }
}

/// `value / unit`, half to even.
pub(super) fn rounded(value: i64, unit: i64) -> i64 {
    decimal::divide(i128::from(value), i128::from(unit), 0).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(-1_000), "−1,000");
    }

    #[test]
    fn money_is_finer_below_a_dollar() {
        assert_eq!(money(0), "$0.00");
        assert_eq!(money(1_231_000), "$12.31");
        assert_eq!(money(3_480), "$0.0348");
        assert_eq!(money(99_994), "$0.9999");
        assert_eq!(money(99_995), "$1.00");
        assert_eq!(money(12_064_400_000), "$120,644.00");
    }

    #[test]
    fn large_numbers_keep_three_digits() {
        let text = |n| compact_text(n).replace(NBSP, " ");
        assert_eq!(text(9_999), "9,999");
        assert_eq!(text(12_345), "12.3 k");
        assert_eq!(text(99_950), "100 k");
        assert_eq!(text(999_499), "999 k");
        assert_eq!(text(999_500), "1.0 M");
        assert_eq!(text(9_812_345), "9.8 M");
        assert_eq!(text(123_456_789), "123 M");
    }

    #[test]
    fn percent_never_rounds_to_all_or_none() {
        assert_eq!(percent(10_000), "100");
        assert_eq!(percent(9_999), "99.9");
        assert_eq!(percent(9_744), "97.4");
        assert_eq!(percent(1), "0.1");
        assert_eq!(percent(0), "0");
    }

    #[test]
    fn durations_choose_their_unit() {
        assert_eq!(duration_text(840), format!("840{NBSP}ms"));
        assert_eq!(duration_text(3_841), format!("3.84{NBSP}s"));
        assert_eq!(duration_text(38_412), format!("38.4{NBSP}s"));
        assert_eq!(duration_text(1_234_567), format!("1,235{NBSP}s"));
    }
}
