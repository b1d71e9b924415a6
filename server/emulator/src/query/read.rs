//! One row, a page of rows, or their number, as an answer.

use http::StatusCode;
use sqlx::sqlite::SqliteRow;

use crate::address::Options;
use crate::answer::{Answer, Request};
use crate::fault::{Fault, Result};
use crate::schema::Table;
use crate::store::{Reader, sql};
use crate::value::Cell;

use super::annotate::{Annotations, TOTAL};
use super::condition::Where;
use super::expand;
use super::names::Names;
use super::options::{applied, link, page_size, refuse_unknown, top};
use super::order::{Term, order_clause};
use super::page::{self, MOST_ROWS, Place};
use super::select::{Listed, Shape, write_row};
use super::{apply, fetch, parse_filter};

/// The table's own alias in every statement.
pub(super) const ROW: &str = "t";

/// `GET set(key)`, the row's id already found.
pub(crate) async fn one(
    names: Names<'_>,
    reader: &mut Reader<'_>,
    request: &Request,
    table: &Table,
    id: uuid::Uuid,
    options: &Options,
) -> Result<Answer> {
    let annotations = Annotations::of(request);
    let expansions = expand::parse(options.get("$expand").unwrap_or_default())?;
    let mut listed = Listed::default();
    let shape = Shape::new(names, &mut listed, table, ROW, options.get("$select"), &expansions, annotations)?;
    let text = format!(
        "SELECT {} FROM {} {ROW}{} WHERE {ROW}.\"{}\" = ?",
        listed.items.join(", "),
        table.rows(),
        listed.joins.text,
        table.primary_id()
    );
    let row = sql(text, vec![Cell::Id(id)]).fetch_optional(reader.connection()).await?;
    let row = row.ok_or_else(|| Fault::no_row(&table.logical, id))?;
    let etag = format!("W/\"{}\"", shape.version(&row)?);
    let known = request.header("if-none-match").is_some_and(|known| known == etag);
    if known && expansions.is_empty() && !annotations.any() {
        return Ok(Answer::empty(StatusCode::NOT_MODIFIED).with("etag", etag));
    }
    let context = format!("{}$metadata#{}{}/$entity", request.base, table.set, shape.context());
    let mut body = String::new();
    write_row(&mut body, names, &shape, &row, annotations, Some(&context))?;
    Ok(Answer::json(body).with("etag", etag))
}

/// `GET set`: a page of rows.
pub(crate) async fn list(
    names: Names<'_>,
    reader: &mut Reader<'_>,
    request: &Request,
    table: &Table,
    options: &Options,
) -> Result<Answer> {
    refuse_unknown(options)?;
    if let Some(transformation) = options.get("$apply") {
        return apply::answer(names, reader, request, table, transformation, options).await;
    }
    if let Some(text) = options.get("fetchXml") {
        return fetch::answer(names, reader, request, table, text, options).await;
    }
    let annotations = Annotations::of(request);
    let plan = Plan::new(names, table, request, options, annotations)?;
    let rows = sql(plan.text.clone(), plan.cells.clone()).fetch_all(reader.connection()).await?;
    let mut body = String::with_capacity(256 + rows.len() * 256);
    let context = format!("{}$metadata#{}{}", request.base, table.set, plan.shape.context());
    body.push_str(&format!("{{\"@odata.context\":\"{context}\""));
    if options.get("$count") == Some("true") {
        let counted = counted(names, reader, table, options).await?;
        let (total, over) = (counted.min(i64::from(MOST_ROWS)), counted > i64::from(MOST_ROWS));
        body.push_str(&format!(",\"@odata.count\":{total}"));
        if annotations.total {
            body.push_str(&format!(",\"@{TOTAL}\":{total},\"@{TOTAL}limitexceeded\":{over}"));
        }
    } else if annotations.total {
        body.push_str(&format!(",\"@{TOTAL}\":-1,\"@{TOTAL}limitexceeded\":false"));
    }
    let more = rows.len() > plan.rows;
    body.push_str(",\"value\":[");
    for (at, row) in rows.iter().take(plan.rows).enumerate() {
        if at > 0 {
            body.push(',');
        }
        write_row(&mut body, names, &plan.shape, row, annotations, None)?;
    }
    body.push(']');
    if more && let Some(link) = plan.next_link(request, &rows)? {
        body.push_str(",\"@odata.nextLink\":");
        crate::value::write_text(&mut body, &link);
    }
    body.push('}');
    applied(Answer::json(body), request)
}

