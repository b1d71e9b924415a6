//! What a listing asks of SQL: columns, conditions, order, and how many rows.

use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use crate::fault::Result;
use crate::schema::{Column, Table};
use crate::store::{StoreReader, sql};
use crate::value::Cell;

use super::condition::Where;
use super::filter::Expression;
use super::order::{OrderTerm, Term, order_clause};
use super::page::{self, PageEnd};
use super::resolver::Resolver;
use super::row::ROW;
use super::select::{AnswerStyle, RowSelection, SelectList, Shape};

/// Which rows, and what of them.
pub(super) struct ListQuery<'q, 'a> {
    pub(super) selection: RowSelection<'q, 'a>,
    pub(super) filter: Option<&'q Expression>,
    pub(super) order: &'q [OrderTerm],
    /// Where the page before ended.
    pub(super) place: Option<PageEnd>,
    pub(super) rows: u32,
    /// Whether there may be a page after this one.
    pub(super) paged: bool,
    /// Only rows that point at one row by this lookup; which one is said when they are read.
    pub(super) of: Option<&'a Column>,
}

pub(super) struct QueryPlan<'a> {
    pub(super) shape: Shape<'a>,
    pub(super) rows: usize,
    text: String,
    cells: Vec<Cell>,
    terms: Vec<Term>,
    /// Where the order's values stand in each row.
    order_at: usize,
    page: u64,
    paged: bool,
}

impl<'a> QueryPlan<'a> {
    pub(super) fn new(
        resolver: Resolver<'a>,
        table: &'a Table,
        list: &ListQuery<'_, 'a>,
        style: AnswerStyle<'_>,
    ) -> Result<Self> {
        let mut select_list = SelectList::default();
        let shape = Shape::new(resolver, &mut select_list, table, ROW, &list.selection, style)?;
        let mut query = Where::default();
        query.joins = select_list.joins;
        if let Some(lookup) = list.of {
            query.and(&format!("{} = ?", resolver.column_sql(ROW, lookup)));
        }
        if let Some(filter) = list.filter {
            query.add(resolver, table, ROW, filter)?;
        }
        let terms = Term::all(&mut query, resolver, table, ROW, list.order)?;
        let mut page = 1;
        if let Some(place) = &list.place {
            page = place.page;
            let (text, cells) = page::after(&terms, ROW, place)?;
            query.and(&text);
            query.cells.extend(cells);
        }
        let order_at = select_list.items.len();
        select_list.items.extend(terms.iter().map(|term| term.sql.clone()));
        select_list.items.push(format!("{ROW}._n"));
        let text = format!(
            "SELECT {} FROM {} {ROW}{}{}{} LIMIT {}",
            select_list.items.join(", "),
            resolver.readable(table),
            query.joins.text,
            query.clause(),
            order_clause(&terms, ROW),
            list.rows + u32::from(list.paged)
        );
        let rows = list.rows as usize;
        Ok(Self { shape, rows, text, cells: query.cells, terms, order_at, page, paged: list.paged })
    }

    /// Reads the rows, those of one row if the plan is for such; one more than wanted, if there is another page.
    pub(super) async fn read(
        &self,
        reader: &mut StoreReader<'_>,
        of: Option<Uuid>,
    ) -> Result<Vec<SqliteRow>> {
        let cells = of.map(Cell::Id).into_iter().chain(self.cells.iter().cloned()).collect();
        Ok(sql(self.text.clone(), cells).fetch_all(reader.connection()).await?)
    }

    /// The cookie after the last row that is shown.
    pub(super) fn token_after(&self, last: &SqliteRow) -> Result<String> {
        Ok(page::place(&self.terms, last, self.order_at, self.page.saturating_add(1))?.to_token())
    }

    /// The cookie for the next page, if there is one.
    pub(super) fn next_token(&self, rows: &[SqliteRow]) -> Result<Option<String>> {
        let last = self.rows.checked_sub(1).and_then(|last| rows.get(last));
        match last.filter(|_| self.paged && rows.len() > self.rows) {
            Some(last) => self.token_after(last).map(Some),
            None => Ok(None),
        }
    }
}
