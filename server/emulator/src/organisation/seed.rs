//! What every organisation has from the beginning: built-in tables, and the rows of itself in them.

use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use crate::identity::OrganisationIdentity;
use crate::schema::currency::RATE_SCALE;
use crate::schema::{Schema, Table, built_in};
use crate::store::{Transaction, add_users, create_rows, definitions, run};
use crate::surroundings::Surroundings;
use crate::value::Cell;

/// Ids that are the same in every organisation of the cloud.
const DEFAULT_SOLUTION: Uuid = Uuid::from_u128(0xfd14_0aaf_4df4_11dd_bd17_0019_b931_2238);
const ACTIVE_SOLUTION: Uuid = Uuid::from_u128(0xfd14_0aae_4df4_11dd_bd17_0019_b931_2238);

/// Makes what is missing of the built-in tables: all of them at first, what is new of them in a file of an earlier
/// version.
pub(super) async fn tables(
    writer: &mut SqliteConnection,
    schema: &mut Schema,
    surroundings: &Surroundings,
) -> Result<(), sqlx::Error> {
    for table in schema.tables() {
        add_users(writer, table).await?;
    }
    for mut table in built_in(&mut || surroundings.id()) {
        match schema.table(&table.logical).map(|known| Table::clone(known)) {
            None => {
                table.number = schema.next_number();
                create_rows(writer, &table).await?;
            }
            Some(mut known) => {
                table.columns.retain(|column| known.column(&column.logical).is_none());
                if table.columns.is_empty() {
                    continue;
                }
                for column in std::mem::take(&mut table.columns) {
                    let (name, kind) = (&column.logical, column.kind.sql());
                    let text = format!("ALTER TABLE {} ADD COLUMN \"{name}\" {kind}", known.rows());
                    run(writer, &text).await?;
                    known.columns.push(column);
                }
                table = known;
            }
        }
        definitions::put_table(writer, &table).await?;
        schema.put_table(table);
    }
    Ok(())
}

/// The organisation, its business unit, the application's user; a publisher and the solutions that hold what no other
/// does.
pub(super) async fn rows(
    transaction: &mut Transaction<'_>,
    schema: &Schema,
    identity: &OrganisationIdentity,
    name: &str,
) -> Result<(), sqlx::Error> {
    let text = |text: &str| Cell::Text(text.to_owned());
    let publisher = Uuid::new_v5(&identity.organization, b"publisher");
    let unique = format!("DefaultPublisher{}", identity.organization.simple());
    let solution = |id: Uuid, unique: &str, name: &str| {
        let more = vec![
            ("uniquename", text(unique)),
            ("version", text("1.0")),
            ("ismanaged", Cell::Integer(0)),
            ("publisherid", Cell::Id(publisher)),
        ];
        ("solution", id, name.to_owned(), more)
    };
    let rows = [
        ("organization", identity.organization, name.to_owned(), Vec::new()),
        ("businessunit", identity.business_unit, name.to_owned(), Vec::new()),
        ("systemuser", identity.user, "# Emulated application user".to_owned(), Vec::new()),
        (
            "publisher",
            publisher,
            format!("Default Publisher for {name}"),
            vec![
                ("uniquename", text(&unique)),
                ("customizationprefix", text("new")),
                ("customizationoptionvalueprefix", Cell::Integer(10_000)),
            ],
        ),
        (
            "transactioncurrency",
            identity.currency(),
            "US Dollar".to_owned(),
            vec![
                ("isocurrencycode", text("USD")),
                ("currencysymbol", text("$")),
                ("currencyprecision", Cell::Integer(2)),
                ("exchangerate", Cell::Integer(10_i64.pow(RATE_SCALE))),
            ],
        ),
        solution(DEFAULT_SOLUTION, "Default", "Default Solution"),
        solution(ACTIVE_SOLUTION, "Active", "Active Solution"),
    ];
    for (logical, id, name, more) in rows {
        let Some(table) = schema.table(logical) else { continue };
        let version = Cell::Integer(transaction.next_version());
        let now = Cell::Integer(transaction.now);
        let mut columns = vec![table.primary_id(), &table.primary_name, "versionnumber", "createdon"];
        let mut cells = vec![Cell::Id(id), Cell::Text(name), version, now.clone()];
        columns.extend(["modifiedon", "statecode", "statuscode"]);
        cells.extend([now, Cell::Integer(0), Cell::Integer(1)]);
        for (column, cell) in more {
            columns.push(column);
            cells.push(cell);
        }
        let marks = vec!["?"; cells.len()].join(", ");
        let columns = columns.join(", ");
        let text = format!("INSERT OR IGNORE INTO {} ({columns}) VALUES ({marks})", table.rows());
        transaction.execute(text, cells).await?;
    }
    Ok(())
}
