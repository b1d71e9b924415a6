//! Paging: order, and a cookie that says after which row the next page begins. A cookie holds the place in the order
//! and not a number of rows to pass over, so rows that come and go meanwhile neither repeat nor hide others.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;

use crate::fault::{Fault, Result};
use crate::schema::CellKind;
use crate::value::Cell;

use super::cursor::{Aliases, RowCursor};
use super::order::{self, OrderTerm, Term};
use super::row::cell;

/// Where a page ended.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PageEnd {
    pub(super) page: u64,
    /// Values of the order's columns, and the row's number, which tells apart those with the same.
    values: Vec<CookieValue>,
    number: i64,
}

/// A value in a cookie.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum CookieValue {
    Integer(i64),
    Real(f64),
    Text(String),
    Id { id: uuid::Uuid },
    Null,
}

/// Reads `$orderby`.
pub(super) fn order(text: Option<&str>, aliases: Aliases<'_>) -> Result<Vec<OrderTerm>> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(Vec::new()) };
    let mut cursor = RowCursor::new(text)?;
    let wanted = order::parse(&mut cursor, aliases)?;
    cursor.end()?;
    Ok(wanted)
}

/// The condition that a row lies after a place. Nothing comes before everything, as in SQL Server.
pub(super) fn after(terms: &[Term], alias: &str, place: &PageEnd) -> Result<(String, Vec<Cell>)> {
    if place.values.len() != terms.len() {
        return Err(bad_cookie());
    }
    let mut text = format!("{alias}._n > {}", place.number);
    let mut groups: Vec<Vec<Cell>> = vec![Vec::new()];
    for (term, mark) in terms.iter().zip(&place.values).rev() {
        let sql = &term.sql;
        match (mark.cell(), term.descending) {
            (Cell::Null, false) => text = format!("({sql} IS NOT NULL OR ({sql} IS NULL AND {text}))"),
            (Cell::Null, true) => text = format!("({sql} IS NULL AND {text})"),
            (value, descending) => {
                text = match descending {
                    false => format!("({sql} > ? OR ({sql} = ? AND {text}))"),
                    true => format!("({sql} < ? OR {sql} IS NULL OR ({sql} = ? AND {text}))"),
                };
                groups.push(vec![value.clone(), value]);
            }
        }
    }
    Ok((text, groups.into_iter().rev().flatten().collect()))
}

/// Where a page ends whose last row is this one. The order's values stand at `start` in the row, `_n` after them.
pub(super) fn place(terms: &[Term], row: &SqliteRow, start: usize, page: u64) -> Result<PageEnd> {
    let values: Result<Vec<CookieValue>> = terms
        .iter()
        .enumerate()
        .map(|(at, term)| Ok(CookieValue::of(cell(row, start + at, &term.kind)?)))
        .collect();
    let number = match cell(row, start + terms.len(), &CellKind::BigInteger)? {
        Cell::Integer(number) => number,
        _ => 0,
    };
    Ok(PageEnd { page, values: values?, number })
}

impl PageEnd {
    /// As the server writes it: a cookie within a cookie, which clients must not look into.
    pub(super) fn to_token(&self) -> String {
        let inner = self.encoded();
        format!("<cookie pagenumber=\"{}\" pagingcookie=\"{inner}\" istracking=\"False\" />", self.page)
    }

    pub(super) fn from_token(token: &str) -> Result<Self> {
        let inner = token.split("pagingcookie=\"").nth(1).and_then(|rest| rest.split('"').next());
        Self::decoded(inner.unwrap_or_default())
    }

    pub(super) fn encoded(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    pub(super) fn decoded(text: &str) -> Result<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or_else(bad_cookie)
    }

    #[cfg(test)]
    pub(super) fn first_after(number: i64) -> Self {
        Self { page: 0, values: Vec::new(), number }
    }
}

/// A token that holds no place but a page's number alone: for results that have no row to go on from.
pub(super) fn page_token(page: u64) -> String {
    format!("<cookie pagenumber=\"{page}\" istracking=\"False\" />")
}

pub(super) fn page_number(token: &str) -> Result<u64> {
    let number = token.split("pagenumber=\"").nth(1).and_then(|rest| rest.split('"').next());
    number.and_then(|digits| digits.parse().ok()).filter(|page| *page > 0).ok_or_else(bad_cookie)
}

fn bad_cookie() -> Fault {
    Fault::bad("0x80040203", "Invalid skiptoken: the paging cookie is malformed or of another query.")
}

impl CookieValue {
    fn of(cell: Cell) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Integer(number) => Self::Integer(number),
            Cell::Real(number) => Self::Real(number),
            Cell::Text(text) => Self::Text(text),
            Cell::Id(id) => Self::Id { id },
        }
    }

    fn cell(&self) -> Cell {
        match self {
            Self::Null => Cell::Null,
            Self::Integer(number) => Cell::Integer(*number),
            Self::Real(number) => Cell::Real(*number),
            Self::Text(text) => Cell::Text(text.clone()),
            Self::Id { id } => Cell::Id(*id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_survive_their_cookie() {
        let values = vec![CookieValue::Null, CookieValue::Text("a\"b".to_owned()), CookieValue::Integer(-3)];
        let place = PageEnd { page: 2, values, number: 77 };
        assert_eq!(PageEnd::from_token(&place.to_token()).unwrap(), place);
        assert!(PageEnd::from_token("nonsense").is_err());
        assert!(PageEnd::from_token("<cookie pagingcookie=\"AAAA\"/>").is_err());
    }
}
