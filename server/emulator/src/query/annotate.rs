//! Which annotations a request asked for by `Prefer: odata.include-annotations`.

use crate::answer::Request;

use super::options::MOST_ROWS;

pub(crate) const FORMATTED: &str = "OData.Community.Display.V1.FormattedValue";
pub(crate) const LOOKUP_TABLE: &str = "Microsoft.Dynamics.CRM.lookuplogicalname";
pub(crate) const NAVIGATION: &str = "Microsoft.Dynamics.CRM.associatednavigationproperty";
pub(crate) const PAGING_COOKIE: &str = "Microsoft.Dynamics.CRM.fetchxmlpagingcookie";
pub(crate) const MORE_RECORDS: &str = "Microsoft.Dynamics.CRM.morerecords";
pub(crate) const TOTAL: &str = "Microsoft.Dynamics.CRM.totalrecordcount";

/// The annotations to add to rows and to the answer as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Annotations {
    pub(crate) formatted: bool,
    pub(crate) lookup_table: bool,
    pub(crate) navigation: bool,
    pub(crate) total: bool,
    pub(crate) paging_cookie: bool,
    pub(crate) more_records: bool,
}

impl Annotations {
    pub(crate) fn of(request: &Request) -> Self {
        let Some(wanted) = request.preference("odata.include-annotations") else { return Self::default() };
        let wants = |name: &str| wanted.split(',').map(str::trim).any(|pattern| matches(pattern, name));
        Self {
            formatted: wants(FORMATTED),
            lookup_table: wants(LOOKUP_TABLE),
            navigation: wants(NAVIGATION),
            total: wants(TOTAL),
            paging_cookie: wants(PAGING_COOKIE),
            more_records: wants(MORE_RECORDS),
        }
    }

    pub(crate) fn any(self) -> bool {
        self != Self::default()
    }
}

/// How many rows there are, where that was asked for: no more than a page has, and whether there are more.
pub(super) fn write_total(body: &mut String, counted: Option<i64>, annotations: Annotations) {
    let most = i64::from(MOST_ROWS);
    if let Some(counted) = counted {
        body.push_str(&format!(",\"@odata.count\":{}", counted.min(most)));
    }
    if annotations.total {
        let (total, over) = counted.map_or((-1, false), |counted| (counted.min(most), counted > most));
        body.push_str(&format!(",\"@{TOTAL}\":{total},\"@{TOTAL}limitexceeded\":{over}"));
    }
}

/// A name, or the beginning of one followed by `*`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => pattern == name,
    }
}
