//! From what an address says to the row that it means.

use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use crate::address::{RowAddress, segments};
use crate::fault::{Fault, Result};
use crate::query::{AddressLiteral, Resolver};
use crate::schema::{KeyState, Table};
use crate::store::{Transaction, sql};
use crate::value::Cell;

/// Columns and values of an alternate key, as the file keeps them.
pub(crate) type KeyCells = Vec<(String, Cell)>;

/// Reads an alternate key: its columns must be exactly those of a key that is active.
pub(crate) fn key_cells(
    resolver: Resolver<'_>,
    table: &Table,
    columns: &[(String, AddressLiteral)],
) -> Result<KeyCells> {
    let mut cells = Vec::with_capacity(columns.len());
    for (name, literal) in columns {
        let column = table.property(name).ok_or_else(|| bad_key(table))?;
        let cell =
            crate::query::literal_cell(resolver.schema, column, literal).ok_or_else(|| bad_key(table))?;
        cells.push((column.logical.clone(), cell));
    }
    let logical: Vec<&str> = cells.iter().map(|(name, _)| name.as_str()).collect();
    let key = table.key_over(&logical).ok_or_else(|| bad_key(table))?;
    if resolver.organisation.key_state(key) != KeyState::Active {
        return Err(bad_key(table));
    }
    Ok(cells)
}

fn bad_key(table: &Table) -> Fault {
    Fault::bad(
        "0x80060888",
        format!(
            "The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM.{}'. Ensure that the names \
             and number of key properties match the declared or alternate key properties for the resource \
             'Microsoft.Dynamics.CRM.{}'.",
            table.logical, table.logical
        ),
    )
}

/// The id that a key means: itself, or what an alternate key leads to, if there is such a row.
pub(crate) async fn find_row(
    resolver: Resolver<'_>,
    connection: &mut SqliteConnection,
    table: &Table,
    key: &RowAddress,
) -> Result<(Option<Uuid>, KeyCells)> {
    let columns = match key {
        RowAddress::Id(id) => return Ok((Some(*id), Vec::new())),
        RowAddress::Columns(columns) => columns,
    };
    // The primary key may be named: `accounts(accountid=<guid>)`.
    if let [(name, literal)] = &columns[..]
        && name == table.primary_id()
    {
        return match literal {
            AddressLiteral::Id(id) => Ok((Some(*id), Vec::new())),
            _ => Err(bad_key(table)),
        };
    }
    let cells = key_cells(resolver, table, columns)?;
    let conditions: Vec<String> = cells.iter().map(|(name, _)| format!("\"{name}\" = ?")).collect();
    let text =
        format!("SELECT \"{}\" FROM {} WHERE {}", table.primary_id(), table.rows(), conditions.join(" AND "));
    let values = cells.iter().map(|(_, cell)| cell.clone()).collect();
    let row = sql(text, values).fetch_optional(connection).await?;
    let id = row.map(|row| crate::query::cell(&row, 0, &crate::schema::CellKind::Id)).transpose()?;
    match id {
        Some(Cell::Id(id)) => Ok((Some(id), cells)),
        _ => Ok((None, cells)),
    }
}

/// The row that a key means; whether it is there is seen when it is read.
pub(crate) async fn existing(
    resolver: Resolver<'_>,
    connection: &mut SqliteConnection,
    table: &Table,
    key: &RowAddress,
) -> Result<Uuid> {
    let (id, _) = find_row(resolver, connection, table, key).await?;
    id.ok_or_else(|| Fault::no_row_by_key(&table.logical))
}

/// The row that a reference in a body means (`/accounts(<guid>)`, with a key, or absolute); it must be there.
pub(crate) async fn reference(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    target: &Table,
    reference: &str,
) -> Result<Uuid> {
    // Behind a proxy the origin may be another: what counts is the path.
    let path = match reference.split_once("/api/data/v") {
        Some((_, rest)) => rest.split_once('/').map_or(rest, |(_, path)| path),
        None => reference.trim_start_matches('/'),
    };
    let found = segments(path)?;
    let malformed = || Fault::payload(&target.set, format!("The reference '{reference}' cannot be read."));
    let [segment] = &found[..] else { return Err(malformed()) };
    let table =
        resolver.schema.table_of_set(&segment.name).ok_or_else(|| Fault::no_segment(&segment.name))?;
    if table.logical != target.logical {
        return Err(Fault::bad(
            "0x80048d19",
            format!("A lookup to '{}' was bound to a row of '{}'.", target.logical, table.logical),
        ));
    }
    let key = segment.key()?.ok_or_else(malformed)?;
    let (id, _) = find_row(resolver, transaction.connection(), table, &key).await?;
    let id = id.ok_or_else(|| Fault::no_row_by_key(&table.logical))?;
    if transaction.seen.contains(&(table.number, id)) {
        return Ok(id);
    }
    let text = format!("SELECT 1 FROM {} WHERE \"{}\" = ?", table.rows(), table.primary_id());
    if transaction.one(text, vec![Cell::Id(id)]).await?.is_none() {
        return Err(Fault::no_row(&table.logical, id));
    }
    transaction.seen.insert((table.number, id));
    Ok(id)
}
