//! Exact decimals: a whole number of the last digit. Never a float on the way, so that 0.1 stays 0.1.

/// A decimal as it was written: `units` × 10^-`scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    units: i128,
    scale: u32,
}

/// How a written number relates to a column's digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scaled {
    /// The largest whole number of last digits that is not above it.
    pub(crate) floor: i64,
    /// Whether that is all of it.
    pub(crate) exact: bool,
}

impl Decimal {
    /// Reads digits with sign, point and exponent (`-0.5`, `1e-05`); `None` for anything else or beyond 30 digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (sign, digits) = match mantissa.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, mantissa),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all(whole) || !all(fraction) || whole.len() + fraction.len() > 30 {
            return None;
        }
        let mut units = 0_i128;
        for digit in whole.bytes().chain(fraction.bytes()) {
            units = units * 10 + i128::from(digit - b'0');
        }
        let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        match u32::try_from(scale) {
            Ok(scale) if scale <= 60 => Some(Self { units: sign * units, scale }),
            Ok(_) => None,
            Err(_) => {
                let up = 10_i128.checked_pow(scale.unsigned_abs())?;
                Some(Self { units: (sign * units).checked_mul(up)?, scale: 0 })
            }
        }
    }

    pub(crate) fn of(units: i64, scale: u32) -> Self {
        Self { units: i128::from(units), scale }
    }

    /// In last digits of a column with `scale` digits after the point, rounded half to even; `None` beyond 64 bits.
    pub(crate) fn rounded(self, scale: u32) -> Option<i64> {
        let (floor, rest, unit) = self.split(scale)?;
        let up = match (rest * 2).cmp(&unit) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => floor % 2 != 0,
            std::cmp::Ordering::Greater => true,
        };
        i64::try_from(floor + i128::from(up)).ok()
    }

    /// For comparing with a column of `scale` digits; `None` beyond 64 bits.
    pub(crate) fn scaled(self, scale: u32) -> Option<Scaled> {
        let (floor, rest, _) = self.split(scale)?;
        Some(Scaled { floor: i64::try_from(floor).ok()?, exact: rest == 0 })
    }

    pub(crate) fn is_negative(self) -> bool {
        self.units < 0
    }

    /// Whole last digits not above it, what is left over, and what one digit is worth of that.
    fn split(self, scale: u32) -> Option<(i128, i128, i128)> {
        if scale >= self.scale {
            let up = 10_i128.checked_pow(scale - self.scale)?;
            return Some((self.units.checked_mul(up)?, 0, 1));
        }
        match 10_i128.checked_pow(self.scale - scale) {
            Some(unit) => Some((self.units.div_euclid(unit), self.units.rem_euclid(unit), unit)),
            // More digits than the number has: it is all left over.
            None if self.units >= 0 => Some((0, i128::from(self.units != 0), 10)),
            None => Some((-1, 9, 10)),
        }
    }
}

/// `12345` with 5 digits after the point is `0.12345`.
pub(crate) fn print(units: impl Into<i128>, scale: u32) -> String {
    let units = units.into();
    if scale == 0 {
        return units.to_string();
    }
    let sign = if units < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = scale as usize + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
    format!("{sign}{whole}.{fraction}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_rounded_half_to_even() {
        let check = |text: &str, scale: u32, expect: &str| {
            let units = Decimal::parse(text).unwrap().rounded(scale).unwrap();
            assert_eq!(print(units, scale), expect, "{text}");
        };
        check("0.30000000000000004", 5, "0.30000");
        check("1e-05", 5, "0.00001");
        check("2.5E3", 2, "2500.00");
        check("0.000025", 5, "0.00002");
        check("0.000035", 5, "0.00004");
        check("-0.000035", 5, "-0.00004");
        check("-0.000026", 5, "-0.00003");
        check("-7", 0, "-7");
        check("99999.99999", 5, "99999.99999");
        check("1e-40", 5, "0.00000");
        check("-1e-59", 5, "0.00000");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", "1.2.3", "e5", "1e", "0x1", " 1", "+1", "1e99999999999", "NaN"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn printing_and_reading_are_inverse(units in any::<i64>(), scale in 0_u32..11) {
            let text = print(units, scale);
            prop_assert_eq!(Decimal::parse(&text).unwrap().rounded(scale), Some(units));
        }

        #[test]
        fn reading_never_panics(text in "[-0-9.eE]{0,50}") {
            if let Some(number) = Decimal::parse(&text) {
                let _ = (number.rounded(10), number.scaled(0));
            }
        }
    }
}
