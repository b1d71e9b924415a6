//! Holds one field's content against its type, and says how it breaks the rule. No message repeats what was sent.

use std::{borrow::Cow, ops::RangeInclusive};

use serde_json::Value as Json;
use uuid::Uuid;

use super::{Field, FieldType, JsonRoot, Need, PersonalData, Value, draft::Given};
use crate::{
    decimal, privacy, text,
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

pub(super) fn check(
    field: &Field,
    given: Option<&Given<'_>>,
    now: Timestamp,
    texts: Texts,
) -> Result<Value, String> {
    let Some(given) = given.filter(|_| field.need != Need::Derived) else {
        return match field.need {
            Need::Required => Err("is required".to_owned()),
            Need::DefaultZero => Ok(Value::Integer(0)),
            Need::DefaultNow => Ok(Value::Integer(now.micros())),
            Need::Optional | Need::Derived => Ok(Value::Nothing),
        };
    };
    content(field.ty, given, now, texts).map_err(|flaw| flaw.sentence(field.ty))
}

fn content(ty: FieldType, given: &Given<'_>, now: Timestamp, texts: Texts) -> Result<Value, Flaw> {
    let refuses = |personal: PersonalData| personal == PersonalData::Refused && texts == Texts::New;
    match ty {
        FieldType::Text { max_chars } => line(given, max_chars, texts).map(Value::Text),
        FieldType::LongText { max_chars, personal_data } => {
            lines(given, max_chars, refuses(personal_data)).map(Value::Text)
        }
        FieldType::Whole { min, max } => whole(given, min..=max).map(Value::Integer),
        FieldType::Decimal { scale, min, max } => decimal(given, scale, min..=max).map(Value::Integer),
        FieldType::Time => time(given, now).map(|at| Value::Integer(at.micros())),
        FieldType::Uuid => id(given).map(Value::Uuid),
        FieldType::Choice(labels) => choice(given, labels).map(Value::Text),
        FieldType::Flag => flag(given).map(|flag| Value::Integer(i64::from(flag))),
        FieldType::Json { root, max_bytes, personal_data } => {
            canonical(given, root, max_bytes, refuses(personal_data)).map(Value::Text)
        }
    }
}

/// A name that comes along with a record.
pub(super) fn check_name(given: &Given<'_>, max_chars: usize, texts: Texts) -> Result<String, String> {
    line(given, max_chars, texts).map_err(|flaw| flaw.sentence(FieldType::Text { max_chars }))
}

/// The id that a sender gives to a record.
pub(super) fn check_id(given: &Given<'_>) -> Result<Uuid, String> {
    id(given).map_err(|flaw| flaw.sentence(FieldType::Uuid))
}

/// How content breaks a rule.
enum Flaw {
    /// The end of a sentence that begins with the type's rule.
    After(String),
    /// A sentence of its own.
    Own(String),
}

impl Flaw {
    fn this_is(given: &Given<'_>) -> Self {
        Self::After(format!("; this is {}", given.shape()))
    }

    fn this_one(what: &str) -> Self {
        Self::After(format!("; this one {what}"))
    }

    fn personal(what: &str) -> Self {
        Self::Own(format!("looks like {what}; personal data is not taken, send a pseudonymous id"))
    }

    fn sentence(self, ty: FieldType) -> String {
        match self {
            Self::After(end) => format!("must be {}{end}", ty.rule()),
            Self::Own(sentence) => sentence,
        }
    }
}

fn sized_text<'a>(given: &'a Given<'_>, max_chars: usize) -> Result<&'a str, Flaw> {
    let text = match given {
        Given::Text(text) => text,
        Given::NotUnicode => return Err(Flaw::this_one("is not valid Unicode")),
        other => return Err(Flaw::this_is(other)),
    };
    let length = text::length(text);
    if length == 0 || length > max_chars {
        return Err(Flaw::this_one(&format!("has {length}")));
    }
    Ok(text)
}

fn line(given: &Given<'_>, max_chars: usize, texts: Texts) -> Result<String, Flaw> {
    let text = sized_text(given, max_chars)?;
    if texts == Texts::New {
        if let Some(flaw) = text::flaw(text) {
            return Err(Flaw::After(format!(", {flaw}")));
        }
        if let Some(what) = privacy::personal_data(text) {
            return Err(Flaw::personal(what));
        }
    }
    Ok(text.to_owned())
}

fn lines(given: &Given<'_>, max_chars: usize, refuses_personal_data: bool) -> Result<String, Flaw> {
    let text = sized_text(given, max_chars)?;
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Flaw::After(", none of them a control character but tabs and line ends".to_owned()));
    }
    match privacy::personal_data(text).filter(|_| refuses_personal_data) {
        Some(what) => Err(Flaw::personal(what)),
        None => Ok(text.to_owned()),
    }
}

fn whole(given: &Given<'_>, range: RangeInclusive<i64>) -> Result<i64, Flaw> {
    let number = match given {
        Given::Whole(number) => *number,
        Given::Number(written) => {
            let number = decimal::parse(written, 0).ok_or_else(out_of_range)?;
            if !decimal::is_whole(written) {
                return Err(Flaw::this_one("has a fraction"));
            }
            number
        }
        other => return Err(Flaw::this_is(other)),
    };
    Some(number).filter(|number| range.contains(number)).ok_or_else(out_of_range)
}

