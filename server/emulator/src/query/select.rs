//! Which columns a row shows, how they are asked for in SQL, and how the row is written.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::answer::Request;
use crate::fault::{Fault, Result};
use crate::schema::{CellKind, Column, Table, currency};
use crate::security::Access;
use crate::value::{Cell, write_text};

use super::annotate::Annotations;
use super::children::Collection;
use super::expand::{Expansion, only_select_and_filter};
use super::joins::Joins;
use super::options::page_size;
use super::resolver::Resolver;
use super::row::{OutputColumn, cell, write_property};

/// The columns of one table as a request wants them, and where they stand in the rows that SQL gives.
pub(crate) struct Shape<'a> {
    /// Where the row's id stands; its version follows.
    start: usize,
    shown: Vec<OutputColumn<'a>>,
    /// Rows reached over lookups, in place.
    inner: Vec<NestedSelection<'a>>,
    pub(super) collections: Vec<Collection<'a>>,
    /// Selected names as they were asked for, for the context; empty for all.
    names: Vec<String>,
}

struct NestedSelection<'a> {
    name: String,
    shape: Shape<'a>,
    /// The set of the row, where only its address is wanted.
    reference: Option<&'a str>,
}

/// What is wanted of a row.
#[derive(Clone, Copy, Default)]
pub(crate) struct RowSelection<'q, 'a> {
    pub(crate) select: Option<&'q str>,
    /// A column that comes with those selected.
    pub(crate) also: Option<&'a Column>,
    pub(crate) expansions: &'q [Expansion],
}

/// How rows are to be answered, inner ones as well.
#[derive(Clone, Copy)]
pub(crate) struct AnswerStyle<'r> {
    pub(crate) annotations: Annotations,
    /// What addresses begin with.
    pub(crate) base: &'r str,
    pub(crate) page_size: Option<u32>,
    /// There are expansions inside of expansions, and so collections come in pages.
    pub(crate) nested: bool,
}

impl<'r> AnswerStyle<'r> {
    pub(crate) fn of(request: &'r Request, expansions: &[Expansion]) -> Result<Self> {
        Ok(Self {
            annotations: Annotations::of(request),
            base: &request.base,
            page_size: page_size(request)?,
            nested: expansions.iter().any(|expansion| !expansion.inner.is_empty()),
        })
    }
}

/// The list of what a statement selects, in the making.
#[derive(Default)]
pub(crate) struct SelectList {
    pub(crate) items: Vec<String>,
    pub(crate) joins: Joins,
}

impl<'a> Shape<'a> {
    /// Lays out the columns selected (all, if none are) and what is expanded.
    pub(crate) fn new(
        resolver: Resolver<'a>,
        select_list: &mut SelectList,
        table: &'a Table,
        alias: &str,
        selection: &RowSelection<'_, 'a>,
        style: AnswerStyle<'_>,
    ) -> Result<Self> {
        let start = select_list.items.len();
        select_list.items.push(format!("{alias}.\"{}\"", table.primary_id()));
        select_list.items.push(format!("{alias}.versionnumber"));
        let (mut columns, asked) = columns(table, selection.select)?;
        if let Some(also) = selection.also
            && !columns.iter().any(|known| known.logical == also.logical)
        {
            columns.push(also);
        }
        let mut shown = Vec::with_capacity(columns.len());
        for column in columns {
            let at = select_list.items.len();
            select_list.items.push(resolver.column_sql(alias, column));
            let mut label_at = None;
            if style.annotations.formatted
                && let Some(label) = resolver.label(alias, column)?
            {
                label_at = Some(select_list.items.len());
                select_list.items.push(label);
            }
            shown.push(OutputColumn { name: column.property(), column, at, label_at });
        }
        let mut shape = Self { start, shown, inner: Vec::new(), collections: Vec::new(), names: asked };
        for expansion in selection.expansions {
            shape.expand(resolver, select_list, table, alias, expansion, style)?;
        }
        Ok(shape)
    }

