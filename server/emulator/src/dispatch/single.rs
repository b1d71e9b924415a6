//! One operation on rows, run in the transaction or on the reader that it is given.

use http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use crate::address::{Options, RowKey, path_and_query};
use crate::answer::{Answer, Request};
use crate::bulk_delete;
use crate::fault::{Fault, Result};
use crate::query::{self, Names, Set};
use crate::rows::{Guard, Payload, delete, find_row, multiple, write as write_row};
use crate::schema::{Kind, Table};
use crate::security::{self, Access};
use crate::store::{Reader, Transaction};

use super::Operation;
use super::condition::guard;
use super::link;

pub(super) async fn read(
    names: Names<'_>,
    reader: &mut Reader<'_>,
    request: &Request,
    operation: &Operation,
) -> Result<Answer> {
    let options = Options::parse(path_and_query(&request.target).1);
    match operation {
        Operation::List { table } => {
            let set = Set { table: names.table(table)?, of: None };
            query::list(names, reader, request, set, &options).await
        }
        Operation::Count { table } => {
            let set = Set { table: names.table(table)?, of: None };
            query::count(names, reader, set, &options).await
        }
        Operation::CountRelated { table, key, navigation } => {
            let table = names.table(table)?;
            let id = visible(names, reader, table, key).await?;
            let (child, lookup) =
                names.collection(table, navigation).ok_or_else(|| Fault::no_segment(navigation))?;
            names.caller.demand(child, Access::Read)?;
            query::count(names, reader, Set { table: child, of: Some((lookup, id)) }, &options).await
        }
        Operation::One { table, key } => {
            let table = names.table(table)?;
            let id = visible(names, reader, table, key).await?;
            query::one(names, reader, request, table, id, &options).await
        }
        Operation::Property { table, key, property } => {
            let table = names.table(table)?;
            let id = visible(names, reader, table, key).await?;
            property_of(names, reader, request, table, id, property).await
        }
        Operation::WhoAmI => Ok(who_am_i(names, request)),
        Operation::Version => Ok(Answer::json(
            json!({
                "@odata.context": format!("{}$metadata#Microsoft.Dynamics.CRM.RetrieveVersionResponse", request.base),
                "Version": "9.2.25113.00000",
            })
            .to_string(),
        )),
        _ => {
            let sets: Vec<_> = names
                .schema
                .tables()
                .map(|table| json!({ "name": table.set, "kind": "EntitySet", "url": table.set }))
                .collect();
            let body = json!({ "@odata.context": format!("{}$metadata", request.base), "value": sets });
            Ok(Answer::json(body.to_string()))
        }
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

/// The row that a key means, if the caller may see it.
async fn visible(names: Names<'_>, reader: &mut Reader<'_>, table: &Table, key: &RowKey) -> Result<Uuid> {
    let id = existing(names, reader.connection(), table, key).await?;
    names.caller.demand_row(reader.connection(), table, id, Access::Read).await?;
    Ok(id)
}

/// The row that a key means; whether it is there is seen when it is read.
pub(super) async fn existing(
    names: Names<'_>,
    connection: &mut sqlx::sqlite::SqliteConnection,
    table: &Table,
    key: &RowKey,
) -> Result<Uuid> {
    let (id, _) = find_row(names, connection, table, key).await?;
    id.ok_or_else(|| Fault::no_row_by_key(&table.logical))
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

pub(super) async fn write(
    names: Names<'_>,
    transaction: &mut Transaction<'_>,
    request: &Request,
    operation: &Operation,
) -> Result<Answer> {
    match operation {
        Operation::Create { table } => create(names, transaction, request, names.table(table)?).await,
        Operation::Write { table, key } => {
            upsert(names, transaction, request, names.table(table)?, key).await
        }
        Operation::Delete { table, key } => {
            let table = names.table(table)?;
            names.caller.demand(table, Access::Delete)?;
            let id = existing(names, transaction.connection(), table, key).await?;
            names.caller.demand_row(transaction.connection(), table, id, Access::Delete).await?;
            delete(names, transaction, table, id, &guard(request)?).await?;
            Ok(Answer::no_content())
        }
        Operation::Multiple { table, action } => {
            let table = names.table(table)?;
            let ids = multiple(names, transaction, table, action, text(table, request)?).await?;
            if action != "CreateMultiple" {
                return Ok(Answer::no_content());
            }
            let context = format!("{}$metadata#Microsoft.Dynamics.CRM.CreateMultipleResponse", request.base);
            Ok(Answer::json(json!({ "@odata.context": context, "Ids": ids }).to_string()))
        }
        Operation::PutColumn { table, key, column } => {
            let table = names.table(table)?;
            let Some(column) = table.column(column) else { return Err(Fault::no_segment(column)) };
            let body: serde_json::Value = serde_json::from_slice(&request.body)
                .map_err(|error| Fault::payload(&table.set, format!("the body is not JSON: {error}")))?;
            let value = body.get("value").cloned().unwrap_or_default();
            let row = json!({ column.logical.clone(): value }).to_string();
            change(names, transaction, request, table, key, &row).await
        }
        Operation::Clear { table, key, column } => {
            let table = names.table(table)?;
            let row = match table.navigation(column) {
                Some(lookup) if matches!(lookup.kind, Kind::Lookup { .. }) => {
                    json!({ format!("{column}@odata.bind"): null })
                }
                _ => match table.column(column) {
                    Some(column) => json!({ column.logical.clone(): null }),
                    None => return Err(Fault::no_segment(column)),
                },
            };
            change(names, transaction, request, table, key, &row.to_string()).await
        }
        Operation::Bind { table, key, navigation } => {
            let table = names.table(table)?;
            let body: serde_json::Value = serde_json::from_slice(&request.body)
                .map_err(|error| Fault::payload(&table.set, format!("the body is not JSON: {error}")))?;
            let target = body.get("@odata.id").cloned().unwrap_or_default();
            let row = json!({ format!("{navigation}@odata.bind"): target }).to_string();
            change(names, transaction, request, table, key, &row).await
        }
        Operation::Associate { table, key, navigation } => {
            let row = (names.table(table)?, key);
            link::associate(names, transaction, request, row, navigation).await
        }
        Operation::Disassociate { table, key, navigation, other } => {
            let row = (names.table(table)?, key);
            link::disassociate(names, transaction, request, row, navigation, other).await
        }
        Operation::BulkDelete => bulk_delete::respond(names, transaction, request).await,
        Operation::Security(ask) => security::write(names, transaction, request, ask).await,
        _ => Err(super::not_allowed(&request.method)),
    }
}

fn text<'a>(table: &Table, request: &'a Request) -> Result<&'a str> {
    std::str::from_utf8(&request.body)
        .map(|text| text.trim_start_matches('\u{feff}'))
        .map_err(|_| Fault::payload(&table.set, "the body is not UTF-8"))
}

pub(super) async fn change(
    names: Names<'_>,
    transaction: &mut Transaction<'_>,
    request: &Request,
    table: &Table,
    key: &RowKey,
    row: &str,
) -> Result<Answer> {
    let payload = Payload::parse(names.schema, table, row)?;
    let id = existing(names, transaction.connection(), table, key).await?;
    let guard = match guard(request)? {
        Guard::None => Guard::MustExist,
        given => given,
    };
    write_row(names, transaction, table, id, &payload, &Vec::new(), &guard).await?;
    Ok(Answer::no_content().with("odata-entityid", format!("{}{}({id})", request.base, table.set)))
}

async fn create(
    names: Names<'_>,
    transaction: &mut Transaction<'_>,
    request: &Request,
    table: &Table,
) -> Result<Answer> {
    let payload = Payload::parse(names.schema, table, text(table, request)?)?;
    let id = payload.id.unwrap_or_else(|| names.organisation.surroundings.id());
    write_row(names, transaction, table, id, &payload, &Vec::new(), &Guard::MustNotExist).await?;
    let address = format!("{}{}({id})", request.base, table.set);
    if request.wants_representation() {
        let answer = representation(names, transaction, request, table, id).await?;
        return Ok(answer.status(StatusCode::CREATED));
    }
    Ok(Answer::no_content().with("location", address.clone()).with("odata-entityid", address))
}

async fn upsert(
    names: Names<'_>,
    transaction: &mut Transaction<'_>,
    request: &Request,
    table: &Table,
    key: &RowKey,
) -> Result<Answer> {
    let payload = Payload::parse(names.schema, table, text(table, request)?)?;
    let guard = guard(request)?;
    let (found, cells) = find_row(names, transaction.connection(), table, key).await?;
    let id = match (found, &guard) {
        (Some(id), _) => id,
        (None, Guard::MustExist | Guard::Version(_)) => return Err(Fault::no_row_by_key(&table.logical)),
        (None, _) => payload.id.unwrap_or_else(|| names.organisation.surroundings.id()),
    };
    let written = write_row(names, transaction, table, id, &payload, &cells, &guard).await?;
    if request.wants_representation() {
        let status = if written.created { StatusCode::CREATED } else { StatusCode::OK };
        return Ok(representation(names, transaction, request, table, id).await?.status(status));
    }
    // The key as it was sent comes back, not the id behind it [use-upsert page].
    let address = match key {
        RowKey::Id(id) => format!("{}{}({id})", request.base, table.set),
        RowKey::Columns(_) => {
            let (path, _) = path_and_query(&request.target);
            format!("{}{path}", request.base)
        }
    };
    Ok(Answer::no_content().with("location", address.clone()).with("odata-entityid", address))
}

async fn representation(
    names: Names<'_>,
    transaction: &mut Transaction<'_>,
    request: &Request,
    table: &Table,
    id: Uuid,
) -> Result<Answer> {
    names.caller.demand(table, Access::Read)?;
    let options = Options::parse(path_and_query(&request.target).1);
    let mut reader = Reader::Within(transaction.connection());
    let answer = query::one(names, &mut reader, request, table, id, &options).await?;
    Ok(answer.with("preference-applied", "return=representation"))
}
