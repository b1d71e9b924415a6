//! Reads drafts of a kind's records out of JSON, and names every member that is not the record's.

mod members;

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize, de};
use serde_json::value::RawValue;

use super::{Draft, Given, Kind, Record};
use crate::time::Timestamp;

pub use members::Guesses;

/// What is wrong with one field. The message never repeats what was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldFault {
    /// The field's name in JSON, or the empty text where it concerns the whole.
    pub field: String,
    /// What is wrong, without repeating what was sent.
    pub message: String,
}

impl FieldFault {
    /// A fault of this field.
    #[must_use]
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// A body's records, each still unread.
#[derive(Debug)]
pub enum Body<'a> {
    One(&'a str),
    Many(Vec<&'a str>),
}

/// Splits a body into its records.
///
/// # Errors
/// When it is not JSON at all.
pub fn body(text: &str) -> Result<Body<'_>, serde_json::Error> {
    if text.trim_ascii_start().starts_with('[') {
        let items: Vec<&RawValue> = serde_json::from_str(text)?;
        return Ok(Body::Many(items.into_iter().map(RawValue::get).collect()));
    }
    let one: &RawValue = serde_json::from_str(text)?;
    Ok(Body::One(one.get()))
}

/// Reads one record. `now` is the time of arrival.
///
/// # Errors
/// Every field that is wrong, missing or unknown.
pub fn parse(kind: &'static Kind, json: &str, now: Timestamp) -> Result<Record, Vec<FieldFault>> {
    read(kind, json, &mut Guesses::default())?.accept(now)
}

/// Reads a draft of one record. The records of one body share the guesses at what was meant.
///
/// # Errors
/// When it is no object. Members that are not the record's are told when the draft is accepted.
pub fn read<'a>(
    kind: &'static Kind,
    json: &'a str,
    guesses: &mut Guesses,
) -> Result<Draft<'a>, Vec<FieldFault>> {
    let members = members(json).map_err(|fault| vec![fault])?;
    Ok(members::draft(kind, members, guesses))
}

/// The same of members that were split already, and some of which may bear other names or be left out since.
pub fn read_members<'a>(
    kind: &'static Kind,
    members: impl IntoIterator<Item = (Cow<'a, str>, &'a str)>,
    guesses: &mut Guesses,
) -> Draft<'a> {
    members::draft(kind, members.into_iter().collect(), guesses)
}

/// One value as JSON writes it.
fn given(raw: &str) -> Given<'_> {
    match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<String>(raw)
            .map_or(Given::NotUnicode, |text| Given::Text(Cow::Owned(text))),
        Some(b'{' | b'[') => Given::Json(Cow::Borrowed(raw)),
        Some(b't') => Given::Flag(true),
        Some(b'f') => Given::Flag(false),
        Some(b'n') => Given::Null,
        _ => Given::Number(Cow::Borrowed(raw)),
    }
}

/// What JSON looks like, for a message that must not repeat it.
fn shape_of(json: &str) -> &'static str {
    if json.trim_ascii_start().is_empty() { "nothing" } else { given(json.trim_ascii_start()).shape() }
}

/// Names, and each value as it was written.
type Members<'a> = Vec<(Cow<'a, str>, &'a str)>;

/// The members of an object in their order, duplicates included, each value as it was written.
///
/// # Errors
/// When it is no object.
pub fn members(json: &str) -> Result<Members<'_>, FieldFault> {
    struct Pairs<'a>(Members<'a>);
    struct BodyVisitor;
    impl<'de> de::Visitor<'de> for BodyVisitor {
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
            deserializer.deserialize_map(BodyVisitor)
        }
    }
    serde_json::from_str::<Pairs<'_>>(json).map(|pairs| pairs.0).map_err(|_| {
        let message = match shape_of(json) {
            "an object" => {
                "has a member whose name is no text: escapes such as \\ud800 come in pairs".to_owned()
            }
            shape => format!("must be an object with a record's fields; this is {shape}"),
        };
        FieldFault::new("", message)
    })
}

#[cfg(test)]
mod tests;
