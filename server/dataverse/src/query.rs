//! A query, built from typed parts, so that no value can break out of its place.

mod filter;
mod literal;
mod text;

pub use filter::Filter;
pub use literal::Literal;
pub(crate) use text::{encode, is_name, is_path};

use crate::Error;

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
    select: Vec<String>,
    filter: Option<Filter>,
    order: Vec<(String, bool)>,
    expand: Vec<Expand>,
    apply: Option<String>,
    fetch_xml: Option<String>,
    top: Option<u32>,
    pub(crate) page_size: Option<u32>,
    pub(crate) count: bool,
    pub(crate) formatted: bool,
}

/// A lookup to follow, and which of its columns to bring along.
#[derive(Clone, Debug)]
pub struct Expand {
    navigation: String,
    select: Vec<String>,
}

impl Expand {
    /// `navigation` is the navigation property, in its own casing (`apex_CampaignId`).
    pub fn of<I, S>(navigation: impl Into<String>, select: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        Self { navigation: navigation.into(), select: select.into_iter().map(Into::into).collect() }
    }

    fn to_odata(&self) -> Result<String, Error> {
        named(&self.navigation)?;
        if self.select.is_empty() {
            return Ok(self.navigation.clone());
        }
        self.select.iter().try_for_each(|name| named(name))?;
        Ok(format!("{}($select={})", self.navigation, self.select.join(",")))
    }
}

impl Query {
    /// A query of an entity set, by the set's name (`accounts`), not the table's.
    pub fn of(set: impl Into<String>) -> Self {
        Self {
            set: set.into(),
            select: Vec::new(),
            filter: None,
            order: Vec::new(),
            expand: Vec::new(),
            apply: None,
            fetch_xml: None,
            top: None,
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
        self.select.extend(columns.into_iter().map(Into::into));
        self
    }

    /// Adds a condition; a second one is joined by `and`.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(match self.filter {
            Some(earlier) => earlier.and(filter),
            None => filter,
        });
        self
    }

    #[must_use]
    pub fn order_by(mut self, column: impl Into<String>) -> Self {
        self.order.push((column.into(), false));
        self
    }

    #[must_use]
    pub fn order_by_desc(mut self, column: impl Into<String>) -> Self {
        self.order.push((column.into(), true));
        self
    }

    #[must_use]
    pub fn expand(mut self, expand: Expand) -> Self {
        self.expand.push(expand);
        self
    }

    /// At most this many rows in all. The server pays no heed to a page size beside it.
    #[must_use]
    pub fn top(mut self, rows: u32) -> Self {
        self.top = Some(rows);
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

    /// An aggregation in OData's own words, such as `groupby((a),aggregate(b with sum as total))`. It is encoded, but
    /// not checked: never build it from what others typed.
    #[must_use]
    pub fn apply(mut self, transformation: impl Into<String>) -> Self {
        self.apply = Some(transformation.into());
        self
    }

    /// A FetchXML query; passed through, encoded. Every other option is left out then.
    #[must_use]
    pub fn fetch_xml(mut self, xml: impl Into<String>) -> Self {
        self.fetch_xml = Some(xml.into());
        self
    }

    /// The address after `/api/data/v9.2/`, percent-encoded.
    pub fn to_url(&self) -> Result<String, Error> {
        named(&self.set)?;
        if let Some(xml) = &self.fetch_xml {
            return Ok(format!("{}?fetchXml={}", self.set, encode(xml)));
        }
        let mut options = Vec::new();
        if !self.select.is_empty() {
            self.select.iter().try_for_each(|name| named(name))?;
            options.push(format!("$select={}", self.select.join(",")));
        }
        if let Some(filter) = &self.filter {
            options.push(format!("$filter={}", encode(&filter.to_odata()?)));
        }
        if !self.order.is_empty() {
            options.push(format!("$orderby={}", order(&self.order)?));
        }
        if !self.expand.is_empty() {
            let parts: Result<Vec<_>, _> = self.expand.iter().map(Expand::to_odata).collect();
            options.push(format!("$expand={}", parts?.join(",")));
        }
        if let Some(apply) = &self.apply {
            options.push(format!("$apply={}", encode(apply)));
        }
        if let Some(top) = self.top {
            options.push(format!("$top={top}"));
        }
        if self.count {
            options.push("$count=true".to_owned());
        }
        Ok(match options.is_empty() {
            true => self.set.clone(),
            false => format!("{}?{}", self.set, options.join("&")),
        })
    }

    /// What to say in `Prefer`, on this page and on every one after it.
    pub(crate) fn preferences(&self) -> Option<String> {
        let mut parts = Vec::new();
        if let Some(size) = self.page_size.filter(|_| self.top.is_none()) {
            parts.push(format!("odata.maxpagesize={size}"));
        }
        if self.formatted || self.fetch_xml.is_some() {
            parts.push("odata.include-annotations=\"*\"".to_owned());
        }
        (!parts.is_empty()).then(|| parts.join(","))
    }
}

fn order(columns: &[(String, bool)]) -> Result<String, Error> {
    let mut parts = Vec::with_capacity(columns.len());
    for (column, descending) in columns {
        path(column)?;
        parts.push(if *descending { format!("{column}%20desc") } else { column.clone() });
    }
    Ok(parts.join(","))
}

fn named(name: &str) -> Result<(), Error> {
    if is_name(name) { Ok(()) } else { Err(Error::Misuse(format!("`{name}` is no name of a set or column"))) }
}

fn path(name: &str) -> Result<(), Error> {
    if is_path(name) { Ok(()) } else { Err(Error::Misuse(format!("`{name}` is no path to a column"))) }
}

#[cfg(test)]
mod tests;
