//! One row, a page of rows, or their number, as an answer.

use http::StatusCode;
use uuid::Uuid;

use crate::address::QueryOptions;
use crate::answer::{Answer, Request};
use crate::fault::{Fault, Result};
use crate::schema::{Column, Table};
use crate::store::{StoreReader, sql};
use crate::value::{Cell, write_text};

use super::annotate::write_total;
use super::children::gather_all;
use super::condition::Where;
use super::expand::{self, Expansion};
use super::filter::{self, Expression};
use super::options::{MOST_ROWS, applied, link, refuse_unknown, top, wants_count};
use super::page::{self, PageEnd};
use super::plan::{ListQuery, QueryPlan};
use super::resolver::Resolver;
use super::row::{ROW, cell};
use super::select::{AnswerStyle, RowSelection, SelectList, Shape, write_row};
use super::{apply, fetch};

/// The rows of a set, or those of them that point at one row by a lookup: a collection-valued navigation property.
#[derive(Clone, Copy)]
pub(crate) struct Set<'a> {
    pub(crate) table: &'a Table,
    pub(crate) of: Option<(&'a Column, Uuid)>,
}

/// `GET set(key)`, the row's id already found.
pub(crate) async fn one(
    resolver: Resolver<'_>,
    reader: &mut StoreReader<'_>,
    request: &Request,
    table: &Table,
    id: Uuid,
    options: &QueryOptions,
) -> Result<Answer> {
    let expansions = expand::parse(options.get("$expand").unwrap_or_default())?;
    let style = AnswerStyle::of(request, &expansions)?;
    let mut select_list = SelectList::default();
    let selection = RowSelection { select: options.get("$select"), also: None, expansions: &expansions };
    let table = resolver.table(&table.logical)?;
    let mut shape = Shape::new(resolver, &mut select_list, table, ROW, &selection, style)?;
    let text = format!(
        "SELECT {} FROM {} {ROW}{} WHERE {ROW}.\"{}\" = ?",
        select_list.items.join(", "),
        resolver.readable(table),
        select_list.joins.text,
        table.primary_id()
    );
    let row = sql(text, vec![Cell::Id(id)]).fetch_optional(reader.connection()).await?;
    let row = row.ok_or_else(|| Fault::no_row(&table.logical, id))?;
    let etag = format!("W/\"{}\"", shape.version(&row)?);
    let known = request.header("if-none-match").is_some_and(|known| known == etag);
    if known && expansions.is_empty() && !style.annotations.any() {
        return Ok(Answer::json("").status(StatusCode::NOT_MODIFIED).with("etag", etag));
    }
    gather_all(&mut shape, resolver, reader, style, std::slice::from_ref(&row)).await?;
    let context = format!("{}$metadata#{}{}/$entity", request.base, table.set, shape.context());
    let mut body = String::new();
    write_row(&mut body, resolver, &shape, &row, style, Some(&context))?;
    applied(Answer::json(body).with("etag", etag), request)
}

/// Which row a lookup of a row points at, if at any; of the primary key, the row itself.
pub(crate) async fn pointed_at(
    resolver: Resolver<'_>,
    reader: &mut StoreReader<'_>,
    table: &Table,
    id: Uuid,
    lookup: &Column,
) -> Result<Option<Uuid>> {
    let item = resolver.column_sql(ROW, lookup);
    let text = format!(
        "SELECT {item} FROM {} {ROW} WHERE {ROW}.\"{}\" = ?",
        resolver.readable(table),
        table.primary_id()
    );
    let row = sql(text, vec![Cell::Id(id)]).fetch_optional(reader.connection()).await?;
    match cell(&row.ok_or_else(|| Fault::no_row(&table.logical, id))?, 0, &lookup.kind)? {
        Cell::Id(id) => Ok(Some(id)),
        _ => Ok(None),
    }
}

