//! A row of any kind's table, and the record it holds.

use model::{
    record::{Kind, Record, Shape, Stored, Value},
    time::Timestamp,
};
use sqlx::{Decode, Error, Postgres, Row as _, Type, postgres::PgRow};
use uuid::Uuid;

use super::statements::FIELDS_FROM;
use crate::{Held, row::Row};

/// Reads a row as `statements` hands it over.
pub(super) fn read(kind: &Kind, row: &PgRow) -> Result<Row, Error> {
    let mut values = Vec::with_capacity(kind.fields.len());
    for (at, field) in kind.fields.iter().enumerate() {
        values.push(value(row, FIELDS_FROM + at, field.shape)?);
    }
    let stored = Stored {
        id: get::<Uuid>(row, 1)?,
        revision: get(row, 2)?,
        received_at: time(row, 3)?.unwrap_or_default(),
        exported_at: time(row, 4)?,
        record: Record { values, name: get(row, 7)?, timed: true },
    };
    let held = Held { stored, withdrawn_at: time(row, 5)? };
    let confirmed_at = time(row, 6)?;
    let unmet = get::<i64>(row, 9)? == 1;
    Ok(Row { position: get(row, 0)?, held, confirmed_at, dataverse_id: get(row, 8)?, unmet })
}

/// Reads one column.
pub(super) fn get<'r, T: Decode<'r, Postgres> + Type<Postgres>>(
    row: &'r PgRow,
    at: usize,
) -> Result<T, Error> {
    row.try_get(at)
}

fn time(row: &PgRow, at: usize) -> Result<Option<Timestamp>, Error> {
    Ok(get::<Option<i64>>(row, at)?.map(Timestamp::from_micros))
}

fn value(row: &PgRow, at: usize, shape: Shape) -> Result<Value, Error> {
    let number = |made: fn(i64) -> Value| -> Result<Value, Error> {
        Ok(get::<Option<i64>>(row, at)?.map_or(Value::Nothing, made))
    };
    match shape {
        Shape::Text { .. } => Ok(get::<Option<String>>(row, at)?.map_or(Value::Nothing, Value::Text)),
        Shape::Whole { .. } => number(Value::Whole),
        Shape::Decimal { .. } => number(Value::Decimal),
        Shape::Time => number(|micros| Value::Time(Timestamp::from_micros(micros))),
    }
}
