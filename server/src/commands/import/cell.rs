//! What a cell of CSV says, by the type of the field that it is for. What it must say is the kind's own affair.

use std::borrow::Cow;

use model::record::{FieldType, Given};

/// None for an empty cell. A member that is no field is a text.
pub fn given(ty: Option<FieldType>, cell: &[u8]) -> Option<Given<'_>> {
    if cell.is_empty() {
        return None;
    }
    let Ok(text) = std::str::from_utf8(cell) else { return Some(Given::NotUnicode) };
    let Some(ty) = ty else { return Some(as_text(text)) };
    // Blanks mean something in texts alone.
    let trimmed = text.trim();
    match ty {
        FieldType::Text { .. } | FieldType::LongText { .. } => Some(as_text(text)),
        _ if trimmed.is_empty() => None,
        FieldType::Whole { .. } | FieldType::Decimal { .. } if is_number(trimmed) => {
            Some(Given::Number(Cow::Borrowed(trimmed)))
        }
        FieldType::Flag => Some(flag(trimmed).map_or_else(|| as_text(trimmed), Given::Flag)),
        FieldType::Json { .. } => Some(Given::Json(Cow::Borrowed(trimmed))),
        _ => Some(as_text(trimmed)),
    }
}

fn as_text(text: &str) -> Given<'_> {
    Given::Text(Cow::Borrowed(text))
}

fn flag(text: &str) -> Option<bool> {
    let is = |words: [&str; 3]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(["true", "1", "yes"]) { Some(true) } else { is(["false", "0", "no"]).then_some(false) }
}

/// Whether it is written as JSON writes a number.
fn is_number(text: &str) -> bool {
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    are_digits(whole) && are_digits(fraction) && are_digits(exponent)
}

#[cfg(test)]
mod tests {
    use model::record::{JsonRoot, PersonalData};

    use super::*;

    const COUNT: FieldType = FieldType::Whole { min: 0, max: 9 };
    const MONEY: FieldType = FieldType::Decimal { scale: 5, min: 0, max: 9 };
    const TEXT: FieldType = FieldType::Text { max_chars: 9 };
    const JSON: FieldType =
        FieldType::Json { root: JsonRoot::Object, max_bytes: 9, personal_data: PersonalData::Refused };

    #[track_caller]
    fn check(ty: FieldType, cell: &str, expected: &str) {
        assert_eq!(format!("{:?}", given(Some(ty), cell.as_bytes())), expected, "{cell:?}");
    }

    #[test]
    fn numbers_are_those_of_json() {
        for number in ["12", "-0.5", "1e-5", "1.5E+2", " 12 ", "007"] {
            check(COUNT, number, &format!("Some(Number({:?}))", number.trim()));
        }
        for other in ["1,5", "+1", ".5", "5.", "1e", "NaN", "12 %", "1.2.3"] {
            check(MONEY, other, &format!("Some(Text({other:?}))"));
        }
    }

    #[test]
    fn flags_have_three_spellings() {
        for (cell, flag) in
            [("true", true), ("YES", true), ("1", true), ("False", false), ("no ", false), ("0", false)]
        {
            check(FieldType::Flag, cell, &format!("Some(Flag({flag}))"));
        }
        check(FieldType::Flag, "ja", r#"Some(Text("ja"))"#);
    }

    #[test]
    fn empty_cells_say_nothing() {
        for ty in [COUNT, MONEY, TEXT, JSON, FieldType::Flag, FieldType::Time] {
            check(ty, "", "None");
        }
        check(COUNT, "  ", "None");
        check(TEXT, " a ", r#"Some(Text(" a "))"#);
    }

    #[test]
    fn other_types_are_read_from_text() {
        check(FieldType::Time, " 2026-11-21T09:30:00Z", r#"Some(Text("2026-11-21T09:30:00Z"))"#);
        check(JSON, "{\"a\":1}", r#"Some(Json("{\"a\":1}"))"#);
        assert!(matches!(given(Some(COUNT), b"\xff"), Some(Given::NotUnicode)));
        assert!(matches!(given(None, b" a"), Some(Given::Text(_))));
    }
}
