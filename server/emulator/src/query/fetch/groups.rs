//! Queries that group and aggregate \[D:fetchxml/aggregate-data.md\].

use crate::fault::{Fault, Result};
use crate::query::aggregate::{Function, GroupRange, Grouping, MOST_MATCHED, check_matched};
use crate::query::date_part::DatePart;
use crate::store::StoreReader;

use super::document::{Attribute, Fetch};
use super::paging::FetchContext;
use super::statement::FetchStatement;

pub(super) async fn answer(
    statement: FetchStatement<'_, '_>,
    reader: &mut StoreReader<'_>,
    fetch: &Fetch,
    context: &FetchContext<'_>,
) -> Result<String> {
    let mut grouping = Grouping::default();
    for source in 0..statement.sources.len() {
        let entity = statement.sources[source].entity;
        if entity.all {
            return Err(Fault::bad("0x8004111A", "A query that aggregates cannot ask for all attributes."));
        }
        for attribute in &entity.attributes {
            add(&mut grouping, &statement, source, attribute, context)?;
        }
    }
    let order = order(&grouping, &statement)?;
    let (from, cells) = statement.from(None);
    let most = fetch.aggregate_limit.map_or(MOST_MATCHED, |limit| limit.min(MOST_MATCHED));
    check_matched(reader, &from, &cells, most).await?;
    let size = fetch.page_size()?;
    let stretch = GroupRange { skip: fetch.skip(size)?, rows: size + 1 };
    let found = grouping.read(reader, &from, &cells, &order, stretch).await?;
    let shown = usize::try_from(size).unwrap_or(usize::MAX);
    let mut body =
        format!("{{\"@odata.context\":\"{}$metadata#{}\"", context.request.base, context.table.set);
    if found.len() > shown && fetch.top.is_none() {
        context.more(&mut body, fetch.page, None);
    }
    body.push_str(",\"value\":[");
    for (at, row) in found.iter().take(shown).enumerate() {
        if at > 0 {
            body.push(',');
        }
        grouping.write(&mut body, statement.resolver, row, context.annotations)?;
    }
    body.push_str("]}");
    Ok(body)
}

fn add<'a>(
    grouping: &mut Grouping<'a>,
    statement: &FetchStatement<'a, '_>,
    source: usize,
    attribute: &Attribute,
    context: &FetchContext<'_>,
) -> Result<()> {
    let found = statement.column(source, &attribute.name)?;
    let name = attribute.alias.clone().ok_or_else(|| {
        let message =
            format!("The attribute '{}' of a query that aggregates needs an alias.", attribute.name);
        Fault::bad("0x8004111B", message)
    })?;
    if grouping.has_name(&name) {
        return Err(Fault::bad("0x8004111B", format!("The alias '{name}' is used more than once.")));
    }
    match (attribute.group_by, &attribute.aggregate, &attribute.date_grouping) {
        (true, None, None) => grouping.key(statement.resolver, name, found, context.annotations),
        (true, None, Some(part)) => grouping.part(name, &found, date_part(part)?),
        (false, Some(aggregate), None) => {
            grouping.work(name, function(aggregate, attribute.distinct)?, Some(&found))
        }
        _ => {
            let message = format!(
                "The attribute '{}' must be either grouped by or aggregated, for the query says aggregate='true'.",
                attribute.name
            );
            Err(Fault::bad("0x8004111A", message))
        }
    }
}

fn date_part(name: &str) -> Result<DatePart> {
    if name == "fiscal-period" {
        return Err(Fault::unsupported("dategrouping='fiscal-period'"));
    }
    DatePart::parse(name)
        .ok_or_else(|| Fault::bad("0x80040203", format!("'{name}' is no part of a date for 'dategrouping'.")))
}

fn function(name: &str, distinct: bool) -> Result<Function> {
    match (name, distinct) {
        ("count", false) => Ok(Function::Count),
        ("countcolumn", false) => Ok(Function::CountColumn),
        ("countcolumn" | "count", true) => Ok(Function::CountDistinct),
        ("sum", false) => Ok(Function::Sum),
        ("avg", false) => Ok(Function::Average),
        ("min", _) => Ok(Function::Min),
        ("max", _) => Ok(Function::Max),
        ("sum" | "avg", true) => Err(Fault::unsupported(format!("'{name}' over distinct values"))),
        _ => Err(Fault::bad("0x8004111A", format!("'{name}' is no aggregate function."))),
    }
}

/// Orders of a query that aggregates name what it shows.
fn order(grouping: &Grouping<'_>, statement: &FetchStatement<'_, '_>) -> Result<Vec<String>> {
    let orders = statement.sources.iter().flat_map(|source| &source.entity.orders);
    orders
        .map(|order| {
            let place = order.alias.as_deref().and_then(|alias| grouping.place_of(alias));
            let place = place.ok_or_else(|| {
                let message =
                    "An <order> of a query that aggregates needs the alias of one of its attributes.";
                Fault::bad("0x8004111F", message)
            })?;
            Ok(format!("{place}{}", if order.descending { " DESC" } else { "" }))
        })
        .collect()
}
