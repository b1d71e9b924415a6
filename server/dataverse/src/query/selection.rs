//! What to bring and of which rows: the same in a query and in what comes along with it.

use super::{Expand, Filter, expand};
use crate::error::Error;
use crate::odata::{encode, named, path};

#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    pub(super) select: Vec<String>,
    pub(super) expand: Vec<Expand>,
    pub(super) filter: Option<Filter>,
    /// Columns, and whether the largest comes first.
    pub(super) order: Vec<(String, bool)>,
    pub(super) top: Option<u32>,
}

impl Selection {
    pub(super) fn add_columns<S: Into<String>>(&mut self, columns: impl IntoIterator<Item = S>) {
        self.select.extend(columns.into_iter().map(Into::into));
    }

    /// A second condition is joined by `and`.
    pub(super) fn add_filter(&mut self, filter: Filter) {
        self.filter = Some(match self.filter.take() {
            Some(earlier) => earlier.and(filter),
            None => filter,
        });
    }

    /// Whether it speaks of many rows, and so has no place beside the key of one.
    pub(super) fn is_of_many(&self) -> bool {
        self.filter.is_some() || !self.order.is_empty() || self.top.is_some()
    }

    /// As OData writes it, each percent-encoded.
    pub(super) fn options(&self) -> Result<Vec<String>, Error> {
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
        if let Some(top) = self.top {
            options.push(format!("$top={top}"));
        }
        if !self.expand.is_empty() {
            options.push(format!("$expand={}", expand::all(&self.expand)?));
        }
        Ok(options)
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
