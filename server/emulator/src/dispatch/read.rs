//! One operation that reads, on the reader that it is given.

use serde_json::json;
use uuid::Uuid;

use crate::address::{QueryOptions, RowAddress, path_and_query};
use crate::answer::{Answer, Request};
use crate::changes;
use crate::fault::{Fault, Result};
use crate::query::{self, Resolver, Set};
use crate::rows::existing;
use crate::schema::Table;
use crate::security::{self, Access};
use crate::store::StoreReader;

use super::operation::ReadOperation;
use super::organisation;

/// Answers from the store's reader, or from a batch's own transaction; a query that goes on for too long is broken off.
pub(super) async fn read(
    resolver: Resolver<'_>,
    reader: &mut StoreReader<'_>,
    request: &Request,
    operation: &ReadOperation,
) -> Result<Answer> {
    if let Some(table) = operation.table() {
        resolver.caller.demand(resolver.table(table)?, Access::Read)?;
    }
    if let ReadOperation::Changes { table } = operation {
        resolver.caller.demand_whole(resolver.table(table)?)?;
    }
    reader.begin_budget().await?;
    let outcome = answer(resolver, reader, request, operation).await;
    reader.end_budget().await?;
    outcome
}

async fn answer(
    resolver: Resolver<'_>,
    reader: &mut StoreReader<'_>,
    request: &Request,
    operation: &ReadOperation,
) -> Result<Answer> {
    let options = QueryOptions::parse(path_and_query(&request.target).1);
    match operation {
        ReadOperation::List { table } => {
            let set = Set { table: resolver.table(table)?, of: None };
            query::list(resolver, reader, request, set, &options).await
        }
        ReadOperation::Count { table } => {
            let set = Set { table: resolver.table(table)?, of: None };
            query::count(resolver, reader, set, &options).await
        }
        ReadOperation::CountRelated { table, key, navigation } => {
            let table = resolver.table(table)?;
            let id = visible(resolver, reader, table, key).await?;
            let (child, lookup) =
                resolver.collection(table, navigation).ok_or_else(|| Fault::no_segment(navigation))?;
            resolver.caller.demand(child, Access::Read)?;
            query::count(resolver, reader, Set { table: child, of: Some((lookup, id)) }, &options).await
        }
        ReadOperation::One { table, key } => {
            let table = resolver.table(table)?;
            let id = visible(resolver, reader, table, key).await?;
            query::one(resolver, reader, request, table, id, &options).await
        }
        ReadOperation::Property { table, key, property } => {
            let table = resolver.table(table)?;
            let id = visible(resolver, reader, table, key).await?;
            property_of(resolver, reader, request, table, id, property).await
        }
        ReadOperation::Changes { table } => {
            changes::respond(resolver, reader, request, resolver.table(table)?).await
        }
        ReadOperation::Security(operation) => security::read(resolver, reader, request, operation).await,
        ReadOperation::WhoAmI => Ok(who_am_i(resolver, request)),
        ReadOperation::Organisation(function) => {
            organisation::respond(resolver, reader, request, function).await
        }
        ReadOperation::Service => Ok(service_document(resolver, request)),
    }
}

fn who_am_i(resolver: Resolver<'_>, request: &Request) -> Answer {
    let identity = &resolver.organisation.identity;
    let body = json!({
        "@odata.context": format!("{}$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse", request.base),
        "BusinessUnitId": identity.business_unit,
        "UserId": resolver.caller.user,
        "OrganizationId": identity.organization,
    });
    Answer::json(body.to_string())
}

fn service_document(resolver: Resolver<'_>, request: &Request) -> Answer {
    let sets: Vec<_> = resolver
        .schema
        .tables()
        .map(|table| json!({ "name": table.set, "kind": "EntitySet", "url": table.set }))
        .collect();
    let body = json!({ "@odata.context": format!("{}$metadata", request.base), "value": sets });
    Answer::json(body.to_string())
}

/// The row that a key means, if the caller may see it.
async fn visible(
    resolver: Resolver<'_>,
    reader: &mut StoreReader<'_>,
    table: &Table,
    key: &RowAddress,
) -> Result<Uuid> {
    let id = existing(resolver, reader.connection(), table, key).await?;
    resolver.caller.demand_row(reader.connection(), table, id, Access::Read).await?;
    Ok(id)
}

async fn property_of(
    resolver: Resolver<'_>,
    reader: &mut StoreReader<'_>,
    request: &Request,
    table: &Table,
    id: Uuid,
    property: &str,
) -> Result<Answer> {
    if table.property(property).is_none() {
        return related(resolver, reader, request, table, id, property).await;
    }
    let mut options = QueryOptions::default();
    options.push("$select", property);
    let row = query::one(resolver, reader, request, table, id, &options).await?;
    let row: serde_json::Value = serde_json::from_slice(&row.body).unwrap_or_default();
    let value = row.get(property).cloned().unwrap_or_default();
    if value.is_null() {
        return Ok(Answer::no_content());
    }
    let context = format!("{}$metadata#{}({id})/{property}", request.base, table.set);
    Ok(Answer::json(json!({ "@odata.context": context, "value": value }).to_string()))
}

/// `GET set(key)/navigation`: the row that a lookup points at, or the rows that point at this one.
async fn related(
    resolver: Resolver<'_>,
    reader: &mut StoreReader<'_>,
    request: &Request,
    table: &Table,
    id: Uuid,
    navigation: &str,
) -> Result<Answer> {
    let options = QueryOptions::parse(path_and_query(&request.target).1);
    if let Some(lookup) = table.navigation(navigation) {
        let Some(target) = query::pointed_at(resolver, reader, table, id, lookup).await? else {
            return Ok(Answer::no_content());
        };
        let table = resolver.table(lookup.target().unwrap_or_default())?;
        resolver.caller.demand(table, Access::Read)?;
        return query::one(resolver, reader, request, table, target, &options).await;
    }
    let (child, lookup) =
        resolver.collection(table, navigation).ok_or_else(|| Fault::no_segment(navigation))?;
    resolver.caller.demand(child, Access::Read)?;
    // A row that is not there has no others.
    if let Some(key) = table.column(table.primary_id()) {
        query::pointed_at(resolver, reader, table, id, key).await?;
    }
    query::list(resolver, reader, request, Set { table: child, of: Some((lookup, id)) }, &options).await
}