/// What a listing asks of SQL.
struct Plan<'a> {
    shape: Shape<'a>,
    text: String,
    cells: Vec<Cell>,
    terms: Vec<Term>,
    /// Where the order's values stand in each row.
    order_at: usize,
    rows: usize,
    page: u64,
    paged: bool,
}

impl<'a> Plan<'a> {
    fn new(
        names: Names<'a>,
        table: &'a Table,
        request: &Request,
        options: &Options,
        annotations: Annotations,
    ) -> Result<Self> {
        let expansions = expand::parse(options.get("$expand").unwrap_or_default())?;
        let mut listed = Listed::default();
        let shape =
            Shape::new(names, &mut listed, table, ROW, options.get("$select"), &expansions, annotations)?;
        let mut query = Where::default();
        query.joins = listed.joins;
        add_filter(&mut query, names, table, options)?;
        let terms = page::order(&mut query, names, table, ROW, options.get("$orderby").unwrap_or_default())?;
        let mut page = 1;
        if let Some(token) = options.get("$skiptoken") {
            let place = Place::from_token(token)?;
            page = place.page;
            let (text, cells) = page::after(&terms, ROW, &place)?;
            query.and(&text);
            query.cells.extend(cells);
        }
        let order_at = listed.items.len();
        listed.items.extend(terms.iter().map(|term| term.sql.clone()));
        listed.items.push(format!("{ROW}._n"));
        let page_size = page_size(request)?;
        let top = top(options.get("$top"))?;
        // With a page size, `$top` is ignored [D:webapi/query/page-results.md, 2024].
        let (rows, paged) = match (page_size, top) {
            (Some(size), _) => (size, true),
            (None, Some(top)) => (top.min(MOST_ROWS), false),
            (None, None) => (MOST_ROWS, true),
        };
        let text = format!(
            "SELECT {} FROM {} {ROW}{}{}{} LIMIT {}",
            listed.items.join(", "),
            table.rows(),
            query.joins.text,
            query.clause(),
            order_clause(&terms, ROW),
            rows + u32::from(paged)
        );
        let rows = rows as usize;
        Ok(Self { shape, text, cells: query.cells, terms, order_at, rows, page, paged })
    }

    /// The request's own address with another cookie.
    fn next_link(&self, request: &Request, rows: &[SqliteRow]) -> Result<Option<String>> {
        let Some(last) = rows.get(self.rows.wrapping_sub(1)).filter(|_| self.paged) else { return Ok(None) };
        let place = page::place(&self.terms, last, self.order_at, self.page + 1)?;
        Ok(Some(link(request, "$skiptoken", &place.to_token())))
    }
}

fn add_filter(query: &mut Where, names: Names<'_>, table: &Table, options: &Options) -> Result<()> {
    let Some(text) = options.get("$filter") else { return Ok(()) };
    let alias = |name: &str| options.get(name).map(str::to_owned);
    let filter = parse_filter(text, &alias)?;
    query.add(names, table, ROW, &filter)
}

/// `GET set/$count`, as text.
pub(crate) async fn count(
    names: Names<'_>,
    reader: &mut Reader<'_>,
    table: &Table,
    options: &Options,
) -> Result<Answer> {
    let total = counted(names, reader, table, options).await?;
    Ok(Answer::of_kind("text/plain", total.min(i64::from(MOST_ROWS)).to_string()))
}

/// How many rows match, to one beyond 5,000 and no further: that many are said, and that there are more
/// \[D:webapi/query/count-rows.md\].
async fn counted(names: Names<'_>, reader: &mut Reader<'_>, table: &Table, options: &Options) -> Result<i64> {
    let mut query = Where::default();
    add_filter(&mut query, names, table, options)?;
    let text = format!(
        "SELECT count(*) FROM (SELECT 1 FROM {} {ROW}{}{} LIMIT {})",
        table.rows(),
        query.joins.text,
        query.clause(),
        MOST_ROWS + 1
    );
    let row = sql(text, query.cells).fetch_one(reader.connection()).await?;
    Ok(sqlx::Row::try_get(&row, 0)?)
}
