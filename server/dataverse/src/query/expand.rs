//! What to bring along over a relationship: the row a lookup points at, or the rows that point here.

use super::{Filter, encode, named, order};
use crate::Error;

/// A navigation property to follow, and what to bring along from there.
///
/// ```
/// use dataverse::{Expand, Query};
/// let campaign = Expand::of("apex_CampaignId").select(["apex_name"]);
/// let url = Query::of("apex_runs").expand(campaign).to_url()?;
/// assert_eq!(url, "apex_runs?$expand=apex_CampaignId($select=apex_name)");
/// # Ok::<(), dataverse::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Expand {
    navigation: String,
    select: Vec<String>,
    filter: Option<Filter>,
    order: Vec<(String, bool)>,
    top: Option<u32>,
    nested: Vec<Expand>,
}

impl Expand {
    /// `navigation` is the navigation property, in its own casing (`apex_CampaignId`).
    pub fn of(navigation: impl Into<String>) -> Self {
        Self {
            navigation: navigation.into(),
            select: Vec::new(),
            filter: None,
            order: Vec::new(),
            top: None,
            nested: Vec::new(),
        }
    }

    /// The columns to bring along; all of them if none is named.
    #[must_use]
    pub fn select<I, S>(mut self, columns: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        self.select.extend(columns.into_iter().map(Into::into));
        self
    }

    /// Which of the rows that point here; has no meaning for a lookup.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// In which order the rows that point here come. Dataverse takes this and [`Expand::top`] only where nothing is
    /// nested.
    #[must_use]
    pub fn order_by(mut self, column: impl Into<String>) -> Self {
        self.order.push((column.into(), false));
        self
    }

    /// How many of the rows that point here come.
    #[must_use]
    pub fn top(mut self, rows: u32) -> Self {
        self.top = Some(rows);
        self
    }

    /// What to follow from there.
    #[must_use]
    pub fn expand(mut self, nested: Self) -> Self {
        self.nested.push(nested);
        self
    }

    pub(super) fn to_odata(&self) -> Result<String, Error> {
        named(&self.navigation)?;
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
        if !self.nested.is_empty() {
            options.push(format!("$expand={}", all(&self.nested)?));
        }
        Ok(match options.is_empty() {
            true => self.navigation.clone(),
            false => format!("{}({})", self.navigation, options.join(";")),
        })
    }
}

pub(super) fn all(expands: &[Expand]) -> Result<String, Error> {
    let parts: Result<Vec<_>, _> = expands.iter().map(Expand::to_odata).collect();
    Ok(parts?.join(","))
}
