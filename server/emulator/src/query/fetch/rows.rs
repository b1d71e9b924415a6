//! Rows of a query, page by page; nothing is said of what is null \[D:fetchxml/retrieve-data.md\].

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::fault::{Fault, Result};
use crate::query::annotate::write_total;
use crate::query::options::MOST_ROWS;
use crate::query::order::{Term, order_clause};
use crate::query::page;
use crate::query::row::{OutputColumn, write_property};
use crate::schema::{CellKind, Column, currency};
use crate::store::{StoreReader, sql};

use super::cookie::{self, Cookie};
use super::document::{Attribute, Fetch, FetchOrder};
use super::paging::FetchContext;
use super::statement::FetchStatement;

/// What is selected, and where it stands.
struct FetchSheet<'a> {
    items: Vec<String>,
    shown: Vec<OutputColumn<'a>>,
    /// Names of the entity's own columns, for the context.
    own: Vec<String>,
    /// Where the row's version stands; rows that are only told apart by what they show have none.
    version_at: Option<usize>,
}

pub(super) async fn answer(
    statement: FetchStatement<'_, '_>,
    reader: &mut StoreReader<'_>,
    fetch: &Fetch,
    context: &FetchContext<'_>,
) -> Result<String> {
    let mut sheet = sheet(&statement, fetch, context)?;
    let orders = orders(&statement, fetch)?;
    let ties: Vec<String> = statement.sources.iter().map(|source| source.alias.clone()).collect();
    let total = match fetch.total {
        true => Some(total(&statement, reader, fetch, &sheet).await?),
        false => None,
    };
    let size = fetch.page_size()?;
    // Rows of several tables are told apart by all of them; the last is the one that the place ends with.
    let mut terms = orders.terms;
    let (last, before) = ties.split_last().map_or(("", &ties[..]), |(last, before)| (last, before));
    terms.extend(before.iter().map(|alias| Term::row(alias)));
    let with_cookie = orders.own && !fetch.distinct;
    let place_at = sheet.items.len();
    let (mut skip, mut after) = (0, None);
    match fetch.cookie.as_deref().filter(|_| with_cookie).map(cookie::read).transpose()? {
        Some(cookie) if cookie.page < fetch.page => {
            skip = (fetch.page - cookie.page - 1).saturating_mul(size).min(i64::MAX.unsigned_abs());
            after = Some(page::after(&terms, last, &cookie.place)?);
        }
        _ => skip = skip.max(fetch.skip(size)?),
    }
    let (from, cells) = statement.from(after);
    let (word, order) = if fetch.distinct {
        (" DISTINCT", distinct_order(&terms[..terms.len() - before.len()], &sheet.items))
    } else {
        sheet.items.extend(terms.iter().map(|term| term.sql.clone()));
        sheet.items.push(format!("{last}._n"));
        ("", order_clause(&terms, last))
    };
    let items = sheet.items.join(", ");
    let text = format!("SELECT{word} {items}{from}{order} LIMIT {} OFFSET {skip}", size + 1);
    let found = sql(text, cells).fetch_all(reader.connection()).await?;
    let shown = usize::try_from(size).unwrap_or(usize::MAX);
    let mut body = format!(
        "{{\"@odata.context\":\"{}$metadata#{}({})\"",
        context.request.base,
        context.table.set,
        sheet.own.join(",")
    );
    if found.len() > shown && fetch.top.is_none() {
        let cookie = match with_cookie {
            true => {
                Some(Cookie { page: fetch.page, place: page::place(&terms, &found[shown - 1], place_at, 0)? })
            }
            false => None,
        };
        context.more(&mut body, fetch.page, cookie.as_ref());
    }
    write_total(&mut body, total, context.annotations);
    body.push_str(",\"value\":[");
    for (at, row) in found.iter().take(shown).enumerate() {
        if at > 0 {
            body.push(',');
        }
        write_row(&mut body, &statement, &sheet, row, context)?;
    }
    body.push_str("]}");
    Ok(body)
}

fn sheet<'a>(
    statement: &FetchStatement<'a, '_>,
    fetch: &Fetch,
    context: &FetchContext<'_>,
) -> Result<FetchSheet<'a>> {
    let mut sheet = FetchSheet { items: Vec::new(), shown: Vec::new(), own: Vec::new(), version_at: None };
    for source in 0..statement.sources.len() {
        let table = statement.sources[source].table;
        let entity = statement.sources[source].entity;
        let mut wanted: Vec<(&Column, Option<&str>)> = Vec::new();
        for attribute in &entity.attributes {
            plain(attribute)?;
            wanted.push((statement.column(source, &attribute.name)?.column, attribute.alias.as_deref()));
        }
        let own = source == 0;
        // A link without attributes shows none; the entity itself shows all.
        if entity.all || (own && entity.attributes.is_empty()) {
            wanted.extend(table.columns.iter().map(|column| (column, None)));
        }
        // Money says of which currency it is [D:fetchxml/page-results.md].
        if own
            && !fetch.distinct
            && wanted.iter().any(|(column, _)| matches!(column.kind, CellKind::Money { .. }))
            && !wanted.iter().any(|(column, _)| column.logical == currency::LOOKUP)
        {
            wanted.extend(currency::currency(table).map(|column| (column, None)));
        }
        if own && !fetch.distinct && !wanted.iter().any(|(column, _)| column.kind == CellKind::Id) {
            wanted.extend(table.column(table.primary_id()).map(|column| (column, None)));
        }
        for (column, alias) in wanted {
            let name = match alias {
                Some(alias) => alias.to_owned(),
                None if own => column.property(),
                None => format!("{}.{}", statement.sources[source].name, column.logical),
            };
            if own {
                sheet.own.push(name.clone());
            }
            show(statement, &mut sheet, source, name, column, context)?;
        }
    }
    if !fetch.distinct {
        sheet.version_at = Some(sheet.items.len());
        sheet.items.push(format!("{}.versionnumber", statement.sources[0].alias));
    }
    Ok(sheet)
}

