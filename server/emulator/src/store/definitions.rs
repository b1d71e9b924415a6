//! Definitions and single facts in the file.

use std::collections::BTreeMap;

use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use super::transaction::sql;
use crate::schema::{GlobalChoice, Schema, Table};
use crate::value::Cell;

/// The schema as the file holds it.
pub(crate) async fn load(connection: &mut SqliteConnection) -> Result<Schema, sqlx::Error> {
    let mut schema = Schema::default();
    let rows = sqlx::query("SELECT kind, body FROM definitions").fetch_all(connection).await?;
    for row in rows {
        let (kind, body): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let undecodable = |e: serde_json::Error| sqlx::Error::Decode(Box::new(e));
        match kind.as_str() {
            "table" => schema.put_table(serde_json::from_str::<Table>(&body).map_err(undecodable)?),
            _ => schema.put_choice(serde_json::from_str::<GlobalChoice>(&body).map_err(undecodable)?),
        }
    }
    Ok(schema)
}

pub(crate) async fn put_table(connection: &mut SqliteConnection, table: &Table) -> Result<(), sqlx::Error> {
    let body = serde_json::to_string(table).map_err(|e| sqlx::Error::Encode(Box::new(e)))?;
    put(connection, "table", &table.logical, body).await
}

pub(crate) async fn put_choice(
    connection: &mut SqliteConnection,
    choice: &GlobalChoice,
) -> Result<(), sqlx::Error> {
    let body = serde_json::to_string(choice).map_err(|e| sqlx::Error::Encode(Box::new(e)))?;
    put(connection, "choice", &choice.name, body).await
}

async fn put(
    connection: &mut SqliteConnection,
    kind: &str,
    name: &str,
    body: String,
) -> Result<(), sqlx::Error> {
    let cells = vec![Cell::Text(kind.to_owned()), Cell::Text(name.to_owned()), Cell::Text(body)];
    sql("INSERT OR REPLACE INTO definitions VALUES (?, ?, ?)".to_owned(), cells)
        .execute(connection)
        .await
        .map(drop)
}

pub(crate) async fn remove(
    connection: &mut SqliteConnection,
    kind: &str,
    name: &str,
) -> Result<(), sqlx::Error> {
    let cells = vec![Cell::Text(kind.to_owned()), Cell::Text(name.to_owned())];
    let text = "DELETE FROM definitions WHERE kind = ? AND name = ?".to_owned();
    sql(text, cells).execute(connection).await.map(drop)
}

/// Facts that are text.
pub(crate) async fn facts(
    connection: &mut SqliteConnection,
) -> Result<BTreeMap<String, String>, sqlx::Error> {
    let text = "SELECT name, value FROM facts WHERE typeof(value) = 'text'";
    let rows = sqlx::query(text).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

pub(crate) async fn put_fact(
    connection: &mut SqliteConnection,
    name: &str,
    value: &str,
) -> Result<(), sqlx::Error> {
    let cells = vec![Cell::Text(name.to_owned()), Cell::Text(value.to_owned())];
    sql("INSERT OR REPLACE INTO facts VALUES (?, ?)".to_owned(), cells).execute(connection).await.map(drop)
}
