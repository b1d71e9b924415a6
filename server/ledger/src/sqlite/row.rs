//! A row of any kind's table, and the record it holds.

use model::{
    record::{Kind, Record, Storage, Stored, Value},
    tenant::TenantId,
    time::Timestamp,
};
use sqlx::{
    Decode, Error, Row as _, Sqlite, Type,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};
use uuid::Uuid;

use crate::{
    HeldRecord,
    error::unreadable,
    row::{FIELDS_FROM, Row},
};

/// Reads a row whose columns begin at `from`.
pub(crate) fn read(kind: &'static Kind, row: &SqliteRow, from: usize) -> Result<Row, Error> {
    let mut at = from + FIELDS_FROM;
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
    let time = |at: usize| -> Result<Option<Timestamp>, Error> {
        Ok(get::<Option<i64>>(row, from + at)?.map(Timestamp::from_micros))
    };
    let stored = Stored {
        id: get(row, from + 1)?,
        revision: get(row, from + 2)?,
        received_at: time(3)?.unwrap_or_default(),
        exported_at: time(4)?,
        record: Record::kept(kind, values, names),
    };
    let held = HeldRecord { stored, withdrawn_at: time(5)? };
    let confirmed_at = time(6)?;
    let unmet = get::<i64>(row, from + 8)? == 1;
    Ok(Row { position: get(row, from)?, held, confirmed_at, dataverse_id: get(row, from + 7)?, unmet })
}

pub(crate) fn tenant(row: &SqliteRow, at: usize) -> Result<TenantId, Error> {
    written_id(row, at).map(TenantId)
}

/// Only the tables of kinds hold ids as bytes; elsewhere they are few, and text.
pub(crate) fn written_id(row: &SqliteRow, at: usize) -> Result<Uuid, Error> {
    Uuid::try_parse(get(row, at)?).map_err(|error| Error::Decode(error.into()))
}

/// Binds one field's content.
pub(crate) fn bind<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    value: &Value,
) -> Query<'q, Sqlite, SqliteArguments> {
    match value {
        Value::Text(text) => query.bind(text.clone()),
        Value::Uuid(id) => query.bind(*id),
        Value::Integer(number) => query.bind(*number),
        Value::Nothing => query.bind(None::<i64>),
    }
}

/// Reads one column.
pub(crate) fn get<'r, T: Decode<'r, Sqlite> + Type<Sqlite>>(
    row: &'r SqliteRow,
    at: usize,
) -> Result<T, Error> {
    row.try_get(at)
}

fn value(row: &SqliteRow, at: usize, storage: Storage) -> Result<Value, Error> {
    Ok(match storage {
        Storage::Text => get::<Option<String>>(row, at)?.map(Value::Text),
        Storage::Integer => get::<Option<i64>>(row, at)?.map(Value::Integer),
        Storage::Uuid => get::<Option<Uuid>>(row, at)?.map(Value::Uuid),
    }
    .unwrap_or(Value::Nothing))
}
