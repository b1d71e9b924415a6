//! Reads a record of any kind out of JSON, field by field, and names every field that breaks a rule.

use std::{borrow::Cow, collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize, de};
use serde_json::value::RawValue;

use super::{Field, Kind, Need, Record, Shape, Value};
use crate::{
    decimal,
    privacy::personal_data,
    time::{DAY, Instant},
};

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
pub fn parse(kind: &Kind, json: &str, now: Instant) -> Result<Record, Vec<FieldFault>> {
    let mut faults = Vec::new();
    let sent = Sent::of(kind, members(json).map_err(|fault| vec![fault])?, &mut faults);
    let mut values = Vec::with_capacity(kind.fields.len());
    let mut timed = true;
    for (field, raw) in kind.fields.iter().zip(sent.fields) {
        timed &= field.need != Need::Arrival || raw.is_some();
        match read(field, raw, now) {
            Ok(value) => values.push(value),
            Err(message) => {
                faults.push(FieldFault::new(field.json, message));
                values.push(Value::Nothing);
            }
        }
    }
    let name = kind.naming.as_ref().zip(sent.name).and_then(|(naming, raw)| {
        let text = read_text(raw, naming.max_chars);
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

/// The members that a sender may fill, in the order of the kind's fields.
struct Sent<'a> {
    fields: Vec<Option<&'a str>>,
    name: Option<&'a str>,
}

impl<'a> Sent<'a> {
    /// Says of every other member what is wrong with it.
    fn of(kind: &Kind, members: Members<'a>, faults: &mut Vec<FieldFault>) -> Self {
        let mut sent = Self { fields: vec![None; kind.fields.len()], name: None };
        let mut strays = BTreeSet::new();
        for (key, raw) in members {
            let at = kind.fields.iter().position(|field| field.json == key);
            let place = match at {
                Some(at) if kind.fields[at].need != Need::Derived => Some(&mut sent.fields[at]),
                None if kind.naming.as_ref().is_some_and(|naming| naming.json == key) => Some(&mut sent.name),
                _ => None,
            };
            match place {
                Some(place @ None) => *place = Some(raw),
                Some(Some(_)) => faults.push(twin(&key)),
                None if !strays.insert(key.clone()) => faults.push(twin(&key)),
                None if at.is_some() => {
                    faults.push(FieldFault::new(key, "is computed here; leave it out"));
                }
                None => faults.push(FieldFault::new(shown_name(&key), unknown(kind, &key))),
            }
        }
        sent
    }
}

fn twin(key: &str) -> FieldFault {
    FieldFault::new(key, "is there twice; send it once")
}

/// A name that nobody here chose is repeated only as far as it can be a slip of the pen.
fn shown_name(key: &str) -> String {
    key.chars().filter(|c| !c.is_control()).take(64).collect()
}

fn unknown(kind: &Kind, key: &str) -> String {
    let fields = kind.fields.iter().filter(|field| field.need != Need::Derived).map(|field| field.json);
    let near = fields
        .chain(kind.naming.as_ref().map(|naming| naming.json))
        .map(|name| (strsim::damerau_levenshtein(&fold(key), &fold(name)), name))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, name)| *distance <= 2.max(name.len() / 3));
    match near {
        Some((_, name)) => format!("is not a field of this record; did you mean {name}?"),
        None => "is not a field of this record".to_owned(),
    }
}

/// `campaign_id` and `CampaignID` are slips for `campaignId`, not other words.
fn fold(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).take(64).collect::<String>().to_lowercase()
}

fn read(field: &Field, raw: Option<&str>, now: Instant) -> Result<Value, String> {
    let Some(raw) = raw.filter(|_| field.need != Need::Derived) else {
        return match field.need {
            Need::Required => Err("is required".to_owned()),
            Need::Nought => Ok(nought(field.shape)),
            Need::Arrival => Ok(Value::Time(now)),
            Need::Optional | Need::Derived => Ok(Value::Nothing),
        };
    };
    match field.shape {
        Shape::Text { max_chars } => read_text(raw, max_chars).map(Value::Text),
        Shape::Whole { max } => read_whole(raw, max).map(Value::Whole),
        Shape::Decimal { scale, max } => read_decimal(raw, scale, max).map(Value::Decimal),
        Shape::Time => read_time(raw, now).map(Value::Time),
    }
}

fn nought(shape: Shape) -> Value {
    if matches!(shape, Shape::Decimal { .. }) { Value::Decimal(0) } else { Value::Whole(0) }
}

fn read_text(raw: &str, max_chars: usize) -> Result<String, String> {
    let rule = format_args!("must be a text of 1 to {max_chars} characters");
    if !raw.starts_with('"') {
        return Err(format!("{rule}; this is {}", shape_of(raw)));
    }
    let text: String =
        serde_json::from_str(raw).map_err(|_| format!("{rule}; this one is not valid Unicode"))?;
    let length = text.chars().count();
    if text.is_empty() || length > max_chars {
        return Err(format!("{rule}; this one has {length}"));
    }
    if text.chars().any(char::is_control) {
        return Err(format!("{rule}, none of them a control character"));
    }
    if text.trim() != text {
        return Err(format!("{rule}, without white space at its ends"));
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
    // With nine more decimals than a whole number has, a fraction cannot hide behind the rounding.
    let number = decimal::parse(raw, 0).ok_or_else(|| format!("{rule}; this one is out of range"))?;
    let exact = raw.bytes().all(|b| b.is_ascii_digit())
        || decimal::parse(raw, 9).is_none_or(|fine| fine == number.saturating_mul(1_000_000_000));
    if !exact {
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
    // A rounded nought hides its sign: what was below nought is refused all the same.
    if !(0..=max).contains(&number)
        || (text.starts_with('-') && text.bytes().any(|b| matches!(b, b'1'..=b'9')))
    {
        return Err(format!("{}; this one is out of range", rule()));
    }
    Ok(number)
}

fn read_time(raw: &str, now: Instant) -> Result<Instant, String> {
    let rule = "must be a time as in \"2026-11-21T09:30:00Z\"";
    if !raw.starts_with('"') {
        return Err(format!("{rule}; this is {}", shape_of(raw)));
    }
    let at = serde_json::from_str::<Cow<'_, str>>(raw).ok().and_then(|text| Instant::parse(&text));
    let at = at.ok_or_else(|| format!("{rule}; this one is written otherwise"))?;
    if at < Instant::EARLIEST || at > now.plus(DAY) {
        return Err("must be a time from the year 2000 to one day ahead".to_owned());
    }
    Ok(at)
}

fn is_number(raw: &str) -> bool {
    raw.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

fn shape_of(raw: &str) -> &'static str {
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

#[cfg(test)]
mod tests;
