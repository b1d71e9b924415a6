//! A table of another program in the same database, read row by row.
//!
//! It is read in stretches of time, each by a statement of its own: as long as a statement runs, PostgreSQL clears away
//! nothing that was deleted since anywhere in the database, and what waits here comes and goes meanwhile.

mod stretch;

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use model::{
    record::{Draft, Field, FieldType, Given, Kind, Need},
    time::Timestamp,
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Error, PgConnection, Row as _, postgres::PgRow, raw_sql};

use self::stretch::TimeSlice;
use super::ImportError;
use crate::{
    Database, OpenError,
    postgres::{fault, row::get},
};

const EXPORTED_AT: &str = "exported_at";

pub(crate) struct SourceTable {
    connection: PgConnection,
    /// As it is written in a statement.
    table: String,
    select: Select,
    /// The first column of a time and its sort: what is read goes by it.
    time: Option<(String, String)>,
}

/// One row of it.
pub(crate) struct Foreign {
    /// What people find it by.
    pub(crate) name: String,
    pub(crate) exported_at: Option<Timestamp>,
    columns: Arc<[SourceColumn]>,
    /// The content of each column.
    texts: Vec<Option<String>>,
}

impl Foreign {
    /// What it says as a record of this kind.
    pub(crate) fn draft(&self, kind: &'static Kind) -> Draft<'_> {
        let mut draft = Draft::new(kind);
        for (column, text) in self.columns.iter().zip(&self.texts) {
            let Some(text) = text else { continue };
            match column.member {
                SourceMember::Field(at) => draft.set(at, given(&column.sort, text)),
                SourceMember::Name(at) => draft.set_name(at, Given::Text(Cow::from(text))),
            }
        }
        draft
    }
}

impl SourceTable {
    /// Looks what the table has.
    pub(crate) async fn open(database: &Database, table: &str, kind: &Kind) -> Result<Self, ImportError> {
        let (schema, name) = table.split_once('.').unwrap_or(("public", table));
        let shown = format!("{schema}.{name}");
        if schema == database.schema {
            return Err(ImportError::Own { table: shown });
        }
        let connected = database.options.connect().await;
        let mut connection = connected.map_err(|error| OpenError::Unavailable {
            place: database.place(),
            reason: fault::of(&error).to_string(),
        })?;
        let columns = columns(&mut connection, schema, name).await.map_err(|error| failed(&error))?;
        if columns.is_empty() {
            return Err(ImportError::NoTable { table: shown });
        }
        let table = format!("{}.{}", quoted(schema), quoted(name));
        let select = select(kind, &columns, &table);
        let select = select.map_err(|what| ImportError::Unfit { table: shown, what })?;
        let times = kind.fields.iter().filter(|field| field.ty == FieldType::Time).map(column_of);
        let time =
            times.filter_map(|name| Some((format!("f.{}", quoted(name)), columns.get(name)?.clone()))).next();
        Ok(Self { connection, table, select, time })
    }

    /// How many rows there are, and the stretches in which they are read, oldest first.
    pub(crate) async fn stretches(&mut self) -> Result<(i64, Vec<TimeSlice>), ImportError> {
        let bounds = match &self.time {
            Some((time, _)) => format!("{}::text[]", stretch::bounds(time)),
            None => "NULL::text[]".to_owned(),
        };
        let select = format!("SELECT count(*), {bounds} FROM {} AS f", self.table);
        let row = raw_sql(AssertSqlSafe(select)).fetch_one(&mut self.connection).await;
        let (count, bounds): (i64, Option<Vec<String>>) =
            row.and_then(|row| Ok((get(&row, 0)?, row.try_get(1)?))).map_err(|error| failed(&error))?;
        Ok((count, stretch::divided(count, bounds.unwrap_or_default())))
    }

    /// The rows of a stretch. To be read to the end, then `done`.
    pub(crate) async fn rows(
        &mut self,
        stretch: &TimeSlice,
    ) -> Result<BoxStream<'_, Result<Foreign, ImportError>>, ImportError> {
        // Behind a pooler a question with parameters is only safe within a transaction.
        let begin = raw_sql("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY");
        begin.execute(&mut self.connection).await.map_err(|error| failed(&error))?;
        let condition =
            self.time.as_ref().map_or_else(String::new, |(time, sort)| stretch.condition(time, sort));
        let Select { head, order, columns } = &self.select;
        let query = sqlx::query(AssertSqlSafe(format!("{head}{condition}{order}"))).persistent(false);
        let query = stretch.bounds().fold(query, |query, bound| query.bind(bound.clone()));
        let rows = query.fetch(&mut self.connection);
        Ok(rows.map(|row| foreign(columns, &row?)).map_err(|error| failed(&error)).boxed())
    }

    pub(crate) async fn done(&mut self) -> Result<(), ImportError> {
        let done = raw_sql("COMMIT").execute(&mut self.connection).await;
        done.map(|_| ()).map_err(|error| failed(&error))
    }
}

