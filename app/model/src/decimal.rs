//! Exact decimals: whole numbers of the last decimal place, never a float.
//!
//! Money is hundred-thousandths of a dollar (scale 5), percentages are hundredths (scale 2).

/// Dollars: five decimals.
pub const MONEY_SCALE: u8 = 5;
/// Percentages: two decimals.
pub const PERCENT_SCALE: u8 = 2;

/// Reads a decimal as JSON writes it (`12`, `-0.5`, `1e-5`); digits past `scale` are rounded half to even.
/// `None`: not a decimal, or too large to hold.
#[must_use]
pub fn parse(text: &str, scale: u8) -> Option<i64> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    if whole.is_empty()
        || fraction.is_empty()
        || !(whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()))
    {
        return None;
    }
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|b| b - b'0').collect();
    let point = i64::try_from(whole.len()).ok()? + exponent;
    let magnitude = round_half_even(&digits, point + i64::from(scale))?;
    Some(if negative { -magnitude } else { magnitude })
}

/// Whether nothing but noughts stands behind the point, however many there are; of what `parse` reads.
#[must_use]
pub fn is_whole(text: &str) -> bool {
    let text = text.trim_start_matches('-');
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let Some(exponent) = parse_exponent(exponent) else { return false };
    let point = i64::try_from(whole.len()).unwrap_or(i64::MAX).saturating_add(exponent);
    let digits = whole.bytes().chain(fraction.bytes());
    digits.skip(usize::try_from(point).unwrap_or(0)).all(|digit| digit == b'0')
}

/// Writes with exactly `scale` decimals: `0.30000`, `97.44`.
#[must_use]
pub fn format(value: i64, scale: u8) -> String {
    let unit = 10_u64.pow(u32::from(scale));
    let sign = if value < 0 { "-" } else { "" };
    let magnitude = value.unsigned_abs();
    if scale == 0 {
        return format!("{sign}{magnitude}");
    }
    let width = usize::from(scale);
    format!("{sign}{}.{:0width$}", magnitude / unit, magnitude % unit)
}

/// `numerator / denominator` in whole units of `10^-scale`, rounded half to even. `None` when there is nothing to divide by.
#[must_use]
pub fn divide(numerator: i128, denominator: i128, scale: u8) -> Option<i64> {
    if denominator == 0 {
        return None;
    }
    let scaled = numerator.checked_mul(10_i128.pow(u32::from(scale)))?;
    let (quotient, rest) = (scaled.div_euclid(denominator), scaled.rem_euclid(denominator));
    let twice = rest.checked_mul(2)?;
    let up = twice > denominator.abs() || (twice == denominator.abs() && quotient % 2 != 0);
    i64::try_from(quotient + i128::from(up)).ok()
}

fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('+').or_else(|| text.strip_prefix('-')).unwrap_or(text);
    // Past this many digits the answer is 0 or too large, whatever the mantissa says.
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value: i64 = digits.parse().unwrap_or(1_000_000).min(1_000_000);
    Some(if text.starts_with('-') { -value } else { value })
}

/// The number made of the first `keep` digits (padded with noughts), rounded by the digits after them.
fn round_half_even(digits: &[u8], keep: i64) -> Option<i64> {
    if digits.iter().all(|d| *d == 0) {
        return Some(0);
    }
    let kept = usize::try_from(keep.max(0)).ok()?;
    let mut value: i64 = 0;
    for at in 0..kept {
        let digit = digits.get(at).copied().unwrap_or(0);
        value = value.checked_mul(10)?.checked_add(i64::from(digit))?;
    }
    if keep < 0 {
        return Some(0);
    }
    let Some((&first, rest)) = digits.get(kept..).and_then(<[u8]>::split_first) else { return Some(value) };
    let above_half = first > 5 || (first == 5 && rest.iter().any(|d| *d != 0));
    let up = above_half || (first == 5 && value % 2 == 1);
    value.checked_add(i64::from(up))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(parse(text, MONEY_SCALE).map(|v| format(v, MONEY_SCALE)).as_deref(), expect, "{text}");
    }

    #[test]
    fn rounds_half_to_even() {
        check("0.30000000000000004", Some("0.30000"));
        check("0.000005", Some("0.00000"));
        check("0.000015", Some("0.00002"));
        check("0.0000050000000000000000000001", Some("0.00001"));
        check("1e-5", Some("0.00001"));
        check("1.5E+2", Some("150.00000"));
        check("0e999999999999999999999", Some("0.00000"));
        check("1e-999999999999999999999", Some("0.00000"));
        check("9e-7", Some("0.00000"));
        check("99999.99999", Some("99999.99999"));
        check("99999.999996", Some("100000.00000"));
        check("-0.5", Some("-0.50000"));
    }

    #[test]
    fn refuses_what_is_no_decimal() {
        for text in
            ["", "-", ".5", "5.", "1e", "1e+", "0x1", "1,5", "NaN", "1 ", "+1", "1e99", "--1", "1.2.3"]
        {
            check(text, None);
        }
    }

    #[test]
    fn a_fraction_cannot_hide_behind_zeros() {
        for whole in ["0", "5", "-5", "5.0", "5.000000000000", "1.5e1", "150e-1", "1e300", "0e-9", "12E2"] {
            assert!(is_whole(whole), "{whole}");
        }
        for part in
            ["1.0000000005", "2147483647.0000000001", "1.5", "15e-1", "1e-12", "0.00000000000000000001"]
        {
            assert!(!is_whole(part), "{part}");
        }
    }

    #[test]
    fn divides_exactly_and_never_by_zero() {
        assert_eq!(divide(190, 195, 4), Some(9_744));
        assert_eq!(divide(1, 2, 0), Some(0));
        assert_eq!(divide(3, 2, 0), Some(2));
        assert_eq!(divide(-1, 3, 2), Some(-33));
        assert_eq!(divide(1, 0, 2), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in -10_i64.pow(15)..10_i64.pow(15), scale in 0_u8..6) {
            prop_assert_eq!(parse(&format(value, scale), scale), Some(value));
        }

        #[test]
        fn rounding_is_within_half_a_unit(whole in 0_i64..100_000, fraction in "[0-9]{1,12}") {
            let exact = format!("{whole}.{fraction}");
            let rounded = i128::from(parse(&exact, 5).unwrap()) * 10_i128.pow(7);
            let padded = format!("{fraction:0<12}");
            let precise = i128::from(whole) * 10_i128.pow(12) + padded.parse::<i128>().unwrap();
            prop_assert!((rounded - precise).abs() * 2 <= 10_i128.pow(7));
        }

        #[test]
        fn any_text_is_answered(text in ".{0,40}") {
            let _ = parse(&text, 5);
        }
    }
}
