//! A row of any kind's table, and the record it holds.

use model::{
    record::{Kind, Record, Shape, Stored, Value},
    tenant::TenantId,
    time::Timestamp,
};
use sqlx::{
    Decode, Error, Row as _, Sqlite, Type,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};
use uuid::Uuid;

use super::statements::FIELDS_FROM;
use crate::{Held, row::Row};

/// Reads a row whose columns begin at `from`.
pub(super) fn read(kind: &Kind, row: &SqliteRow, from: usize) -> Result<Row, Error> {
    let mut values = Vec::with_capacity(kind.fields.len());
    for (at, field) in kind.fields.iter().enumerate() {
        values.push(value(row, from + FIELDS_FROM + at, field.shape)?);
    }
    let time = |at: usize| -> Result<Option<Timestamp>, Error> {
        Ok(get::<Option<i64>>(row, from + at)?.map(Timestamp::from_micros))
    };
    let record = Record { values, name: get(row, from + 7)?, timed: true };
    let stored = Stored {
        id: get(row, from + 1)?,
        revision: get(row, from + 2)?,
        received_at: time(3)?.unwrap_or_default(),
        exported_at: time(4)?,
        record,
    };
    let held = Held { stored, withdrawn_at: time(5)? };
    let confirmed_at = time(6)?;
    let unmet = get::<i64>(row, from + 9)? == 1;
    Ok(Row { position: get(row, from)?, held, confirmed_at, dataverse_id: get(row, from + 8)?, unmet })
}

pub(super) fn tenant(row: &SqliteRow, at: usize) -> Result<TenantId, Error> {
    written_id(row, at).map(TenantId)
}

/// Only the tables of kinds hold ids as bytes; elsewhere they are few, and text.
pub(super) fn written_id(row: &SqliteRow, at: usize) -> Result<Uuid, Error> {
    Uuid::try_parse(get(row, at)?).map_err(|error| Error::Decode(error.into()))
}

/// Binds one field's content.
pub(super) fn bind<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    value: &Value,
) -> Query<'q, Sqlite, SqliteArguments> {
    match value {
        Value::Text(text) => query.bind(text.clone()),
        other => query.bind(other.number()),
    }
}

/// Reads one column.
pub(super) fn get<'r, T: Decode<'r, Sqlite> + Type<Sqlite>>(
    row: &'r SqliteRow,
    at: usize,
) -> Result<T, Error> {
    row.try_get(at)
}

fn value(row: &SqliteRow, at: usize, shape: Shape) -> Result<Value, Error> {
    if matches!(shape, Shape::Text { .. }) {
        return Ok(get::<Option<String>>(row, at)?.map_or(Value::Nothing, Value::Text));
    }
    Ok(get::<Option<i64>>(row, at)?.map_or(Value::Nothing, |number| match shape {
        Shape::Decimal { .. } => Value::Decimal(number),
        Shape::Time => Value::Time(Timestamp::from_micros(number)),
        Shape::Text { .. } | Shape::Whole { .. } => Value::Whole(number),
    }))
}
