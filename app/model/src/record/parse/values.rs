//! Reads one field's content by its shape, and says how it breaks the rule.

use std::borrow::Cow;

use crate::{
    decimal,
    privacy::personal_data,
    record::{Field, Need, Shape, Value},
    text,
    time::{DAY, Timestamp},
};

/// Which rules the texts of a record are held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Texts {
    /// Those of today.
    New,
    /// They were taken already.
    Known,
}

pub(super) fn read(field: &Field, raw: Option<&str>, now: Timestamp, texts: Texts) -> Result<Value, String> {
    let Some(raw) = raw.filter(|_| field.need != Need::Derived) else {
        return match field.need {
            Need::Required => Err("is required".to_owned()),
            Need::Nought => Ok(nought(field.shape)),
            Need::Arrival => Ok(Value::Time(now)),
            Need::Optional | Need::Derived => Ok(Value::Nothing),
        };
    };
    match field.shape {
        Shape::Text { max_chars } => read_text(raw, max_chars, texts).map(Value::Text),
        Shape::Whole { max } => read_whole(raw, max).map(Value::Whole),
        Shape::Decimal { scale, max } => read_decimal(raw, scale, max).map(Value::Decimal),
        Shape::Time => read_time(raw, now).map(Value::Time),
    }
}

fn nought(shape: Shape) -> Value {
    if matches!(shape, Shape::Decimal { .. }) { Value::Decimal(0) } else { Value::Whole(0) }
}

pub(super) fn read_text(raw: &str, max_chars: usize, texts: Texts) -> Result<String, String> {
    let rule = format_args!("must be a text of 1 to {max_chars} characters");
    if !raw.starts_with('"') {
        return Err(format!("{rule}; this is {}", shape_of(raw)));
    }
    let text: String =
        serde_json::from_str(raw).map_err(|_| format!("{rule}; this one is not valid Unicode"))?;
    let length = text::length(&text);
    if text.is_empty() || length > max_chars {
        return Err(format!("{rule}; this one has {length}"));
    }
    if texts == Texts::Known {
        return Ok(text);
    }
    if let Some(flaw) = text::flaw(&text) {
        return Err(format!("{rule}, {flaw}"));
    }
    if let Some(what) = personal_data(&text) {
        return Err(format!("looks like {what}; personal data is not taken, send a pseudonymous id"));
    }
    Ok(text)
}

fn read_whole(raw: &str, max: i64) -> Result<i64, String> {
    let rule = format_args!("must be a whole number from 0 to {max}");
    if !is_number(raw) {
        return Err(format!("{rule}; this is {}", shape_of(raw)));
    }
    let number = decimal::parse(raw, 0).ok_or_else(|| format!("{rule}; this one is out of range"))?;
    if !decimal::is_whole(raw) {
        return Err(format!("{rule}; this one has a fraction"));
    }
    if !(0..=max).contains(&number) {
        return Err(format!("{rule}; this one is out of range"));
    }
    Ok(number)
}

fn read_decimal(raw: &str, scale: u8, max: i64) -> Result<i64, String> {
    let rule =
        || format!("must be a decimal from 0 to {}, as a number or a text", decimal::format(max, scale));
    let text = if raw.starts_with('"') {
        serde_json::from_str::<Cow<'_, str>>(raw).ok()
    } else {
        Some(Cow::from(raw))
    };
    let Some(text) = text.filter(|text| raw.starts_with('"') || is_number(text)) else {
        return Err(format!("{}; this is {}", rule(), shape_of(raw)));
    };
    let number = decimal::parse(&text, scale)
        .ok_or_else(|| format!("{}; this one is none, or far out of range", rule()))?;
    // A rounded 0 hides its sign: what was below 0 is refused all the same.
    if !(0..=max).contains(&number)
        || (text.starts_with('-') && text.bytes().any(|b| matches!(b, b'1'..=b'9')))
    {
        return Err(format!("{}; this one is out of range", rule()));
    }
    Ok(number)
}

fn read_time(raw: &str, now: Timestamp) -> Result<Timestamp, String> {
    let rule = "must be a time as in \"2026-11-21T09:30:00Z\"";
    if !raw.starts_with('"') {
        return Err(format!("{rule}; this is {}", shape_of(raw)));
    }
    let at = serde_json::from_str::<Cow<'_, str>>(raw).ok().and_then(|text| Timestamp::parse(&text));
    let at = at.ok_or_else(|| format!("{rule}; this one is written otherwise"))?;
    if at < Timestamp::EARLIEST || at > now.plus(DAY) {
        return Err("must be a time from the year 2000 to one day ahead".to_owned());
    }
    Ok(at)
}

fn is_number(raw: &str) -> bool {
    raw.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

pub(super) fn shape_of(raw: &str) -> &'static str {
    match raw.trim_ascii_start().bytes().next() {
        Some(b'"') => "a text",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "true or false",
        Some(b'n') => "null",
        Some(_) => "a number",
        None => "nothing",
    }
}
