//! Rows of the other side of a 1:N relationship, inside of the row that they point at \[D:webapi/query/join-tables.md\].

use std::collections::HashMap;

use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use crate::address::encode;
use crate::fault::{Fault, Result};
use crate::schema::{CellKind, Column, Table};
use crate::store::StoreReader;
use crate::value::{Cell, write_text};

use super::expand::Expansion;
use super::options::MOST_ROWS;
use super::plan::{ListQuery, QueryPlan};
use super::resolver::Resolver;
use super::row::cell;
use super::select::{AnswerStyle, RowSelection, Shape, write_row};

/// Rows inside of rows in one answer; the cloud would not come to an end in time with more.
const MOST_INSIDE: usize = 100_000;

/// An expanded collection: how its rows are read, and, once they are, their text by the row that they belong to.
pub(crate) struct Collection<'a> {
    name: String,
    plan: QueryPlan<'a>,
    /// The set of the row that they belong to.
    set: String,
    /// Options for a request of their own.
    query: String,
    written: HashMap<Uuid, String>,
}

impl<'a> Collection<'a> {
    pub(super) fn new(
        resolver: Resolver<'a>,
        table: &'a Table,
        (child, lookup): (&'a Table, &'a Column),
        expansion: &Expansion,
        style: AnswerStyle<'_>,
    ) -> Result<Self> {
        if expansion.reference {
            let message = "Expand with $ref is only supported on lookup type navigation property.";
            return Err(Fault::bad("0x80060888", message));
        }
        let select = expansion.select.as_deref();
        let list = ListQuery {
            selection: RowSelection { select, also: Some(lookup), expansions: &expansion.inner },
            filter: expansion.filter.as_ref(),
            order: &expansion.order,
            place: None,
            rows: match (style.nested, style.page_size) {
                (true, Some(size)) => size,
                _ => expansion.top.unwrap_or(MOST_ROWS).min(MOST_ROWS),
            },
            paged: false,
            of: Some(lookup),
        };
        Ok(Self {
            name: expansion.navigation.clone(),
            plan: QueryPlan::new(resolver, child, &list, style)?,
            set: table.set.clone(),
            query: expansion.query.clone(),
            written: HashMap::new(),
        })
    }

    pub(super) fn context(&self) -> String {
        format!("{}{}", self.name, self.plan.shape.inner_context())
    }

    /// Writes the rows of one row after a comma; they must have been gathered.
    pub(super) fn write(&self, out: &mut String, id: Uuid) {
        out.push(',');
        out.push_str(self.written.get(&id).map_or("", String::as_str));
    }

    async fn gather(
        &mut self,
        resolver: Resolver<'_>,
        reader: &mut StoreReader<'_>,
        style: AnswerStyle<'_>,
        id: Uuid,
        left: &mut usize,
    ) -> Result<()> {
        let rows = self.plan.read(reader, Some(id)).await?;
        *left = left.checked_sub(rows.len()).ok_or_else(too_many)?;
        Box::pin(gather(&mut self.plan.shape, resolver, reader, style, &rows, left)).await?;
        let mut out = String::new();
        write_text(&mut out, &self.name);
        out.push_str(":[");
        for (at, row) in rows.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            write_row(&mut out, resolver, &self.plan.shape, row, style, None)?;
        }
        out.push(']');
        if let Some(link) = self.link(style, id, &rows)? {
            out.push(',');
            write_text(&mut out, &format!("{}@odata.nextLink", self.name));
            out.push(':');
            write_text(&mut out, &link);
        }
        self.written.insert(id, out);
        Ok(())
    }

    /// The collection as a request of its own: the whole of it, or, where expansions are nested, what comes after.
    fn link(&self, style: AnswerStyle<'_>, id: Uuid, rows: &[SqliteRow]) -> Result<Option<String>> {
        let mut options = self.query.clone();
        if style.nested {
            let Some(last) = rows.last() else { return Ok(None) };
            if !options.is_empty() {
                options.push('&');
            }
            options.push_str(&format!("$skiptoken={}", encode(&self.plan.token_after(last)?)));
        }
        let mark = if options.is_empty() { "" } else { "?" };
        Ok(Some(format!("{}{}({id})/{}{mark}{options}", style.base, self.set, self.name)))
    }
}

/// Reads what is inside of these rows: it is written with them, and writing waits for nothing.
pub(super) async fn gather(
    shape: &mut Shape<'_>,
    resolver: Resolver<'_>,
    reader: &mut StoreReader<'_>,
    style: AnswerStyle<'_>,
    rows: &[SqliteRow],
    left: &mut usize,
) -> Result<()> {
    let at = shape.id_at();
    for collection in &mut shape.collections {
        for row in rows {
            if let Cell::Id(id) = cell(row, at, &CellKind::Id)?
                && !collection.written.contains_key(&id)
            {
                collection.gather(resolver, reader, style, id, left).await?;
            }
        }
    }
    for inner in shape.inner_shapes() {
        Box::pin(gather(inner, resolver, reader, style, rows, left)).await?;
    }
    Ok(())
}

/// Reads what is inside of the rows of an answer.
pub(super) async fn gather_all(
    shape: &mut Shape<'_>,
    resolver: Resolver<'_>,
    reader: &mut StoreReader<'_>,
    style: AnswerStyle<'_>,
    rows: &[SqliteRow],
) -> Result<()> {
    gather(shape, resolver, reader, style, rows, &mut MOST_INSIDE.clone()).await
}

fn too_many() -> Fault {
    let message = format!("SQL timeout expired: more than {MOST_INSIDE} rows were expanded in one answer.");
    Fault::new(http::StatusCode::INTERNAL_SERVER_ERROR, "0x80044151", message)
}
