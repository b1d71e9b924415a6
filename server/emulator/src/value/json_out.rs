//! Out of a column into JSON and into words for people. Written straight into the answer's text.

use std::fmt::Write as _;

use super::{Cell, decimal, time};
use crate::schema::{Behaviour, CellKind, Column, Schema};

/// Writes a value as Dataverse prints it: decimals with their column's digits, times in whole seconds with a `Z`.
pub(crate) fn write(out: &mut String, kind: &CellKind, cell: &Cell) {
    match (cell, kind) {
        (Cell::Null, _) => out.push_str("null"),
        (Cell::Integer(number), CellKind::Boolean { .. }) => {
            out.push_str(if *number != 0 { "true" } else { "false" });
        }
        (Cell::Integer(number), CellKind::Decimal { .. } | CellKind::Money { .. }) => {
            let scale = kind.decimal().map_or(0, |(scale, _, _)| scale);
            out.push_str(&decimal::print(*number, scale));
        }
        (Cell::Integer(number), CellKind::DateTime(_)) => {
            let _ = write!(out, "\"{}\"", time::print(*number));
        }
        (Cell::Integer(number), _) => {
            let _ = write!(out, "{number}");
        }
        (Cell::Real(number), _) => {
            let _ = write!(out, "{number:?}");
        }
        (Cell::Id(id), _) => {
            let _ = write!(out, "\"{id}\"");
        }
        (Cell::Text(text), _) => write_text(out, text),
    }
}

/// Writes a JSON string, escaped.
pub(crate) fn write_text(out: &mut String, text: &str) {
    if text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
        return;
    }
    out.push_str(&serde_json::Value::String(text.to_owned()).to_string());
}

/// What people see, where that differs from the value itself.
pub(crate) fn formatted(schema: &Schema, column: &Column, cell: &Cell) -> Option<String> {
    Some(match (cell, &column.kind) {
        (Cell::Integer(number), CellKind::Choice(choice)) => schema.label(choice, *number)?,
        (Cell::Text(numbers), CellKind::MultiChoice(choice)) => {
            let labels = numbers.split(',').filter_map(|n| schema.label(choice, n.parse().ok()?));
            labels.collect::<Vec<_>>().join("; ")
        }
        (Cell::Integer(number), CellKind::Boolean { yes, no, .. }) => {
            if *number != 0 {
                yes.clone()
            } else {
                no.clone()
            }
        }
        (Cell::Integer(number), CellKind::Integer { .. } | CellKind::BigInteger) => {
            grouped(&number.to_string())
        }
        (Cell::Integer(number), CellKind::Decimal { scale, .. }) => grouped(&decimal::print(*number, *scale)),
        (Cell::Integer(number), CellKind::Money { precision, .. }) => {
            let rounded = decimal::Decimal::of(*number, CellKind::MONEY_SCALE).rounded(*precision)?;
            format!("${}", grouped(&decimal::print(rounded, *precision)))
        }
        (Cell::Real(number), CellKind::Double { precision, .. }) => {
            grouped(&format!("{number:.digits$}", digits = *precision as usize))
        }
        (Cell::Integer(seconds), CellKind::DateTime(_)) => {
            let whole = time::for_people(*seconds);
            match column.format.as_deref() {
                Some("DateOnly") => whole.split(' ').next().unwrap_or_default().to_owned(),
                _ => whole,
            }
        }
        (Cell::Text(day), CellKind::DateTime(Behaviour::DateOnly)) => {
            let (year, rest) = day.split_once('-')?;
            let (month, day) = rest.split_once('-')?;
            format!("{}/{}/{year}", month.trim_start_matches('0'), day.trim_start_matches('0'))
        }
        _ => return None,
    })
}

/// `1234567.5` as `1,234,567.5`.
pub(crate) fn grouped(number: &str) -> String {
    let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(w, f)| (w, Some(f)));
    let mut out = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        let check = |number: &str, expect: &str| assert_eq!(grouped(number), expect);
        check("1234567.50", "1,234,567.50");
        check("-1234", "-1,234");
        check("123", "123");
        check("0.5", "0.5");
    }

    #[test]
    fn text_is_escaped() {
        let mut out = String::new();
        write_text(&mut out, "a\"b\\c\n é");
        assert_eq!(out, r#""a\"b\\c\n é""#);
    }
}
