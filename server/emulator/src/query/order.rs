//! Orders, always total in the end: rows with the same values come in the order made.

use super::condition::Where;
use super::cursor::{Aliases, RowCursor};
use super::resolver::{ResolvedColumn, Resolver};
use crate::fault::{Fault, Result};
use crate::schema::{CellKind, ChoiceOf, Table};
use crate::store::compare;

/// Far more columns than queries order by, and few enough for the condition that a page makes of them.
pub(super) const MOST: usize = 32;

/// A column to order by, as it was asked for: its path, and whether the greatest comes first.
pub(super) type OrderTerm = (Vec<String>, bool);

/// Reads `$orderby`, as far as it goes.
pub(super) fn parse(cursor: &mut RowCursor<'_>, aliases: Aliases<'_>) -> Result<Vec<OrderTerm>> {
    let mut found = Vec::new();
    loop {
        if found.len() == MOST {
            let message = format!("More than {MOST} columns to order by; that is the most.");
            return Err(Fault::bad("0x80060888", message));
        }
        let path = match cursor.aliased(aliases)? {
            Some(text) => {
                let mut inner = RowCursor::new(&text)?;
                let path = inner.path()?;
                inner.end()?;
                path
            }
            None => cursor.path()?,
        };
        let descending = cursor.take_word("desc");
        if !descending {
            cursor.take_word("asc");
        }
        found.push((path, descending));
        if !cursor.take_cursor(',') {
            return Ok(found);
        }
    }
}

/// One column of the order.
pub(super) struct Term {
    pub(super) sql: String,
    pub(super) descending: bool,
    pub(super) kind: CellKind,
}

impl Term {
    /// Lookups are ordered by the names of the rows that they point at. Choices are by their labels in FetchXML
    /// \[D:fetchxml/order-rows.md\], and by their numbers in OData \[D:webapi/query/order-rows.md\].
    pub(super) fn new(
        resolver: Resolver<'_>,
        found: &ResolvedColumn<'_>,
        descending: bool,
        by_label: bool,
    ) -> Result<Self> {
        if let Some(sql) = resolver.label(&found.alias, found.column)? {
            return Ok(Self { sql, descending, kind: CellKind::Memo { max_length: 0 } });
        }
        Ok(match &found.column.kind {
            CellKind::Choice(choice) if by_label => {
                Self { sql: ranked(resolver, choice, &found.sql), descending, kind: CellKind::BigInteger }
            }
            kind => Self { sql: found.sql.clone(), descending, kind: kind.clone() },
        })
    }

    /// The terms that OData's `$orderby` asks for.
    pub(super) fn all(
        query: &mut Where,
        resolver: Resolver<'_>,
        table: &Table,
        alias: &str,
        wanted: &[OrderTerm],
    ) -> Result<Vec<Self>> {
        let mut terms = Vec::with_capacity(wanted.len());
        for (path, descending) in wanted {
            let found = query.find(resolver, table, alias, path)?;
            terms.push(Self::new(resolver, &found, *descending, false)?);
        }
        Ok(terms)
    }

    /// By the number of a row, to tell apart those with the same values.
    pub(super) fn row(alias: &str) -> Self {
        Self { sql: format!("{alias}._n"), descending: false, kind: CellKind::BigInteger }
    }
}

/// A choice's place in the order of its labels. Numbers alone stand in the text, never a label.
fn ranked(resolver: Resolver<'_>, choice: &ChoiceOf, sql: &str) -> String {
    let mut options: Vec<(&str, i32)> =
        resolver.schema.options(choice).iter().map(|option| (option.label.as_str(), option.value)).collect();
    options.sort_by(|a, b| compare(a.0, b.0).then(a.1.cmp(&b.1)));
    if options.is_empty() {
        return sql.to_owned();
    }
    let cases: String =
        options.iter().enumerate().map(|(rank, (_, value))| format!(" WHEN {value} THEN {rank}")).collect();
    format!("(CASE {sql}{cases} END)")
}

/// ` ORDER BY …`, ending in the rows' own numbers.
pub(super) fn order_clause(terms: &[Term], alias: &str) -> String {
    let mut parts: Vec<String> = terms
        .iter()
        .map(|term| format!("{}{}", term.sql, if term.descending { " DESC" } else { "" }))
        .collect();
    parts.push(format!("{alias}._n"));
    format!(" ORDER BY {}", parts.join(", "))
}
