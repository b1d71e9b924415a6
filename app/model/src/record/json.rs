//! Writes a record of any kind as JSON: decimals as texts of fixed scale, times in RFC 3339, what is not known as null.

use serde_json::{Map, Value as Json};

use super::{Field, Kind, Record, Shape, Value};
use crate::decimal;

/// The record's fields under their JSON names.
#[must_use]
pub fn to_json(kind: &Kind, record: &Record) -> Map<String, Json> {
    kind.fields
        .iter()
        .zip(&record.values)
        .map(|(field, value)| (field.json.to_owned(), field_json(field, value)))
        .collect()
}

/// One field's content as JSON.
#[must_use]
pub fn field_json(field: &Field, value: &Value) -> Json {
    match (value, field.shape) {
        (Value::Nothing, _) => Json::Null,
        (Value::Text(text), _) => Json::from(text.as_str()),
        (Value::Decimal(number), Shape::Decimal { scale, .. }) => Json::from(decimal::format(*number, scale)),
        (Value::Whole(number) | Value::Decimal(number), _) => Json::from(*number),
        (Value::Time(at), _) => Json::from(at.to_string()),
    }
}