fn decimal(given: &Given<'_>, scale: u8, range: RangeInclusive<i64>) -> Result<i64, Flaw> {
    let written = match given {
        Given::Number(written) | Given::Text(written) => Cow::Borrowed(written.as_ref()),
        Given::Whole(number) => Cow::Owned(number.to_string()),
        other => return Err(Flaw::this_is(other)),
    };
    let number =
        decimal::parse(&written, scale).ok_or_else(|| Flaw::this_one("is none, or far out of range"))?;
    // A rounded 0 hides its sign: what was below 0 is refused all the same.
    let is_negative = written.starts_with('-') && written.bytes().any(|b| matches!(b, b'1'..=b'9'));
    let is_below = is_negative && *range.start() >= 0;
    Some(number).filter(|number| range.contains(number) && !is_below).ok_or_else(out_of_range)
}

fn out_of_range() -> Flaw {
    Flaw::this_one("is out of range")
}

fn time(given: &Given<'_>, now: Timestamp) -> Result<Timestamp, Flaw> {
    let at = match given {
        Given::Time(at) => *at,
        Given::Text(text) => Timestamp::parse(text).ok_or_else(|| Flaw::this_one("is written otherwise"))?,
        Given::NotUnicode => return Err(Flaw::this_one("is written otherwise")),
        other => return Err(Flaw::this_is(other)),
    };
    if at < Timestamp::EARLIEST || at > now.plus(DAY) {
        return Err(Flaw::Own("must be a time from the year 2000 to one day ahead".to_owned()));
    }
    Ok(at)
}

fn id(given: &Given<'_>) -> Result<Uuid, Flaw> {
    let id = match given {
        Given::Uuid(id) => Some(*id),
        // Of the ways to write one, the usual one: another would be another text for the same id.
        Given::Text(text) if text.len() == 36 => Uuid::try_parse(text).ok(),
        Given::Text(_) | Given::NotUnicode => None,
        other => return Err(Flaw::this_is(other)),
    };
    match id {
        Some(id) if !id.is_nil() => Ok(id),
        Some(_) => Err(Flaw::this_one("has no digit but 0")),
        None => Err(Flaw::this_one("is written otherwise")),
    }
}

fn choice(given: &Given<'_>, labels: &[&str]) -> Result<String, Flaw> {
    let Given::Text(text) = given else { return Err(Flaw::this_is(given)) };
    let label = labels.iter().find(|label| **label == *text);
    label.map(|label| (*label).to_owned()).ok_or_else(|| Flaw::this_one("is none of them"))
}

fn flag(given: &Given<'_>) -> Result<bool, Flaw> {
    if let Given::Flag(flag) = given { Ok(*flag) } else { Err(Flaw::this_is(given)) }
}

/// JSON in one form for all ways to write it, so that what is the same reads the same: members in order, no blanks.
fn canonical(
    given: &Given<'_>,
    root: JsonRoot,
    max_bytes: usize,
    refuses_personal_data: bool,
) -> Result<String, Flaw> {
    let json: Json = match given {
        Given::Json(json) => serde_json::from_str(json).map_err(|_| Flaw::this_one("is not JSON"))?,
        other => return Err(Flaw::this_is(other)),
    };
    if !matches!((root, &json), (JsonRoot::Object, Json::Object(_)) | (JsonRoot::Array, Json::Array(_))) {
        return Err(Flaw::this_is(given));
    }
    if let Some(what) = personal_data_in(&json).filter(|_| refuses_personal_data) {
        return Err(Flaw::Own(format!("holds {what}; personal data is not taken, send a pseudonymous id")));
    }
    let text = json.to_string();
    // What PostgreSQL cannot keep is kept by no store.
    if text.contains("\\u0000") {
        return Err(Flaw::this_one("holds the character U+0000"));
    }
    if text.len() > max_bytes {
        return Err(Flaw::this_one(&format!("has {}", text.len())));
    }
    Ok(text)
}

fn personal_data_in(json: &Json) -> Option<&'static str> {
    match json {
        Json::String(text) => privacy::personal_data(text),
        Json::Array(items) => items.iter().find_map(personal_data_in),
        Json::Object(members) => members
            .iter()
            .find_map(|(name, value)| privacy::personal_data(name).or_else(|| personal_data_in(value))),
        Json::Null | Json::Bool(_) | Json::Number(_) => None,
    }
}

/// A field's content as a draft holds it, out of a source that is JSON already.
impl<'a> From<&'a Json> for Given<'a> {
    fn from(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(flag) => Self::Flag(*flag),
            Json::Number(number) => Self::Number(Cow::Owned(number.to_string())),
            Json::String(text) => Self::Text(Cow::Borrowed(text)),
            Json::Array(_) | Json::Object(_) => Self::Json(Cow::Owned(json.to_string())),
        }
    }
}

#[cfg(test)]
mod tests;
