//! What to bring along over a relationship: the row a lookup points at, or the rows that point here.

use super::{Filter, selection::Selection};
use crate::error::Error;
use crate::odata::named;

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
    selection: Selection,
}

impl Expand {
    /// `navigation` is the navigation property, in its own casing (`apex_CampaignId`).
    pub fn of(navigation: impl Into<String>) -> Self {
        Self { navigation: navigation.into(), selection: Selection::default() }
    }

    /// The columns to bring along; all of them if none is named.
    #[must_use]
    pub fn select<I, S>(mut self, columns: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        self.selection.add_columns(columns);
        self
    }

    /// Which of the rows that point here; has no meaning for a lookup. A second condition is joined by `and`.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.selection.add_filter(filter);
        self
    }

    /// In which order the rows that point here come. Dataverse takes this and [`Expand::top`] only where nothing is
    /// nested.
    #[must_use]
    pub fn order_by(mut self, column: impl Into<String>) -> Self {
        self.selection.order.push((column.into(), false));
        self
    }

    /// How many of the rows that point here come.
    #[must_use]
    pub fn top(mut self, rows: u32) -> Self {
        self.selection.top = Some(rows);
        self
    }

    /// What to follow from there.
    #[must_use]
    pub fn expand(mut self, nested: Self) -> Self {
        self.selection.expand.push(nested);
        self
    }

    pub(super) fn to_odata(&self) -> Result<String, Error> {
        named(&self.navigation)?;
        let options = self.selection.options()?;
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