    fn expand(
        &mut self,
        resolver: Resolver<'a>,
        select_list: &mut SelectList,
        table: &'a Table,
        alias: &str,
        expansion: &Expansion,
        style: AnswerStyle<'_>,
    ) -> Result<()> {
        let navigation = &expansion.navigation;
        let Some(lookup) = table.navigation(navigation) else {
            let sides = resolver
                .collection(table, navigation)
                .ok_or_else(|| Fault::no_property(navigation, &table.logical))?;
            resolver.caller.demand(sides.0, Access::Read)?;
            self.collections.push(Collection::new(resolver, table, sides, expansion, style)?);
            return Ok(());
        };
        if expansion.top.is_some() || !expansion.order.is_empty() {
            return Err(only_select_and_filter());
        }
        if expansion.filter.is_some() {
            return Err(Fault::unsupported("$filter inside $expand of a lookup"));
        }
        let joined = select_list.joins.over(resolver, alias, lookup, navigation)?;
        let target = resolver.table(lookup.target().unwrap_or_default())?;
        let select = expansion.select.as_deref();
        let selection = RowSelection { select, also: None, expansions: &expansion.inner };
        let shape = Self::new(resolver, select_list, target, &joined, &selection, style)?;
        let reference = expansion.reference.then_some(target.set.as_str());
        self.inner.push(NestedSelection { name: navigation.clone(), shape, reference });
        Ok(())
    }

    /// Where the row's id stands.
    pub(super) fn id_at(&self) -> usize {
        self.start
    }

    pub(super) fn inner_shapes(&mut self) -> impl Iterator<Item = &mut Self> {
        self.inner.iter_mut().map(|inner| &mut inner.shape)
    }

    /// The names in parentheses after the set, as the context shows them.
    pub(crate) fn context(&self) -> String {
        let mut parts = self.names.clone();
        parts.extend(self.inner.iter().map(|inner| match inner.reference {
            Some(_) => format!("{}/$ref()", inner.name),
            None => format!("{}{}", inner.name, inner.shape.inner_context()),
        }));
        parts.extend(self.collections.iter().map(Collection::context));
        if parts.is_empty() { String::new() } else { format!("({})", parts.join(",")) }
    }

    /// The same inside of another row's, where all columns are an empty pair.
    pub(super) fn inner_context(&self) -> String {
        if self.names.is_empty() { "()".to_owned() } else { self.context() }
    }

    pub(crate) fn version(&self, row: &SqliteRow) -> Result<i64> {
        Ok(row.try_get::<i64, _>(self.start + 1)?)
    }
}

/// Columns by the names of `$select`, the primary key always among them; and the names themselves.
fn columns<'a>(table: &'a Table, select: Option<&str>) -> Result<(Vec<&'a Column>, Vec<String>)> {
    let names: Vec<&str> =
        select.unwrap_or_default().split(',').map(str::trim).filter(|n| !n.is_empty()).collect();
    if names.is_empty() || names.contains(&"*") {
        return Ok((table.columns.iter().collect(), Vec::new()));
    }
    let mut columns: Vec<&Column> = Vec::with_capacity(names.len() + 1);
    for name in &names {
        let column = table.property(name).ok_or_else(|| Fault::no_property(name, &table.logical))?;
        if !columns.iter().any(|known| known.logical == column.logical) {
            columns.push(column);
        }
    }
    // Money says of which currency it is [D:webapi/query/select-columns.md].
    if columns.iter().any(|column| matches!(column.kind, CellKind::Money { .. }))
        && !columns.iter().any(|column| column.logical == currency::LOOKUP)
    {
        columns.extend(currency::currency(table));
    }
    if !columns.iter().any(|column| column.kind == CellKind::Id) {
        columns.extend(table.column(table.primary_id()));
    }
    Ok((columns, names.iter().map(|name| (*name).to_owned()).collect()))
}

/// Writes a row as a JSON object. `context` is for a row that stands alone.
pub(crate) fn write_row(
    out: &mut String,
    resolver: Resolver<'_>,
    shape: &Shape<'_>,
    row: &SqliteRow,
    style: AnswerStyle<'_>,
    context: Option<&str>,
) -> Result<()> {
    out.push('{');
    if let Some(context) = context {
        out.push_str("\"@odata.context\":");
        write_text(out, context);
        out.push(',');
    }
    out.push_str(&format!("\"@odata.etag\":\"W/\\\"{}\\\"\"", shape.version(row)?));
    for shown in &shape.shown {
        write_property(out, resolver, row, shown, style.annotations, false)?;
    }
    for NestedSelection { name, shape: inner, reference } in &shape.inner {
        out.push(',');
        write_text(out, name);
        out.push(':');
        match (cell(row, inner.start, &CellKind::Id)?, reference) {
            (Cell::Id(id), Some(set)) => {
                out.push_str("{\"@odata.id\":");
                write_text(out, &format!("{}{set}({id})", style.base));
                out.push('}');
            }
            (Cell::Id(_), None) => write_row(out, resolver, inner, row, style, None)?,
            _ => out.push_str("null"),
        }
    }
    if !shape.collections.is_empty()
        && let Cell::Id(id) = cell(row, shape.start, &CellKind::Id)?
    {
        for collection in &shape.collections {
            collection.write(out, id);
        }
    }
    out.push('}');
    Ok(())
}