/// `GET set`: a page of rows.
pub(crate) async fn list(
    resolver: Resolver<'_>,
    reader: &mut StoreReader<'_>,
    request: &Request,
    set: Set<'_>,
    options: &QueryOptions,
) -> Result<Answer> {
    refuse_unknown(options)?;
    let table = set.table;
    for (name, whole) in [("$apply", options.get("$apply")), ("fetchXml", options.get("fetchXml"))] {
        match whole {
            None => {}
            Some(_) if set.of.is_some() => {
                return Err(Fault::unsupported(format!("{name} on a collection of one row")));
            }
            Some(text) if name == "$apply" => {
                return apply::answer(resolver, reader, request, table, text, options).await;
            }
            Some(text) => return fetch::answer(resolver, reader, request, table, text, options).await,
        }
    }
    let expansions = expand::parse(options.get("$expand").unwrap_or_default())?;
    let style = AnswerStyle::of(request, &expansions)?;
    let mut plan = plan(resolver, set, options, &expansions, style)?;
    let rows = plan.read(reader, set.of.map(|(_, id)| id)).await?;
    let shown = &rows[..rows.len().min(plan.rows)];
    gather_all(&mut plan.shape, resolver, reader, style, shown).await?;
    let mut body = String::with_capacity(256 + rows.len() * 256);
    let context = format!("{}$metadata#{}{}", request.base, table.set, plan.shape.context());
    body.push_str(&format!("{{\"@odata.context\":\"{context}\""));
    let counted = match wants_count(options)? {
        true => Some(counted(resolver, reader, set, options).await?),
        false => None,
    };
    write_total(&mut body, counted, style.annotations);
    body.push_str(",\"value\":[");
    for (at, row) in shown.iter().enumerate() {
        if at > 0 {
            body.push(',');
        }
        write_row(&mut body, resolver, &plan.shape, row, style, None)?;
    }
    body.push(']');
    if let Some(token) = plan.next_token(&rows)? {
        body.push_str(",\"@odata.nextLink\":");
        write_text(&mut body, &link(request, "$skiptoken", &token));
    }
    body.push('}');
    applied(Answer::json(body), request)
}

fn plan<'a>(
    resolver: Resolver<'a>,
    set: Set<'a>,
    options: &QueryOptions,
    expansions: &[Expansion],
    style: AnswerStyle<'_>,
) -> Result<QueryPlan<'a>> {
    let filter = filter(options)?;
    let order = page::order(options.get("$orderby"), &|name| options.get(name).map(str::to_owned))?;
    let top = top(options.get("$top"))?;
    // With a page size, `$top` is ignored [D:webapi/query/page-results.md, 2024].
    let (rows, paged) = match (style.page_size, top) {
        (Some(size), _) => (size, true),
        (None, Some(top)) => (top.min(MOST_ROWS), false),
        (None, None) => (MOST_ROWS, true),
    };
    let list = ListQuery {
        selection: RowSelection { select: options.get("$select"), also: None, expansions },
        filter: filter.as_ref(),
        order: &order,
        place: options.get("$skiptoken").map(PageEnd::from_token).transpose()?,
        rows,
        paged,
        of: set.of.map(|(lookup, _)| lookup),
    };
    QueryPlan::new(resolver, set.table, &list, style)
}

fn filter(options: &QueryOptions) -> Result<Option<Expression>> {
    let alias = |name: &str| options.get(name).map(str::to_owned);
    options.get("$filter").map(|text| filter::parse(text, &alias)).transpose()
}

/// `GET set/$count`, as text.
pub(crate) async fn count(
    resolver: Resolver<'_>,
    reader: &mut StoreReader<'_>,
    set: Set<'_>,
    options: &QueryOptions,
) -> Result<Answer> {
    let total = counted(resolver, reader, set, options).await?;
    Ok(Answer::of_kind("text/plain", total.min(i64::from(MOST_ROWS)).to_string()))
}

/// How many rows match, to one beyond 5,000 and no further: that many are said, and that there are more
/// \[D:webapi/query/count-rows.md\].
async fn counted(
    resolver: Resolver<'_>,
    reader: &mut StoreReader<'_>,
    set: Set<'_>,
    options: &QueryOptions,
) -> Result<i64> {
    let mut query = Where::default();
    if let Some((lookup, id)) = set.of {
        query.and(&format!("{} = ?", resolver.column_sql(ROW, lookup)));
        query.cells.push(Cell::Id(id));
    }
    if let Some(filter) = filter(options)? {
        query.add(resolver, set.table, ROW, &filter)?;
    }
    let text = format!(
        "SELECT count(*) FROM (SELECT 1 FROM {} {ROW}{}{} LIMIT {})",
        resolver.readable(set.table),
        query.joins.text,
        query.clause(),
        MOST_ROWS + 1
    );
    let row = sql(text, query.cells).fetch_one(reader.connection()).await?;
    Ok(sqlx::Row::try_get(&row, 0)?)
}
