//! Making, changing and deleting one row, with its version and its conditions.

use sqlx::Row as _;
use uuid::Uuid;

use crate::fault::{Fault, Result};
use crate::query::Resolver;
use crate::schema::{CellKind, ChoiceOf, Column, OnDelete, Table};
use crate::security::Access;
use crate::store::Transaction;
use crate::value::Cell;

use super::currency;
use super::payload::Payload;
use super::resolve::{KeyCells, reference};

/// Under which condition a row may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Make it or change it.
    None,
    /// `If-Match: *`: only if it is there.
    MustExist,
    /// `If-Match: <etag>`: only if this is still its version.
    Version(i64),
    /// `If-None-Match: *`: only if it is not there.
    MustNotExist,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WriteOutcome {
    pub(crate) id: Uuid,
    pub(crate) created: bool,
}

/// Writes a row under an id. `key` holds the columns of the alternate key that it was addressed by, if it was.
pub(crate) async fn write(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    table: &Table,
    id: Uuid,
    payload: &Payload<'_>,
    key: &KeyCells,
    guard: &Guard,
) -> Result<WriteOutcome> {
    resolver.organisation.limiter.meter(1);
    let bound = payload.bound.iter().map(|(column, _)| column);
    for column in bound.chain(payload.parents.iter().map(|(column, _)| column)) {
        if column.user().is_some() {
            resolver.caller.demand(table, Access::Assign)?;
            continue;
        }
        resolver.caller.demand_link(table, resolver.table(column.target().unwrap_or_default())?)?;
    }
    let mut given = given(resolver, transaction, payload).await?;
    let now = resolver.organisation.surroundings.now_ms();
    if let Some(refusal) = resolver.organisation.disturbances.refusal(&given, now) {
        return Err(refusal);
    }
    let current = current_version(transaction, table, id).await?;
    match (guard, current) {
        (Guard::MustExist | Guard::Version(_), None) => return Err(Fault::no_row(&table.logical, id)),
        (Guard::Version(expected), Some(current)) if *expected != current => return Err(Fault::stale()),
        (Guard::MustNotExist, Some(_)) => return Err(Fault::duplicate_id()),
        _ => {}
    }
    let created = current.is_none();
    resolver.caller.demand(table, if created { Access::Create } else { Access::Write })?;
    resolver.caller.demand_row(transaction.connection(), table, id, Access::Write).await?;
    if !created && payload.is_nested() {
        // Only creating takes rows within rows; what the cloud says here is not known.
        return Err(Fault::unsupported("rows inside of a row that is changed (deep update)"));
    }
    for (lookup, parent) in &payload.parents {
        let target = resolver.table(lookup.target().unwrap_or_default())?;
        let parent_id = Box::pin(create(resolver, transaction, target, parent)).await?;
        given.push((lookup, Cell::Id(parent_id)));
    }
    transaction.by = resolver.caller.number;
    if created {
        given.extend(currency::default(resolver, table, &given));
    }
    let outcome = match created {
        true => insert(transaction, table, id, &given, key).await,
        false => update(transaction, table, id, &given, key).await,
    };
    outcome.map_err(|error| conflict(table, error))?;
    currency::settle(resolver, transaction, table, id, &given).await?;
    for (child, lookup, rows) in &payload.children {
        resolver.caller.demand_link(child, table)?;
        for row in rows {
            let child_id = Box::pin(create(resolver, transaction, child, row)).await?;
            point(transaction, child, child_id, lookup, id).await?;
        }
    }
    transaction.changed.note(if created { "made" } else { "changed" }, &table.set, id);
    Ok(WriteOutcome { id, created })
}

/// Makes a row under the id that it brings, or a new one.
async fn create(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    table: &Table,
    payload: &Payload<'_>,
) -> Result<Uuid> {
    let id = payload.id.unwrap_or_else(|| resolver.organisation.surroundings.id());
    Ok(write(resolver, transaction, table, id, payload, &Vec::new(), &Guard::MustNotExist).await?.id)
}

/// Lets a row that was just made point at another.
async fn point(
    transaction: &mut Transaction<'_>,
    table: &Table,
    id: Uuid,
    lookup: &Column,
    target: Uuid,
) -> Result<()> {
    let (rows, key) = (table.rows(), table.primary_id());
    let text = format!("UPDATE {rows} SET \"{}\" = ? WHERE \"{key}\" = ?", lookup.logical);
    let done = transaction.execute(text, vec![Cell::Id(target), Cell::Id(id)]).await;
    done.map(drop).map_err(|error| conflict(table, error))
}