/// What only belongs into a query that aggregates.
fn plain(attribute: &Attribute) -> Result<()> {
    if attribute.aggregate.is_none() && !attribute.group_by && attribute.date_grouping.is_none() {
        return Ok(());
    }
    let message = format!(
        "The attribute '{}' is grouped or aggregated, but the query does not say aggregate='true'.",
        attribute.name
    );
    Err(Fault::bad("0x8004111A", message))
}

fn show<'a>(
    statement: &FetchStatement<'a, '_>,
    sheet: &mut FetchSheet<'a>,
    source: usize,
    name: String,
    column: &'a Column,
    context: &FetchContext<'_>,
) -> Result<()> {
    if sheet.shown.iter().any(|shown| shown.name == name) {
        // The same column named twice is shown once.
        return Ok(());
    }
    let resolver = statement.resolver;
    let alias = statement.sources[source].alias.clone();
    let at = sheet.items.len();
    sheet.items.push(resolver.column_sql(&alias, column));
    let mut label_at = None;
    if context.annotations.formatted
        && let Some(label) = resolver.label(&alias, column)?
    {
        label_at = Some(sheet.items.len());
        sheet.items.push(label);
    }
    sheet.shown.push(OutputColumn { name, column, at, label_at });
    Ok(())
}

struct Orders {
    terms: Vec<Term>,
    /// All of them are of the entity itself: others allow no cookie \[D:fetchxml/page-results.md\].
    own: bool,
}

/// The entity's orders, then those of its links.
fn orders(statement: &FetchStatement<'_, '_>, fetch: &Fetch) -> Result<Orders> {
    let mut found = Orders { terms: Vec::new(), own: true };
    for source in 0..statement.sources.len() {
        for order in &statement.sources[source].entity.orders {
            let (source, column) = ordered(statement, source, order)?;
            let column = statement.column(source, &column)?;
            let term = Term::new(statement.resolver, &column, order.descending, !fetch.raw_order)?;
            found.terms.push(term);
            found.own &= source == 0;
        }
    }
    Ok(found)
}

/// Which column of which source an order means.
fn ordered(statement: &FetchStatement<'_, '_>, source: usize, order: &FetchOrder) -> Result<(usize, String)> {
    if let Some(attribute) = &order.attribute {
        let source = match &order.entity_name {
            Some(name) => statement.source(name)?,
            None => source,
        };
        return Ok((source, attribute.clone()));
    }
    let by_alias = statement.sources.iter().enumerate().find_map(|(source, known)| {
        let attribute = known.entity.attributes.iter().find(|known| known.alias == order.alias)?;
        Some((source, attribute.name.clone()))
    });
    by_alias
        .filter(|_| order.alias.is_some())
        .ok_or_else(|| Fault::bad("0x8004111E", "An <order> names no attribute and no known alias."))
}

/// Rows that are only told apart by what they show are also ordered by all of it.
fn distinct_order(terms: &[Term], items: &[String]) -> String {
    let ordered =
        terms.iter().map(|term| format!("{}{}", term.sql, if term.descending { " DESC" } else { "" }));
    let places = (1..=items.len()).map(|place| place.to_string());
    format!(" ORDER BY {}", ordered.chain(places).collect::<Vec<_>>().join(", "))
}

/// How many rows match, looked for one beyond the most that is said.
async fn total(
    statement: &FetchStatement<'_, '_>,
    reader: &mut StoreReader<'_>,
    fetch: &Fetch,
    sheet: &FetchSheet<'_>,
) -> Result<i64> {
    if fetch.top.is_some() {
        let message = "The returntotalrecordcount attribute can't be specified with the top attribute.";
        return Err(Fault::bad("0x80040203", message));
    }
    let (from, cells) = statement.from(None);
    let what = if fetch.distinct { format!("DISTINCT {}", sheet.items.join(", ")) } else { "1".to_owned() };
    let text = format!("SELECT count(*) FROM (SELECT {what}{from} LIMIT {})", MOST_ROWS + 1);
    Ok(sql(text, cells).fetch_one(reader.connection()).await?.try_get(0)?)
}

fn write_row(
    body: &mut String,
    statement: &FetchStatement<'_, '_>,
    sheet: &FetchSheet<'_>,
    row: &SqliteRow,
    context: &FetchContext<'_>,
) -> Result<()> {
    body.push('{');
    let start = body.len();
    if let Some(at) = sheet.version_at {
        body.push_str(&format!(",\"@odata.etag\":\"W/\\\"{}\\\"\"", row.try_get::<i64, _>(at)?));
    }
    for shown in &sheet.shown {
        write_property(body, statement.resolver, row, shown, context.annotations, true)?;
    }
    if body.len() > start {
        body.remove(start);
    }
    body.push('}');
    Ok(())
}
