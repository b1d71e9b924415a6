//! `$apply`: filter, groupby, aggregate \[D:webapi/query/aggregate-data.md\].

mod grammar;

use crate::address::QueryOptions;
use crate::answer::{Answer, Request};
use crate::fault::{Fault, Result};
use crate::schema::{CellKind, Table};
use crate::store::StoreReader;
use crate::value::write_text;

use super::aggregate::{Function, GroupRange, Grouping, MOST_MATCHED, check_matched};
use super::annotate::Annotations;
use super::condition::Where;
use super::options::{MOST_ROWS, applied, link, page_size, top};
use super::page::{page_number, page_token};
use super::resolver::{ResolvedColumn, Resolver};
use super::row::ROW;

use grammar::{AggregateExpression, Transformation};

pub(super) async fn answer(
    resolver: Resolver<'_>,
    reader: &mut StoreReader<'_>,
    request: &Request,
    table: &Table,
    transformation: &str,
    options: &QueryOptions,
) -> Result<Answer> {
    refuse_beside(options)?;
    let alias = |name: &str| options.get(name).map(str::to_owned);
    let transformation = grammar::parse(transformation, &alias)?;
    let annotations = Annotations::of(request);
    let table = resolver.table(&table.logical)?;
    let mut query = Where::default();
    for filter in &transformation.filters {
        query.add(resolver, table, ROW, filter)?;
    }
    let grouping = group(&mut query, resolver, table, &transformation, annotations)?;
    let from = format!(" FROM {} {ROW}{}{}", resolver.readable(table), query.joins.text, query.clause());
    check_matched(reader, &from, &query.cells, MOST_MATCHED).await?;
    let page = options.get("$skiptoken").map(page_number).transpose()?.unwrap_or(1);
    let (size, top) = (page_size(request)?, top(options.get("$top"))?);
    let rows = u64::from(size.or(top).unwrap_or(MOST_ROWS).min(MOST_ROWS));
    let stretch = GroupRange::of_page(page, rows);
    let found = grouping.read(reader, &from, &query.cells, &[], stretch).await?;
    let mut body = format!("{{\"@odata.context\":\"{}$metadata#{}\",\"value\":[", request.base, table.set);
    let shown = usize::try_from(rows).unwrap_or(usize::MAX);
    for (at, row) in found.iter().take(shown).enumerate() {
        if at > 0 {
            body.push(',');
        }
        grouping.write(&mut body, resolver, row, annotations)?;
    }
    body.push(']');
    let paged = size.is_some() || top.is_none();
    if paged && found.len() > shown {
        body.push_str(",\"@odata.nextLink\":");
        write_text(&mut body, &link(request, "$skiptoken", &page_token(page.saturating_add(1))));
    }
    body.push('}');
    applied(Answer::json(body), request)
}

/// What the cloud refuses beside `$apply`, and what it is not known to take.
fn refuse_beside(options: &QueryOptions) -> Result<()> {
    if options.get("$orderby").is_some() {
        let message = "The query node SingleValueOpenPropertyAccess is not supported.";
        return Err(Fault::bad("0x80060888", message));
    }
    match ["$filter", "$select", "$expand", "$count"].iter().find(|name| options.get(name).is_some()) {
        Some(name) => Err(Fault::unsupported(format!("{name} beside $apply"))),
        None => Ok(()),
    }
}

fn group<'a>(
    query: &mut Where,
    resolver: Resolver<'a>,
    table: &'a Table,
    transformation: &Transformation,
    annotations: Annotations,
) -> Result<Grouping<'a>> {
    let mut grouping = Grouping::default();
    for path in &transformation.keys {
        let found = query.find(resolver, table, ROW, path)?;
        if matches!(found.column.kind, CellKind::DateTime(_)) {
            return Err(Fault::bad("0x80060888", "groupby with datetime values is not supported."));
        }
        let name = key_name(path, &found);
        grouping.key(resolver, name, found, annotations)?;
        grouping.check_size()?;
    }
    for AggregateExpression { path, function, name } in &transformation.aggregates {
        if grouping.has_name(name) {
            return Err(Fault::syntax(format!("The name '{name}' is used more than once in $apply.")));
        }
        let found = match *function {
            Function::Count => None,
            _ => Some(query.find(resolver, table, ROW, path)?),
        };
        grouping.work(name.clone(), *function, found.as_ref())?;
        grouping.check_size()?;
    }
    Ok(grouping)
}

/// A column over a lookup is called by its table: `primarycontactid/fullname` comes back as `contact_fullname`.
fn key_name(path: &[String], found: &ResolvedColumn<'_>) -> String {
    match path {
        [own] => own.clone(),
        _ => format!("{}_{}", found.table.logical, found.column.property()),
    }
}
