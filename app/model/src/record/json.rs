//! Writes a record of any kind as JSON: decimals as texts of fixed scale, times in RFC 3339, what is not known as null.

use serde_json::{Map, Value as Json};

use super::{Field, FieldType, Record, Value};
use crate::{decimal, time::Timestamp};

/// The record's fields under their JSON names.
#[must_use]
pub fn to_json(record: &Record) -> Map<String, Json> {
    record.fields().map(|(field, value)| (field.json.to_owned(), field_json(field, value))).collect()
}

/// The record's fields and the names that came with it, as people and programs see it.
#[must_use]
pub fn shown(record: &Record) -> Map<String, Json> {
    let mut members = to_json(record);
    for (pointer, name) in record.kind().pointers.iter().zip(record.names()) {
        if let Some(member) = pointer.name {
            members.insert(member.json.to_owned(), name.clone().map_or(Json::Null, Json::from));
        }
    }
    members
}

/// One field's content as JSON.
#[must_use]
pub fn field_json(field: &Field, value: &Value) -> Json {
    match (value, field.ty) {
        (Value::Nothing, _) => Json::Null,
        (Value::Text(text), FieldType::Json { .. }) => serde_json::from_str(text).unwrap_or(Json::Null),
        (Value::Text(text), _) => Json::from(text.as_str()),
        (Value::Integer(number), FieldType::Decimal { scale, .. }) => {
            Json::from(decimal::format(*number, scale))
        }
        (Value::Integer(number), FieldType::Time) => Json::from(Timestamp::from_micros(*number).to_string()),
        (Value::Integer(number), FieldType::Flag) => Json::from(*number != 0),
        (Value::Integer(number), _) => Json::from(*number),
        (Value::Uuid(id), _) => Json::from(id.to_string()),
    }
}
