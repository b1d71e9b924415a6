//! A query, built from typed parts, so that no value can break out of its place.

mod apply;
mod expand;
pub(crate) mod fetch_xml;
mod filter;
mod selection;

pub use apply::Apply;
pub use expand::Expand;
pub use filter::Filter;

use selection::Selection;

use crate::error::Error;
use crate::key::{RowKey, address};
use crate::odata::{encode, named};

/// What to read from one entity set.
///
/// ```
/// use dataverse::{Filter, Query};
/// let query = Query::of("accounts")
///     .select(["name", "revenue"])
///     .filter(Filter::eq("name", "O'Neil").and(Filter::ge("revenue", 5)))
///     .order_by("name")
///     .top(10);
/// assert_eq!(
///     query.to_url()?,
///     "accounts?$select=name,revenue&$filter=name%20eq%20%27O%27%27Neil%27%20and%20revenue%20ge%205\
///      &$orderby=name&$top=10"
/// );
/// # Ok::<(), dataverse::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Query {
    pub(crate) set: String,
    selection: Selection,
    apply: Option<Apply>,
    pub(crate) fetch_xml: Option<String>,
    pub(crate) page_size: Option<u32>,
    pub(crate) count: bool,
    pub(crate) formatted: bool,
}

impl Query {
    /// A query of an entity set, by the set's name (`accounts`), not the table's.
    pub fn of(set: impl Into<String>) -> Self {
        Self {
            set: set.into(),
            selection: Selection::default(),
            apply: None,
            fetch_xml: None,
            page_size: None,
            count: false,
            formatted: false,
        }
    }

    /// The columns to return; lookups as `_name_value`. The primary key comes along in any case.
    #[must_use]
    pub fn select<I, S>(mut self, columns: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        self.selection.add_columns(columns);
        self
    }

    /// Adds a condition; a second one is joined by `and`.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.selection.add_filter(filter);
        self
    }

    /// Smallest first; a second one orders what the first leaves equal.
    #[must_use]
    pub fn order_by(mut self, column: impl Into<String>) -> Self {
        self.selection.order.push((column.into(), false));
        self
    }

    /// Largest first.
    #[must_use]
    pub fn order_by_desc(mut self, column: impl Into<String>) -> Self {
        self.selection.order.push((column.into(), true));
        self
    }

    /// Brings along what a navigation property leads to.
    #[must_use]
    pub fn expand(mut self, expand: Expand) -> Self {
        self.selection.expand.push(expand);
        self
    }

    /// At most this many rows in all. The server pays no heed to a page size beside it.
    #[must_use]
    pub fn top(mut self, rows: u32) -> Self {
        self.selection.top = Some(rows);
        self
    }

    /// Rows per page, at most 5,000, which is also what the server takes by itself.
    #[must_use]
    pub fn page_size(mut self, rows: u32) -> Self {
        self.page_size = Some(rows.clamp(1, 5000));
        self
    }

    /// Ask how many rows match; the server counts to 5,000 and no further.
    #[must_use]
    pub fn count(mut self) -> Self {
        self.count = true;
        self
    }

    /// Ask for the labels that people see (`column@OData.Community.Display.V1.FormattedValue`) and lookups' tables.
    #[must_use]
    pub fn formatted(mut self) -> Self {
        self.formatted = true;
        self
    }

    /// Adds up on the server instead of bringing rows. Ordering and selecting have no place beside it.
    #[must_use]
    pub fn apply(mut self, apply: Apply) -> Self {
        self.apply = Some(apply);
        self
    }

    /// A FetchXML query; passed through, encoded. Every other option is left out then. Pages are turned by the cookie
    /// that comes with each.
    #[must_use]
    pub fn fetch_xml(mut self, xml: impl Into<String>) -> Self {
        self.fetch_xml = Some(xml.into());
        self
    }

    /// The address after `/api/data/v9.2/`, percent-encoded.
    ///
    /// # Errors
    /// [`Error::Misuse`] for names and values that cannot stand in one.
    pub fn to_url(&self) -> Result<String, Error> {
        named(&self.set)?;
        if let Some(xml) = &self.fetch_xml {
            return Ok(format!("{}?fetchXml={}", self.set, encode(xml)));
        }
        let mut options = self.selection.options()?;
        if let Some(apply) = &self.apply {
            options.push(format!("$apply={}", encode(&apply.to_odata()?)));
        }
        if self.count {
            options.push("$count=true".to_owned());
        }
        Ok(with_options(self.set.clone(), &options))
    }

    /// The address of one row, with the columns and what is to come along.
    pub(crate) fn row_url(&self, key: &RowKey) -> Result<String, Error> {
        let of_many = self.selection.is_of_many() || self.apply.is_some() || self.fetch_xml.is_some();
        if of_many || self.count {
            return Err(Error::Misuse(
                "one row is read by its key, with columns and expands alone".to_owned(),
            ));
        }
        Ok(with_options(address(&self.set, key)?, &self.selection.options()?))
    }

    /// The address that answers with nothing but the number of matching rows.
    pub(crate) fn count_url(&self) -> Result<String, Error> {
        named(&self.set)?;
        let filter = self.selection.filter.as_ref().map(Filter::to_odata).transpose()?;
        let options: Vec<String> =
            filter.map(|filter| format!("$filter={}", encode(&filter))).into_iter().collect();
        Ok(with_options(format!("{}/$count", self.set), &options))
    }

    /// What to say in `Prefer`, on this page and on every one after it.
    pub(crate) fn preferences(&self) -> Option<String> {
        let mut parts = Vec::new();
        if let Some(size) = self.page_size.filter(|_| self.selection.top.is_none()) {
            parts.push(format!("odata.maxpagesize={size}"));
        }
        if self.formatted || self.fetch_xml.is_some() {
            parts.push("odata.include-annotations=\"*\"".to_owned());
        }
        (!parts.is_empty()).then(|| parts.join(","))
    }
}

fn with_options(path: String, options: &[String]) -> String {
    if options.is_empty() { path } else { format!("{path}?{}", options.join("&")) }
}

/// The label of a column's value as people see it, in a row that was asked for with [`Query::formatted`].
pub fn formatted<'a>(row: &'a serde_json::Value, column: &str) -> Option<&'a str> {
    row.get(format!("{column}@OData.Community.Display.V1.FormattedValue"))?.as_str()
}

#[cfg(test)]
mod tests;
