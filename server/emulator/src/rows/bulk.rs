//! `CreateMultiple`, `UpdateMultiple`, `UpsertMultiple`: many rows of one table, all or none, no culprit named.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::address::segments;
use crate::fault::{Fault, Result};
use crate::query::Resolver;
use crate::schema::Table;
use crate::store::Transaction;

use super::payload::Payload;
use super::resolve::find_row;
use super::write::{Guard, write};

#[derive(Deserialize)]
struct AffectedRows<'a> {
    #[serde(borrow, rename = "Targets")]
    targets: Vec<&'a RawValue>,
}

/// Writes the targets of a bulk action; the ids of the rows, in the order sent.
pub(crate) async fn multiple(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    table: &Table,
    action: &str,
    body: &str,
) -> Result<Vec<Uuid>> {
    let targets: AffectedRows<'_> = serde_json::from_str(body).map_err(|error| {
        Fault::payload(&table.set, format!("The parameter 'Targets' cannot be read: {error}"))
    })?;
    let mut ids = Vec::with_capacity(targets.targets.len());
    let mut seen = HashSet::with_capacity(targets.targets.len());
    for target in targets.targets {
        let payload = Payload::parse(resolver.schema, table, target.get())?;
        let expected = format!("Microsoft.Dynamics.CRM.{}", table.logical);
        if payload.kind.as_deref().is_none_or(|kind| kind.trim_start_matches('#') != expected) {
            let message = "A type annotation '@odata.type' of the table is required on each target.";
            return Err(Fault::payload(&table.set, message));
        }
        // The same row again: the first of them is the one that counts [D:bulk-operations.md].
        if action == "UpdateMultiple" && payload.id.is_some_and(|id| !seen.insert(id)) {
            continue;
        }
        let id = one(resolver, transaction, table, action, &payload).await?;
        if action == "UpsertMultiple" && !seen.insert(id) {
            // Here it is an error instead [D:bulk-operations.md]; which one is not said.
            return Err(Fault::precondition("0x80040237", "Cannot insert duplicate key."));
        }
        ids.push(id);
    }
    Ok(ids)
}

async fn one(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    table: &Table,
    action: &str,
    payload: &Payload<'_>,
) -> Result<Uuid> {
    let no_key = || Fault::argument("A target resolver no row: give its primary key or '@odata.id'.");
    match action {
        "CreateMultiple" => {
            let id = payload.id.unwrap_or_else(|| resolver.organisation.surroundings.id());
            let written =
                write(resolver, transaction, table, id, payload, &Vec::new(), &Guard::MustNotExist).await?;
            Ok(written.id)
        }
        "UpdateMultiple" => {
            let id = payload.id.ok_or_else(no_key)?;
            let written =
                write(resolver, transaction, table, id, payload, &Vec::new(), &Guard::MustExist).await;
            written.map_err(|fault| in_the_plural(fault, table, id))?;
            Ok(id)
        }
        _ => {
            let (id, key) = match (&payload.address, payload.id) {
                (Some(address), _) => addressed(resolver, transaction, table, address, payload).await?,
                (None, Some(id)) => (id, Vec::new()),
                (None, None) => return Err(no_key()),
            };
            write(resolver, transaction, table, id, payload, &key, &Guard::None).await?;
            Ok(id)
        }
    }
}

/// A row that is not there is spoken of as one of many \[D:bulk-operations.md\].
fn in_the_plural(fault: Fault, table: &Table, id: Uuid) -> Fault {
    let message = format!("{} With Ids = {id} Do Not Exist", table.logical);
    if fault.code == "0x80040217" { Fault { message, ..fault } } else { fault }
}

/// The row that `@odata.id` means, or a new id for one that is not there yet.
async fn addressed(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    table: &Table,
    address: &str,
    payload: &Payload<'_>,
) -> Result<(Uuid, super::resolve::KeyCells)> {
    let path = address.rsplit('/').next().filter(|last| last.contains('(')).unwrap_or(address);
    let found = segments(path)?;
    let key = found.first().map(crate::address::Segment::key).transpose()?.flatten();
    let key = key
        .ok_or_else(|| Fault::payload(&table.set, format!("The '@odata.id' '{address}' cannot be read.")))?;
    let (id, cells) = find_row(resolver, transaction.connection(), table, &key).await?;
    if id.is_none()
        && payload.values.iter().any(|(column, _)| cells.iter().any(|(name, _)| *name == column.logical))
    {
        // Key columns both in the address and in the body: refused only when the row is new [PY pull request 127].
        return Err(Fault::bad("0x80040216", "An unexpected error occurred."));
    }
    Ok((id.unwrap_or_else(|| resolver.organisation.surroundings.id()), cells))
}
