//! What the file holds beside rows, and how a table of rows is laid out.

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::transaction::run;
use crate::schema::{AlternateKey, CellKind, Column, Table};

/// The file's own tables. `facts` holds single values: version counter, identity, keys; `applications` are the
/// directory's; who holds which role and which privileges are relationships without a table of rows.
const PREPARE: &str = "
    CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS definitions (kind TEXT, name TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS tombstones (
        table_number INTEGER, version INTEGER, id BLOB NOT NULL, deleted_on INTEGER NOT NULL,
        PRIMARY KEY (table_number, version)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS applications (client BLOB PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS user_roles (user BLOB, role BLOB, PRIMARY KEY (user, role)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS role_privileges (
        role BLOB, privilege BLOB, depth INTEGER NOT NULL, PRIMARY KEY (role, privilege)
    ) WITHOUT ROWID;
    INSERT OR IGNORE INTO facts VALUES ('version', 1000000);
";

/// Makes the file's own tables where they are not there yet.
pub(crate) async fn prepare(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    run(connection, PREPARE).await
}

/// Makes the table of rows. `_n` numbers rows in the order made, which is the order they are read in without another.
pub(crate) async fn create_rows(connection: &mut SqliteConnection, table: &Table) -> Result<(), sqlx::Error> {
    let mut columns = vec!["_n INTEGER PRIMARY KEY".to_owned()];
    for column in table.stored() {
        let rule = match column.kind {
            CellKind::Id => " NOT NULL UNIQUE",
            CellKind::Version => " NOT NULL",
            _ => "",
        };
        columns.push(format!("\"{}\" {}{rule}", column.logical, column.kind.sql()));
    }
    columns.extend(users(table).map(|name| format!("{name} INTEGER")));
    let rows = table.rows();
    run(connection, &format!("CREATE TABLE {rows} ({})", columns.join(", "))).await?;
    run(connection, &format!("CREATE INDEX {rows}_version ON {rows} (versionnumber)")).await?;
    for column in table.stored().filter(|c| matches!(c.kind, CellKind::Lookup { .. })) {
        run(connection, &index_sql(table, &column.logical)).await?;
    }
    for key in &table.keys {
        run(connection, &key_sql(table, key)).await?;
    }
    Ok(())
}

/// Columns that hold the number of a user's row: who made a row, who changed it last, whose it is.
fn users(table: &Table) -> impl Iterator<Item = &'static str> {
    table.columns.iter().filter(|column| column.logical != "owninguser").filter_map(Column::user)
}

/// Adds those columns to a table of a file that was made before there were several users.
pub(crate) async fn add_users(connection: &mut SqliteConnection, table: &Table) -> Result<(), sqlx::Error> {
    let rows = table.rows();
    let text = format!("SELECT name FROM pragma_table_info('{rows}')");
    let known = sqlx::query(AssertSqlSafe(text)).fetch_all(&mut *connection).await?;
    let known = known.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
    for name in users(table).filter(|name| !known.iter().any(|found| found == name)) {
        run(connection, &format!("ALTER TABLE {rows} ADD COLUMN {name} INTEGER")).await?;
    }
    Ok(())
}

/// Lookups are indexed, as in the cloud.
pub(crate) fn index_sql(table: &Table, column: &str) -> String {
    let rows = table.rows();
    format!("CREATE INDEX IF NOT EXISTS {rows}_l_{column} ON {rows} (\"{column}\")")
}

/// A row with a null in the key is beyond its reach, in SQLite as in the cloud.
pub(crate) fn key_sql(table: &Table, key: &AlternateKey) -> String {
    let rows = table.rows();
    let columns: Vec<String> = key.columns.iter().map(|column| format!("\"{column}\"")).collect();
    format!("CREATE UNIQUE INDEX IF NOT EXISTS {rows}_k_{} ON {rows} ({})", key.logical, columns.join(", "))
}
