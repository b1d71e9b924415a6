//! Out of JSON into a column, with the column's own rules. Numbers are read from their text, never through a float.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Cell;
use super::decimal::Decimal;
use super::time::{self, TimeError};
use crate::fault::{Fault, Result};
use crate::schema::{Behaviour, CellKind, Column, Schema, Table};

/// The members of a JSON object in the order sent, values unread.
#[derive(Debug)]
pub(crate) struct JsonMembers<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for JsonMembers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = JsonMembers<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key::<Name<'de>>()? {
                    members.push((name.0, map.next_value()?));
                }
                Ok(JsonMembers(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// A member's name, borrowed where it holds no escape.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Borrow;
        impl<'de> Visitor<'de> for Borrow {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> std::result::Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> std::result::Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrow)
    }
}

/// A JSON value as this column keeps it.
pub(crate) fn read(schema: &Schema, table: &Table, column: &Column, raw: &RawValue) -> Result<Cell> {
    let text = raw.get();
    if text == "null" {
        return Ok(Cell::Null);
    }
    let mismatch = || {
        let message = format!(
            "Cannot convert the literal '{}' to the expected type '{}'.",
            bare(text),
            column.kind.edm()
        );
        Fault::payload(&table.set, message)
    };
    let string = || serde_json::from_str::<String>(text).map_err(|_| mismatch());
    match &column.kind {
        CellKind::Text { max_length } | CellKind::Memo { max_length } => {
            let value = string()?;
            within_length(table, column, &value, *max_length)?;
            Ok(Cell::Text(value))
        }
        CellKind::Integer { min, max } => {
            let number: i64 = text.parse().map_err(|_| mismatch())?;
            let number = i32::try_from(number).map_err(|_| mismatch())?;
            if number < *min || number > *max {
                return Err(out_of_range(table, column));
            }
            Ok(Cell::Integer(i64::from(number)))
        }
        CellKind::BigInteger => Ok(Cell::Integer(text.parse().map_err(|_| mismatch())?)),
        CellKind::Decimal { .. } | CellKind::Money { .. } => {
            decimal(table, column, text).ok_or_else(mismatch)?
        }
        CellKind::Double { min, max, .. } => {
            let number: f64 = text.parse().map_err(|_| mismatch())?;
            if !(number >= *min && number <= *max) {
                return Err(out_of_range(table, column));
            }
            Ok(Cell::Real(number))
        }
        CellKind::Boolean { .. } => match text {
            "true" => Ok(Cell::Integer(1)),
            "false" => Ok(Cell::Integer(0)),
            _ => Err(mismatch()),
        },
        CellKind::DateTime(Behaviour::DateOnly) => day(&string()?, column).map(Cell::Text),
        CellKind::DateTime(_) => match time::seconds(&string()?) {
            Ok(seconds) => Ok(Cell::Integer(seconds)),
            Err(error) => Err(no_time(error, column)),
        },
        CellKind::Choice(choice) => {
            let number: i32 = text.parse().map_err(|_| mismatch())?;
            known_option(schema, table, column, choice, number)?;
            Ok(Cell::Integer(i64::from(number)))
        }
        CellKind::MultiChoice(choice) => {
            let value = string()?;
            let mut numbers = Vec::new();
            for part in value.split(',').map(str::trim).filter(|part| !part.is_empty()) {
                let number: i32 = part.parse().map_err(|_| mismatch())?;
                known_option(schema, table, column, choice, number)?;
                numbers.push(number);
            }
            numbers.sort_unstable();
            numbers.dedup();
            let joined = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
            Ok(if joined.is_empty() { Cell::Null } else { Cell::Text(joined) })
        }
        CellKind::Id | CellKind::Guid => string()?.parse().map(Cell::Id).map_err(|_| mismatch()),
        CellKind::Lookup { .. } | CellKind::Version | CellKind::Fixed(_) => Err(mismatch()),
    }
}

fn decimal(table: &Table, column: &Column, text: &str) -> Option<Result<Cell>> {
    let (scale, min, max) = column.kind.decimal()?;
    let number = Decimal::parse(text)?;
    let Some(units) = number.rounded(scale) else { return Some(Err(out_of_range(table, column))) };
    #[expect(clippy::cast_precision_loss, reason = "bounds are floats in the definition already")]
    let value = units as f64 / 10_f64.powi(i32::try_from(scale).unwrap_or(0));
    if value < min || value > max {
        return Some(Err(out_of_range(table, column)));
    }
    Some(Ok(Cell::Integer(units)))
}

fn within_length(table: &Table, column: &Column, value: &str, most: u32) -> Result<()> {
    // Dataverse counts UTF-16 units, as .NET does.
    if value.len() <= most as usize || value.encode_utf16().count() <= most as usize {
        return Ok(());
    }
    Err(Fault::bad(
        "0x80044331",
        format!(
            "A validation error occurred.  The length of the '{}' attribute of the '{}' entity exceeded the maximum \
             allowed length of '{most}'.",
            column.logical, table.logical
        ),
    ))
}

fn out_of_range(table: &Table, column: &Column) -> Fault {
    Fault::argument(format!(
        "A validation error occurred. The value of '{}' on record of type '{}' is outside the valid range.",
        column.logical, table.logical
    ))
}

fn known_option(
    schema: &Schema,
    table: &Table,
    column: &Column,
    choice: &crate::schema::ChoiceOf,
    number: i32,
) -> Result<()> {
    let options = schema.options(choice);
    if options.iter().any(|option| option.value == number) {
        return Ok(());
    }
    let accepted: Vec<String> = options.iter().map(|option| option.value.to_string()).collect();
    Err(Fault::argument(format!(
        "A validation error occurred. The value {number} of '{}' on record of type '{}' is outside the valid range. \
         Accepted Values: {}",
        column.logical,
        table.logical,
        accepted.join(",")
    )))
}

fn day(text: &str, column: &Column) -> Result<String> {
    time::day(text).map_err(|error| no_time(error, column))
}

fn no_time(error: TimeError, column: &Column) -> Fault {
    match error {
        TimeError::TooEarly => Fault::bad(
            "0x80040239",
            "DateTime is less than minumum value supported by CrmDateTime. Actual value: before 1753, Minimum value \
             supported: 01/01/1753 00:00:00",
        ),
        TimeError::Unreadable => Fault::bad(
            "0x80048d19",
            format!("Cannot convert a value to target type 'Edm.DateTimeOffset' for '{}'.", column.logical),
        ),
    }
}

/// The value without its quotes, cut short: errors are read by people.
fn bare(text: &str) -> String {
    text.trim_matches('"').chars().take(100).collect()
}