/// The names and sorts of the columns.
async fn columns(
    connection: &mut PgConnection,
    schema: &str,
    name: &str,
) -> Result<BTreeMap<String, String>, Error> {
    raw_sql("BEGIN READ ONLY").execute(&mut *connection).await?;
    let rows = sqlx::query(
        "SELECT column_name::text, data_type::text FROM information_schema.columns \
         WHERE table_schema = $1 AND table_name = $2",
    )
    .persistent(false)
    .bind(schema.to_owned())
    .bind(name.to_owned())
    .fetch_all(&mut *connection)
    .await?;
    raw_sql("COMMIT").execute(connection).await?;
    rows.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect()
}

fn foreign(columns: &Arc<[SourceColumn]>, row: &PgRow) -> Result<Foreign, Error> {
    let exported_at: Option<i64> = get(row, 1)?;
    Ok(Foreign {
        name: row.try_get(0)?,
        exported_at: exported_at.map(Timestamp::from_micros),
        columns: Arc::clone(columns),
        texts: (2..row.len()).map(|at| row.try_get(at)).collect::<Result<_, _>>()?,
    })
}

/// A column's content, by the sort that the column is of.
fn given<'a>(sort: &str, text: &'a str) -> Given<'a> {
    match sort {
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" => {
            Given::Number(Cow::from(text))
        }
        "boolean" => Given::Flag(text == "true"),
        "json" | "jsonb" => Given::Json(Cow::from(text)),
        _ => Given::Text(Cow::from(text)),
    }
}

/// What another program calls a field: the ledger's name without the unit that it counts in.
fn column_of(field: &Field) -> &'static str {
    match field.ty {
        FieldType::Decimal { .. } => field.column.rsplit_once('_').map_or(field.column, |(name, _)| name),
        _ => field.column,
    }
}

/// A statement, but for its condition.
struct Select {
    /// What is read behind a row's name and when it was exported, each as text.
    columns: Arc<[SourceColumn]>,
    head: String,
    order: String,
}

struct SourceColumn {
    member: SourceMember,
    sort: String,
}

/// What a column holds: a field, or the name of what one points at; each by its position.
enum SourceMember {
    Field(usize),
    Name(usize),
}

fn select(kind: &Kind, columns: &BTreeMap<String, String>, table: &str) -> Result<Select, String> {
    let (mut read, mut values, mut times) = (Vec::new(), String::new(), Vec::new());
    for (at, field) in kind.fields.iter().enumerate().filter(|(_, field)| field.need != Need::Derived) {
        let name = column_of(field);
        let Some(sort) = columns.get(name) else {
            if field.need == Need::Required {
                return Err(format!("it has no column {name}"));
            }
            continue;
        };
        let column = format!("f.{}", quoted(name));
        let value = match field.ty {
            FieldType::Time => {
                let time = utc(&column, sort).ok_or_else(|| format!("its column {name} is no timestamp"))?;
                times.push(time.clone());
                // Of a time without end `to_char` says nothing, which would count as left out.
                format!(
                    "CASE WHEN isfinite({time}) THEN to_char({time}, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') \
                     ELSE {time}::text END"
                )
            }
            _ => format!("{column}::text"),
        };
        values.push_str(&format!(", {value}"));
        read.push(SourceColumn { member: SourceMember::Field(at), sort: sort.clone() });
    }
    for (at, pointer) in kind.pointers.iter().enumerate() {
        let name = pointer.name.map(|name| snake(name.json));
        if let Some((name, sort)) = name.and_then(|name| columns.get_key_value(&name)) {
            values.push_str(&format!(", f.{}::text", quoted(name)));
            read.push(SourceColumn { member: SourceMember::Name(at), sort: sort.clone() });
        }
    }
    let exported = match columns.get(EXPORTED_AT) {
        None => "NULL::bigint".to_owned(),
        Some(sort) => {
            let time = utc("f.exported_at", sort);
            let time = time.ok_or_else(|| format!("its column {EXPORTED_AT} is no timestamp"))?;
            format!("CASE WHEN isfinite({time}) THEN (extract(epoch FROM {time}) * 1000000)::bigint END")
        }
    };
    let name = if columns.contains_key("id") { "coalesce(f.id::text, '')" } else { "f.ctid::text" };
    times.push(name.to_owned());
    Ok(Select {
        columns: read.into(),
        head: format!("SELECT {name}, {exported}{values} FROM {table} AS f"),
        order: format!(" ORDER BY {}", times.join(", ")),
    })
}

/// The time on a clock in Greenwich; what bears no zone is taken for that.
fn utc(column: &str, sort: &str) -> Option<String> {
    match sort {
        "timestamp with time zone" => Some(format!("({column} AT TIME ZONE 'UTC')")),
        "timestamp without time zone" => Some(column.to_owned()),
        _ => None,
    }
}

/// `campaignName` is `campaign_name`.
fn snake(json: &str) -> String {
    let mut name = String::new();
    for letter in json.chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn failed(error: &Error) -> ImportError {
    ImportError::Database(fault::of(error))
}
