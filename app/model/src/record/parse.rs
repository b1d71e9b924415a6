//! Reads a record of any kind out of JSON, field by field, and names every field that breaks a rule.

mod members;
mod values;

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize, de};
use serde_json::value::RawValue;

use self::{
    members::Sent,
    values::{Texts, read, read_text, shape_of},
};
use super::{Kind, Need, Record, Value};
use crate::time::Timestamp;

pub use members::Guesses;

/// What is wrong with one field. The message never repeats what was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldFault {
    pub field: String,
    pub message: String,
}

impl FieldFault {
    #[must_use]
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// A body's records, each still unread.
#[derive(Debug)]
pub enum Elements<'a> {
    One(&'a str),
    Many(Vec<&'a str>),
}

/// Splits a body into its records. An error is for what is not JSON at all.
///
/// # Errors
/// When the body is not JSON.
pub fn elements(body: &str) -> Result<Elements<'_>, serde_json::Error> {
    if body.trim_ascii_start().starts_with('[') {
        let items: Vec<&RawValue> = serde_json::from_str(body)?;
        return Ok(Elements::Many(items.into_iter().map(RawValue::get).collect()));
    }
    let one: &RawValue = serde_json::from_str(body)?;
    Ok(Elements::One(one.get()))
}

/// Reads one record. `now` is the time of arrival.
///
/// # Errors
/// Every field that is wrong, missing or unknown.
pub fn parse(kind: &Kind, json: &str, now: Timestamp) -> Result<Record, Vec<FieldFault>> {
    parse_one_of_many(kind, json, now, &mut Guesses::default())
}

/// Reads one record of a body that holds several, which share the guesses at what was meant.
///
/// # Errors
/// Every field that is wrong, missing or unknown.
pub fn parse_one_of_many(
    kind: &Kind,
    json: &str,
    now: Timestamp,
    guesses: &mut Guesses,
) -> Result<Record, Vec<FieldFault>> {
    read_record(kind, json, now, Texts::New, guesses)
}

/// Reads what was taken in here once and comes back: its texts kept to the rules of their day, which may have been fewer.
///
/// # Errors
/// Every field that is wrong, missing or unknown.
pub fn parse_again(kind: &Kind, json: &str, now: Timestamp) -> Result<Record, Vec<FieldFault>> {
    read_record(kind, json, now, Texts::Known, &mut Guesses::default())
}

fn read_record(
    kind: &Kind,
    json: &str,
    now: Timestamp,
    texts: Texts,
    guesses: &mut Guesses,
) -> Result<Record, Vec<FieldFault>> {
    let mut faults = Vec::new();
    let sent = Sent::of(kind, members(json).map_err(|fault| vec![fault])?, guesses, &mut faults);
    let mut values = Vec::with_capacity(kind.fields.len());
    let mut timed = true;
    for (field, raw) in kind.fields.iter().zip(sent.fields) {
        timed &= field.need != Need::Arrival || raw.is_some();
        match read(field, raw, now, texts) {
            Ok(value) => values.push(value),
            Err(message) => {
                faults.push(FieldFault::new(field.json, message));
                values.push(Value::Nothing);
            }
        }
    }
    let name = kind.naming.as_ref().zip(sent.name).and_then(|(naming, raw)| {
        let text = read_text(raw, naming.max_chars, texts);
        text.map_err(|message| faults.push(FieldFault::new(naming.json, message))).ok()
    });
    faults.extend((kind.check)(&values));
    if !faults.is_empty() {
        return Err(faults);
    }
    (kind.derive)(&mut values);
    Ok(Record { values, name, timed })
}

type Members<'a> = Vec<(Cow<'a, str>, &'a str)>;

/// The members of an object in their order, twins included, each value as it was written.
fn members(json: &str) -> Result<Members<'_>, FieldFault> {
    struct Pairs<'a>(Members<'a>);
    struct Visitor;
    impl<'de> de::Visitor<'de> for Visitor {
        type Value = Pairs<'de>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
            let mut pairs = Vec::new();
            while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                pairs.push((key, map.next_value::<&RawValue>()?.get()));
            }
            Ok(Pairs(pairs))
        }
    }
    impl<'de> Deserialize<'de> for Pairs<'de> {
        fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(Visitor)
        }
    }
    serde_json::from_str::<Pairs<'_>>(json).map(|pairs| pairs.0).map_err(|_| {
        FieldFault::new("", format!("must be an object with a record's fields; this is {}", shape_of(json)))
    })
}

#[cfg(test)]
mod tests;
