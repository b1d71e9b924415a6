//! `sdkmessages` and `sdkmessagefilters`: which operations there are, and which tables know them. Client libraries read
//! them before they use bulk actions \[D:bulk-operations.md\]; only what this emulator answers is there.

use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use crate::schema::{Schema, Table};
use crate::store::{Transaction, sql};
use crate::value::Cell;

/// What rows of every table can be asked for.
const READ: &[&str] = &["Retrieve", "RetrieveMultiple"];

/// What rows of every table can have done to them.
const WRITE: &[&str] =
    &["Create", "CreateMultiple", "Delete", "Update", "UpdateMultiple", "Upsert", "UpsertMultiple"];

/// What concerns no table, or any.
const GENERAL: &[&str] = &[
    "BulkDelete",
    "PublishAllXml",
    "PublishXml",
    "RetrieveAvailableLanguages",
    "RetrieveCurrentOrganization",
    "RetrieveMetadataChanges",
    "RetrieveProvisionedLanguages",
    "RetrieveTotalRecordCount",
    "RetrieveVersion",
    "WhoAmI",
];

const NAMESPACE: Uuid = Uuid::from_u128(0x5a3c_1fe2_8a0d_4e7b_9b52_c1d0_7e55_0003);

/// Brings both tables to what the organisation's definitions say.
pub(crate) async fn settle(transaction: &mut Transaction<'_>, schema: &Schema) -> Result<(), sqlx::Error> {
    let when = (transaction.next_version(), transaction.now);
    let connection = transaction.connection();
    if let Some(messages) = schema.table("sdkmessage") {
        for name in READ.iter().chain(WRITE).chain(GENERAL) {
            let text = format!(
                "INSERT OR IGNORE INTO {} (sdkmessageid, name, categoryname, isprivate, versionnumber, createdon, \
                 modifiedon) VALUES (?, ?, ?, 0, ?, ?, ?)",
                messages.rows()
            );
            let text_cell = Cell::Text((*name).to_owned());
            let cells = vec![Cell::Id(message_id(name)), text_cell.clone(), text_cell];
            put(connection, text, cells, when).await?;
        }
    }
    for table in schema.tables() {
        table_made(connection, schema, table, when).await?;
    }
    Ok(())
}

/// A table was made: what it knows is known.
pub(crate) async fn table_made(
    connection: &mut SqliteConnection,
    schema: &Schema,
    table: &Table,
    when: (i64, i64),
) -> Result<(), sqlx::Error> {
    let Some(filters) = schema.table("sdkmessagefilter") else { return Ok(()) };
    for name in of(table) {
        let text = format!(
            "INSERT OR IGNORE INTO {} (sdkmessagefilterid, name, sdkmessageid, primaryobjecttypecode, \
             secondaryobjecttypecode, availability, iscustomprocessingstepallowed, isvisible, versionnumber, createdon, \
             modifiedon) VALUES (?, ?, ?, ?, 'none', 0, 0, 0, ?, ?, ?)",
            filters.rows()
        );
        let cells = vec![
            Cell::Id(Uuid::new_v5(&table.id, format!("message {name}").as_bytes())),
            Cell::Text(name.to_owned()),
            Cell::Id(message_id(name)),
            Cell::Text(table.logical.clone()),
        ];
        put(connection, text, cells, when).await?;
    }
    Ok(())
}

/// A table is gone, and what it knew with it.
pub(crate) async fn table_dropped(
    connection: &mut SqliteConnection,
    schema: &Schema,
    table: &Table,
) -> Result<(), sqlx::Error> {
    let Some(filters) = schema.table("sdkmessagefilter") else { return Ok(()) };
    let text = format!("DELETE FROM {} WHERE primaryobjecttypecode = ?", filters.rows());
    sql(text, vec![Cell::Text(table.logical.clone())]).execute(connection).await.map(drop)
}

fn of(table: &Table) -> impl Iterator<Item = &'static str> {
    let write = if table.is_read_only() { &[][..] } else { WRITE };
    READ.iter().chain(write).copied()
}

async fn put(
    connection: &mut SqliteConnection,
    text: String,
    mut cells: Vec<Cell>,
    (version, now): (i64, i64),
) -> Result<(), sqlx::Error> {
    cells.extend([Cell::Integer(version), Cell::Integer(now), Cell::Integer(now)]);
    sql(text, cells).execute(connection).await.map(drop)
}

/// The same in every organisation.
fn message_id(name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}
