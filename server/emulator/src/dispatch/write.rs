//! One operation that writes, in the transaction that it is given.

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::address::{QueryOptions, RowAddress, path_and_query};
use crate::answer::{Answer, Request};
use crate::bulk_delete;
use crate::fault::{Fault, Result};
use crate::query::{self, Resolver};
use crate::rows::{Guard, Payload, delete, existing, find_row, multiple, write as write_row};
use crate::schema::{CellKind, Table};
use crate::security::{self, Access};
use crate::store::{StoreReader, Transaction};

use super::change::change;
use super::condition::guard;
use super::link;
use super::operation::WriteOperation;

pub(super) async fn write(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    request: &Request,
    operation: &WriteOperation,
) -> Result<Answer> {
    match operation {
        WriteOperation::Create { table } => {
            create(resolver, transaction, request, resolver.table(table)?).await
        }
        WriteOperation::Upsert { table, key } => {
            upsert(resolver, transaction, request, resolver.table(table)?, key).await
        }
        WriteOperation::Delete { table, key } => {
            remove(resolver, transaction, request, resolver.table(table)?, key).await
        }
        WriteOperation::Multiple { table, action } => {
            many(resolver, transaction, request, resolver.table(table)?, action).await
        }
        WriteOperation::PutColumn { table, key, column } => {
            let table = resolver.table(table)?;
            let row = column_put(table, column, request)?;
            change(resolver, transaction, request, table, key, &row).await
        }
        WriteOperation::Clear { table, key, column } => {
            let table = resolver.table(table)?;
            change(resolver, transaction, request, table, key, &cleared(table, column)?).await
        }
        WriteOperation::Bind { table, key, navigation } => {
            let table = resolver.table(table)?;
            let target = json_body(table, request)?.get("@odata.id").cloned().unwrap_or_default();
            let row = json!({ format!("{navigation}@odata.bind"): target }).to_string();
            change(resolver, transaction, request, table, key, &row).await
        }
        WriteOperation::Associate { table, key, navigation } => {
            let row = (resolver.table(table)?, key);
            link::associate(resolver, transaction, request, row, navigation).await
        }
        WriteOperation::Disassociate { table, key, navigation, other } => {
            let row = (resolver.table(table)?, key);
            link::disassociate(resolver, transaction, request, row, navigation, other).await
        }
        WriteOperation::BulkDelete => bulk_delete::respond(resolver, transaction, request).await,
        WriteOperation::Security(operation) => {
            security::write(resolver, transaction, request, operation).await
        }
    }
}

/// A body for [`change`] that puts `{"value": …}` into one column.
fn column_put(table: &Table, column: &str, request: &Request) -> Result<String> {
    let Some(column) = table.column(column) else { return Err(Fault::no_segment(column)) };
    let value = json_body(table, request)?.get("value").cloned().unwrap_or_default();
    Ok(json!({ column.logical.clone(): value }).to_string())
}

/// A body for [`change`] that empties a column or a lookup.
fn cleared(table: &Table, column: &str) -> Result<String> {
    let lookup = table.navigation(column).is_some_and(|found| matches!(found.kind, CellKind::Lookup { .. }));
    if lookup {
        return Ok(json!({ format!("{column}@odata.bind"): null }).to_string());
    }
    let Some(column) = table.column(column) else { return Err(Fault::no_segment(column)) };
    Ok(json!({ column.logical.clone(): null }).to_string())
}

fn json_body(table: &Table, request: &Request) -> Result<Value> {
    serde_json::from_slice(&request.body)
        .map_err(|error| Fault::payload(&table.set, format!("the body is not JSON: {error}")))
}

fn text<'a>(table: &Table, request: &'a Request) -> Result<&'a str> {
    std::str::from_utf8(&request.body)
        .map(|text| text.trim_start_matches('\u{feff}'))
        .map_err(|_| Fault::payload(&table.set, "the body is not UTF-8"))
}

async fn create(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    request: &Request,
    table: &Table,
) -> Result<Answer> {
    let payload = Payload::parse(resolver.schema, table, text(table, request)?)?;
    let id = payload.id.unwrap_or_else(|| resolver.organisation.surroundings.id());
    write_row(resolver, transaction, table, id, &payload, &Vec::new(), &Guard::MustNotExist).await?;
    let address = format!("{}{}({id})", request.base, table.set);
    if request.wants_representation() {
        let answer = representation(resolver, transaction, request, table, id).await?;
        return Ok(answer.status(StatusCode::CREATED));
    }
    Ok(Answer::no_content().with("location", address.clone()).with("odata-entityid", address))
}

async fn upsert(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    request: &Request,
    table: &Table,
    key: &RowAddress,
) -> Result<Answer> {
    let payload = Payload::parse(resolver.schema, table, text(table, request)?)?;
    let guard = guard(request)?;
    let (found, cells) = find_row(resolver, transaction.connection(), table, key).await?;
    let id = match (found, &guard) {
        (Some(id), _) => id,
        (None, Guard::MustExist | Guard::Version(_)) => return Err(Fault::no_row_by_key(&table.logical)),
        (None, _) => payload.id.unwrap_or_else(|| resolver.organisation.surroundings.id()),
    };
    let written = write_row(resolver, transaction, table, id, &payload, &cells, &guard).await?;
    if request.wants_representation() {
        let status = if written.created { StatusCode::CREATED } else { StatusCode::OK };
        return Ok(representation(resolver, transaction, request, table, id).await?.status(status));
    }
    // The key as it was sent comes back, not the id behind it [use-upsert page].
    let address = match key {
        RowAddress::Id(id) => format!("{}{}({id})", request.base, table.set),
        RowAddress::Columns(_) => {
            let (path, _) = path_and_query(&request.target);
            format!("{}{path}", request.base)
        }
    };
    Ok(Answer::no_content().with("location", address.clone()).with("odata-entityid", address))
}

async fn remove(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    request: &Request,
    table: &Table,
    key: &RowAddress,
) -> Result<Answer> {
    resolver.caller.demand(table, Access::Delete)?;
    let id = existing(resolver, transaction.connection(), table, key).await?;
    resolver.caller.demand_row(transaction.connection(), table, id, Access::Delete).await?;
    delete(resolver, transaction, table, id, &guard(request)?).await?;
    Ok(Answer::no_content())
}

/// `CreateMultiple`, `UpdateMultiple`, `UpsertMultiple`.
async fn many(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    request: &Request,
    table: &Table,
    action: &str,
) -> Result<Answer> {
    let ids = multiple(resolver, transaction, table, action, text(table, request)?).await?;
    if action != "CreateMultiple" {
        return Ok(Answer::no_content());
    }
    let context = format!("{}$metadata#Microsoft.Dynamics.CRM.CreateMultipleResponse", request.base);
    Ok(Answer::json(json!({ "@odata.context": context, "Ids": ids }).to_string()))
}

async fn representation(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    request: &Request,
    table: &Table,
    id: Uuid,
) -> Result<Answer> {
    resolver.caller.demand(table, Access::Read)?;
    let options = QueryOptions::parse(path_and_query(&request.target).1);
    let mut reader = StoreReader::Within(transaction.connection());
    let answer = query::one(resolver, &mut reader, request, table, id, &options).await?;
    Ok(answer.with("preference-applied", "return=representation"))
}