/// The columns to write, lookups resolved to ids.
async fn given<'a>(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    payload: &Payload<'a>,
) -> Result<Vec<(&'a Column, Cell)>> {
    let mut given = payload.values.clone();
    for (column, bound) in &payload.bound {
        let cell = match bound {
            None => Cell::Null,
            Some(text) => {
                let target = resolver.table(column.target().unwrap_or_default())?;
                let id = reference(resolver, transaction, target, text).await?;
                if column.user().is_some() { number_of(transaction, target, id).await? } else { Cell::Id(id) }
            }
        };
        given.push((column, cell));
    }
    Ok(given)
}

/// Rows name users by the numbers of their rows.
async fn number_of(transaction: &mut Transaction<'_>, users: &Table, id: Uuid) -> Result<Cell> {
    let text = format!("SELECT _n FROM {} WHERE systemuserid = ?", users.rows());
    let row = transaction.one(text, vec![Cell::Id(id)]).await?;
    let row = row.ok_or_else(|| Fault::no_row(&users.logical, id))?;
    Ok(Cell::Integer(row.try_get(0)?))
}

async fn current_version(transaction: &mut Transaction<'_>, table: &Table, id: Uuid) -> Result<Option<i64>> {
    let text = format!("SELECT versionnumber FROM {} WHERE \"{}\" = ?", table.rows(), table.primary_id());
    let row = transaction.one(text, vec![Cell::Id(id)]).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

async fn insert(
    transaction: &mut Transaction<'_>,
    table: &Table,
    id: Uuid,
    given: &[(&Column, Cell)],
    key: &KeyCells,
) -> std::result::Result<(), sqlx::Error> {
    let now = Cell::Integer(transaction.now);
    let overridden = given.iter().find(|(c, v)| c.logical == "overriddencreatedon" && *v != Cell::Null);
    let created_on = overridden.map_or(now.clone(), |(_, cell)| cell.clone());
    let mut columns = vec![table.primary_id().to_owned(), "versionnumber".to_owned()];
    let mut cells = vec![Cell::Id(id), Cell::Integer(transaction.next_version())];
    columns.extend(["createdon".to_owned(), "modifiedon".to_owned()]);
    cells.extend([created_on, now]);
    columns.extend(["createdby".to_owned(), "modifiedby".to_owned()]);
    cells.extend([Cell::Integer(transaction.by), Cell::Integer(transaction.by)]);
    if table.user_owned && !given.iter().any(|(column, _)| column.logical == "ownerid") {
        columns.push("ownerid".to_owned());
        cells.push(Cell::Integer(transaction.by));
    }
    for (column, cell) in given {
        columns.push(column.logical.clone());
        cells.push(cell.clone());
    }
    // The key's values come from the address unless the body has its own [use-upsert page].
    for (name, cell) in key {
        if !columns.contains(name) {
            columns.push(name.clone());
            cells.push(cell.clone());
        }
    }
    for (name, cell) in defaults(table) {
        if !columns.iter().any(|known| known == name) {
            columns.push(name.to_owned());
            cells.push(cell);
        }
    }
    let names: Vec<String> = columns.iter().map(|name| format!("\"{name}\"")).collect();
    let marks = vec!["?"; cells.len()].join(", ");
    let text = format!("INSERT INTO {} ({}) VALUES ({marks})", table.rows(), names.join(", "));
    transaction.execute(text, cells).await.map(drop)
}

/// What a new row holds where nothing was given.
fn defaults(table: &Table) -> impl Iterator<Item = (&str, Cell)> {
    table.columns.iter().filter_map(|column| {
        let value = match &column.kind {
            CellKind::Boolean { default, .. } => i64::from(*default),
            CellKind::Choice(ChoiceOf::Own { default: Some(value), .. }) => i64::from(*value),
            _ => return None,
        };
        Some((column.logical.as_str(), Cell::Integer(value)))
    })
}

async fn update(
    transaction: &mut Transaction<'_>,
    table: &Table,
    id: Uuid,
    given: &[(&Column, Cell)],
    key: &KeyCells,
) -> std::result::Result<(), sqlx::Error> {
    let mut sets = vec!["versionnumber = ?".to_owned(), "modifiedon = ?".to_owned()];
    let mut cells = vec![Cell::Integer(transaction.next_version()), Cell::Integer(transaction.now)];
    sets.push("modifiedby = ?".to_owned());
    cells.push(Cell::Integer(transaction.by));
    for (column, cell) in given {
        // Values for the columns of the key in the address are dropped when the row is there [use-upsert page].
        if !key.iter().any(|(name, _)| *name == column.logical) {
            sets.push(format!("\"{}\" = ?", column.logical));
            cells.push(cell.clone());
        }
    }
    cells.push(Cell::Id(id));
    let text =
        format!("UPDATE {} SET {} WHERE \"{}\" = ?", table.rows(), sets.join(", "), table.primary_id());
    transaction.execute(text, cells).await.map(drop)
}

/// What a broken uniqueness means: the primary key's, or an alternate key's.
fn conflict(table: &Table, error: sqlx::Error) -> Fault {
    let message = match &error {
        sqlx::Error::Database(inner) if inner.is_unique_violation() => inner.message().to_owned(),
        _ => return error.into(),
    };
    let broken: Vec<&str> = message
        .rsplit(": ")
        .next()
        .unwrap_or_default()
        .split(", ")
        .filter_map(|name| name.rsplit('.').next())
        .collect();
    match table.key_over(&broken) {
        Some(key) => Fault::precondition(
            "0x80060892",
            format!(
                "Entity Key {} violated. A record with the same value for {} already exists. A duplicate record cannot \
                 be created. Select one or more unique values and try again.",
                key.display,
                key.columns.join(", ")
            ),
        ),
        None => Fault::duplicate_id(),
    }
}

/// Deletes a row; what pointed at it is emptied, deleted with it, or forbids it, as its relationship says.
pub(crate) async fn delete(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    table: &Table,
    id: Uuid,
    guard: &Guard,
) -> Result<()> {
    resolver.organisation.limiter.meter(1);
    let current = current_version(transaction, table, id).await?;
    match (guard, current) {
        (_, None) => return Err(Fault::no_row(&table.logical, id)),
        (Guard::Version(expected), Some(current)) if *expected != current => return Err(Fault::stale()),
        _ => {}
    }
    for (child, column) in resolver.schema.referencing(&table.logical) {
        let CellKind::Lookup { on_delete, .. } = column.kind else { continue };
        release(resolver, transaction, child, column, on_delete, id).await?;
    }
    remove(transaction, table, id).await
}

async fn remove(transaction: &mut Transaction<'_>, table: &Table, id: Uuid) -> Result<()> {
    let text = format!("DELETE FROM {} WHERE \"{}\" = ?", table.rows(), table.primary_id());
    transaction.execute(text, vec![Cell::Id(id)]).await?;
    transaction.seen.remove(&(table.number, id));
    transaction.changed.note("deleted", &table.set, id);
    if table.change_tracking {
        let version = transaction.next_version();
        let (number, now) = (table.number, transaction.now);
        let cells = vec![Cell::Integer(number), Cell::Integer(version), Cell::Id(id), Cell::Integer(now)];
        transaction.execute("INSERT INTO tombstones VALUES (?, ?, ?, ?)".to_owned(), cells).await?;
    }
    Ok(())
}

async fn release(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    child: &Table,
    column: &Column,
    on_delete: OnDelete,
    id: Uuid,
) -> Result<()> {
    let (rows, name, primary) = (child.rows(), &column.logical, child.primary_id());
    let text = format!("SELECT \"{primary}\" FROM {rows} WHERE \"{name}\" = ?");
    let pointing = crate::store::sql(text, vec![Cell::Id(id)]).fetch_all(transaction.connection()).await?;
    if pointing.is_empty() {
        return Ok(());
    }
    if on_delete == OnDelete::Restrict {
        return Err(Fault::bad(
            "0x8004f01f",
            "The object you tried to delete is associated with another object and cannot be deleted.",
        ));
    }
    for row in pointing {
        let Cell::Id(child_id) = crate::query::cell(&row, 0, &CellKind::Id)? else { continue };
        if on_delete == OnDelete::Cascade {
            // Deletes may run through several tables.
            Box::pin(delete(resolver, transaction, child, child_id, &Guard::None)).await?;
        } else {
            let version = transaction.next_version();
            let cells = vec![Cell::Integer(version), Cell::Id(child_id)];
            let text =
                format!("UPDATE {rows} SET \"{name}\" = NULL, versionnumber = ? WHERE \"{primary}\" = ?");
            transaction.execute(text, cells).await?;
        }
    }
    Ok(())
}
