//! A row of any kind's table, and the record it holds.

use model::{
    record::{Kind, Record, Storage, Stored, Value},
    time::Timestamp,
};
use sqlx::{Decode, Error, Postgres, Row as _, Type, postgres::PgRow};
use uuid::Uuid;

use crate::{
    HeldRecord,
    error::unreadable,
    row::{FIELDS_FROM, Row},
};

/// Reads a row as `statements` hands it over.
pub(crate) fn read(kind: &'static Kind, row: &PgRow) -> Result<Row, Error> {
    let mut at = FIELDS_FROM;
    let mut values = Vec::with_capacity(kind.fields.len());
    for field in kind.fields {
        values.push(
            value(row, at, field.ty.storage()).map_err(|error| unreadable(kind, field.column, &error))?,
        );
        at += 1;
    }
    let mut names = Vec::with_capacity(kind.pointers.len());
    for _ in kind.pointers {
        names.push(get(row, at)?);
        at += 1;
    }
    let stored = Stored {
        id: get::<Uuid>(row, 1)?,
        revision: get(row, 2)?,
        received_at: time(row, 3)?.unwrap_or_default(),
        exported_at: time(row, 4)?,
        record: Record::kept(kind, values, names),
    };
    let held = HeldRecord { stored, withdrawn_at: time(row, 5)? };
    let confirmed_at = time(row, 6)?;
    let unmet = get::<i64>(row, 8)? == 1;
    Ok(Row { position: get(row, 0)?, held, confirmed_at, dataverse_id: get(row, 7)?, unmet })
}

/// Reads one column.
pub(crate) fn get<'r, T: Decode<'r, Postgres> + Type<Postgres>>(
    row: &'r PgRow,
    at: usize,
) -> Result<T, Error> {
    row.try_get(at)
}

fn time(row: &PgRow, at: usize) -> Result<Option<Timestamp>, Error> {
    Ok(get::<Option<i64>>(row, at)?.map(Timestamp::from_micros))
}

fn value(row: &PgRow, at: usize, storage: Storage) -> Result<Value, Error> {
    Ok(match storage {
        Storage::Text => get::<Option<String>>(row, at)?.map(Value::Text),
        Storage::Integer => get::<Option<i64>>(row, at)?.map(Value::Integer),
        Storage::Uuid => get::<Option<Uuid>>(row, at)?.map(Value::Uuid),
    }
    .unwrap_or(Value::Nothing))
}
