//! Pages of a FetchXML query: how many rows they have, and what says that there are more.

use crate::answer::Request;
use crate::fault::{Fault, Result};
use crate::query::annotate::{Annotations, MORE_RECORDS, PAGING_COOKIE};
use crate::query::options::MOST_ROWS;
use crate::schema::Table;
use crate::value::write_text;

use super::cookie::{self, Cookie};
use super::document::Fetch;

/// Most rows that pages without a cookie can reach \[D:fetchxml/page-results.md\].
const MOST_WITHOUT_COOKIE: u64 = 50_000;

/// What was asked beside the query itself.
pub(super) struct FetchContext<'a> {
    pub(super) request: &'a Request,
    pub(super) table: &'a Table,
    pub(super) annotations: Annotations,
}

impl Fetch {
    /// How many rows a page has.
    pub(super) fn page_size(&self) -> Result<u64> {
        if self.top.is_some_and(|top| top > MOST_ROWS) {
            return Err(Fault::argument(format!("The value of 'top' cannot exceed {MOST_ROWS}.")));
        }
        Ok(u64::from(self.top.or(self.count).unwrap_or(MOST_ROWS).min(MOST_ROWS)))
    }

    /// Rows to pass over, for a page without a cookie.
    pub(super) fn skip(&self, size: u64) -> Result<u64> {
        let skip = (self.page - 1).saturating_mul(size);
        if skip >= MOST_WITHOUT_COOKIE {
            let message =
                "Paging cookie is required when trying to retrieve a set of records on any high pages.";
            return Err(Fault::bad("0x80040203", message));
        }
        Ok(skip)
    }
}

impl FetchContext<'_> {
    /// Says that there are more pages, and with which cookie the next one is asked for. The last page says neither.
    pub(super) fn more(&self, body: &mut String, page: u64, cookie: Option<&Cookie>) {
        if self.annotations.paging_cookie {
            body.push_str(&format!(",\"@{PAGING_COOKIE}\":"));
            write_text(body, &cookie::annotation(page.saturating_add(1), cookie));
        }
        if self.annotations.more_records {
            body.push_str(&format!(",\"@{MORE_RECORDS}\":true"));
        }
    }
}
