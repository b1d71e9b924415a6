//! One operation that reads, on the reader that it is given.

use serde_json::json;
use uuid::Uuid;

use crate::address::{Options, RowKey, path_and_query};
use crate::answer::{Answer, Request};
use crate::changes;
use crate::fault::{Fault, Result};
use crate::query::{self, Names, Set};
use crate::rows::existing;
use crate::schema::Table;
use crate::security::{self, Access};
use crate::store::Reader;

use super::operation::Read;

/// Answers from the store's reader, or from a batch's own transaction; a query that goes on for too long is broken off.
pub(super) async fn read(
    names: Names<'_>,
    reader: &mut Reader<'_>,
    request: &Request,
    asked: &Read,
) -> Result<Answer> {
    if let Some(table) = asked.table() {
        names.caller.demand(names.table(table)?, Access::Read)?;
    }
    if let Read::Changes { table } = asked {
        names.caller.demand_whole(names.table(table)?)?;
    }
    reader.be_patient().await?;
    let outcome = answer(names, reader, request, asked).await;
    reader.be_endless().await?;
    outcome
}

async fn answer(
    names: Names<'_>,
    reader: &mut Reader<'_>,
    request: &Request,
    asked: &Read,
) -> Result<Answer> {
    let options = Options::parse(path_and_query(&request.target).1);
    match asked {
        Read::List { table } => {
            let set = Set { table: names.table(table)?, of: None };
            query::list(names, reader, request, set, &options).await
        }
        Read::Count { table } => {
            let set = Set { table: names.table(table)?, of: None };
            query::count(names, reader, set, &options).await
        }
        Read::CountRelated { table, key, navigation } => {
            let table = names.table(table)?;
            let id = visible(names, reader, table, key).await?;
            let (child, lookup) =
                names.collection(table, navigation).ok_or_else(|| Fault::no_segment(navigation))?;
            names.caller.demand(child, Access::Read)?;
            query::count(names, reader, Set { table: child, of: Some((lookup, id)) }, &options).await
        }
        Read::One { table, key } => {
            let table = names.table(table)?;
            let id = visible(names, reader, table, key).await?;
            query::one(names, reader, request, table, id, &options).await
        }
        Read::Property { table, key, property } => {
            let table = names.table(table)?;
            let id = visible(names, reader, table, key).await?;
            property_of(names, reader, request, table, id, property).await
        }
        Read::Changes { table } => changes::respond(names, reader, request, names.table(table)?).await,
        Read::Security(asked) => security::read(names, reader, request, asked).await,
        Read::WhoAmI => Ok(who_am_i(names, request)),
        Read::Version => Ok(version(request)),
        Read::Service => Ok(service_document(names, request)),
    }
}

fn who_am_i(names: Names<'_>, request: &Request) -> Answer {
    let identity = &names.organisation.identity;
    let body = json!({
        "@odata.context": format!("{}$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse", request.base),
        "BusinessUnitId": identity.business_unit,
        "UserId": names.caller.user,
        "OrganizationId": identity.organization,
    });
    Answer::json(body.to_string())
}

fn version(request: &Request) -> Answer {
    let body = json!({
        "@odata.context": format!("{}$metadata#Microsoft.Dynamics.CRM.RetrieveVersionResponse", request.base),
        "Version": "9.2.25113.00000",
    });
    Answer::json(body.to_string())
}

fn service_document(names: Names<'_>, request: &Request) -> Answer {
    let sets: Vec<_> = names
        .schema
        .tables()
        .map(|table| json!({ "name": table.set, "kind": "EntitySet", "url": table.set }))
        .collect();
    let body = json!({ "@odata.context": format!("{}$metadata", request.base), "value": sets });
    Answer::json(body.to_string())
}

/// The row that a key means, if the caller may see it.
async fn visible(names: Names<'_>, reader: &mut Reader<'_>, table: &Table, key: &RowKey) -> Result<Uuid> {
    let id = existing(names, reader.connection(), table, key).await?;
    names.caller.demand_row(reader.connection(), table, id, Access::Read).await?;
    Ok(id)
}

async fn property_of(
    names: Names<'_>,
    reader: &mut Reader<'_>,
    request: &Request,
    table: &Table,
    id: Uuid,
    property: &str,
) -> Result<Answer> {
    if table.property(property).is_none() {
        return related(names, reader, request, table, id, property).await;
    }
    let mut options = Options::default();
    options.push("$select", property);
    let row = query::one(names, reader, request, table, id, &options).await?;
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
    names: Names<'_>,
    reader: &mut Reader<'_>,
    request: &Request,
    table: &Table,
    id: Uuid,
    navigation: &str,
) -> Result<Answer> {
    let options = Options::parse(path_and_query(&request.target).1);
    if let Some(lookup) = table.navigation(navigation) {
        let Some(target) = query::pointed_at(names, reader, table, id, lookup).await? else {
            return Ok(Answer::no_content());
        };
        let table = names.table(lookup.target().unwrap_or_default())?;
        names.caller.demand(table, Access::Read)?;
        return query::one(names, reader, request, table, target, &options).await;
    }
    let (child, lookup) = names.collection(table, navigation).ok_or_else(|| Fault::no_segment(navigation))?;
    names.caller.demand(child, Access::Read)?;
    // A row that is not there has no others.
    if let Some(key) = table.column(table.primary_id()) {
        query::pointed_at(names, reader, table, id, key).await?;
    }
    query::list(names, reader, request, Set { table: child, of: Some((lookup, id)) }, &options).await
}
