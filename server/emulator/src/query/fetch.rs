//! FetchXML: `GET set?fetchXml=…` \[D:fetchxml/overview.md\].

mod cookie;
mod document;
mod groups;
mod operator;
mod paging;
mod rows;
mod statement;

use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use crate::address::QueryOptions;
use crate::answer::{Answer, Request};
use crate::fault::{Fault, Result};
use crate::schema::Table;
use crate::store::{StoreReader, sql};

use super::annotate::Annotations;
use super::options::{annotations_applied, wants_count};
use super::resolver::Resolver;
use super::row::ROW;

use paging::FetchContext;
use statement::FetchStatement;

pub(super) async fn answer(
    resolver: Resolver<'_>,
    reader: &mut StoreReader<'_>,
    request: &Request,
    table: &Table,
    text: &str,
    options: &QueryOptions,
) -> Result<Answer> {
    const BESIDE: &[&str] = &["$select", "$filter", "$orderby", "$expand", "$top", "$apply"];
    if let Some(name) = BESIDE.iter().find(|name| options.get(name).is_some()) {
        return Err(Fault::unsupported(format!("{name} beside fetchXml")));
    }
    let mut fetch = document::parse(text)?;
    fetch.total |= wants_count(options)?;
    let table = resolver.table(&table.logical)?;
    if fetch.entity.name != table.logical {
        let message = format!(
            "The entity name specified in fetchxml does not match the entity name specified in the Entity or Query \
             Expression: '{}' was asked of '{}'.",
            fetch.entity.name, table.set
        );
        return Err(Fault::bad("0x80041128", message));
    }
    let annotations = Annotations::of(request);
    let context = FetchContext { request, table, annotations };
    let statement = FetchStatement::new(resolver, table, &fetch)?;
    let body = if fetch.aggregate {
        groups::answer(statement, reader, &fetch, &context).await?
    } else {
        rows::answer(statement, reader, &fetch, &context).await?
    };
    Ok(annotations_applied(Answer::json(body), request))
}

/// The ids of all rows that a query means; which columns it wants of them is not looked at.
pub(crate) async fn ids(
    resolver: Resolver<'_>,
    connection: &mut SqliteConnection,
    table: &Table,
    text: &str,
) -> Result<Vec<Uuid>> {
    let fetch = document::parse(text)?;
    let (from, cells) = FetchStatement::new(resolver, resolver.table(&table.logical)?, &fetch)?.from(None);
    let text = format!("SELECT {ROW}.\"{}\"{from}", table.primary_id());
    let rows = sql(text, cells).fetch_all(connection).await?;
    rows.iter().map(|row| Ok(Uuid::from_slice(row.try_get(0)?).unwrap_or_default())).collect()
}
