//! Adding up on the server: `$apply` with filter, groups and aggregates.

use super::Filter;
use crate::error::Error;
use crate::odata::{named, path};

/// What to add up, by what, and over which rows. Beyond 50,000 matching rows Dataverse refuses; times cannot be grouped
/// by. A group's key over a lookup, `nav/column`, comes back as `nav_column`, and not at all where it is empty.
///
/// ```
/// use dataverse::{Apply, Filter, Query};
/// let spent = Apply::over(Filter::ge("createdon", "2026-01-01"))
///     .group_by(["statuscode"])
///     .sum("revenue", "total")
///     .count("rows");
/// assert_eq!(
///     spent.to_odata()?,
///     "filter(createdon ge '2026-01-01')/groupby((statuscode),aggregate(revenue with sum as total,$count as rows))"
/// );
/// let query = Query::of("accounts").apply(spent);
/// # Ok::<(), dataverse::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Apply {
    filter: Option<Filter>,
    groups: Vec<String>,
    aggregates: Vec<Aggregate>,
}

#[derive(Clone, Debug)]
struct Aggregate {
    /// Nothing counts rows.
    column: Option<String>,
    with: &'static str,
    alias: String,
}

impl Apply {
    /// Over every row of the set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Over the rows that match.
    pub fn over(filter: Filter) -> Self {
        Self { filter: Some(filter), ..Self::default() }
    }

    /// A row of the answer for each combination of these columns' values.
    #[must_use]
    pub fn group_by<I, S>(mut self, columns: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        self.groups.extend(columns.into_iter().map(Into::into));
        self
    }

    /// The sum of a column.
    #[must_use]
    pub fn sum(self, column: impl Into<String>, alias: impl Into<String>) -> Self {
        self.aggregate(Some(column.into()), "sum", alias.into())
    }

    /// The mean of a column; empty values are left out of it.
    #[must_use]
    pub fn average(self, column: impl Into<String>, alias: impl Into<String>) -> Self {
        self.aggregate(Some(column.into()), "average", alias.into())
    }

    /// The smallest value of a column.
    #[must_use]
    pub fn min(self, column: impl Into<String>, alias: impl Into<String>) -> Self {
        self.aggregate(Some(column.into()), "min", alias.into())
    }

    /// The largest value of a column.
    #[must_use]
    pub fn max(self, column: impl Into<String>, alias: impl Into<String>) -> Self {
        self.aggregate(Some(column.into()), "max", alias.into())
    }

    /// How many rows there are.
    #[must_use]
    pub fn count(self, alias: impl Into<String>) -> Self {
        self.aggregate(None, "", alias.into())
    }

    fn aggregate(mut self, column: Option<String>, with: &'static str, alias: String) -> Self {
        self.aggregates.push(Aggregate { column, with, alias });
        self
    }

    /// As OData writes it, not yet percent-encoded.
    ///
    /// # Errors
    /// [`Error::Misuse`] for names that are none, and where nothing is asked for.
    pub fn to_odata(&self) -> Result<String, Error> {
        self.groups.iter().try_for_each(|column| path(column))?;
        let aggregates: Result<Vec<_>, _> = self.aggregates.iter().map(Aggregate::to_odata).collect();
        let aggregates = aggregates?.join(",");
        let groups = self.groups.join(",");
        let what = match (groups.is_empty(), aggregates.is_empty()) {
            (true, true) => return Err(Error::Misuse("an aggregation of nothing by nothing".to_owned())),
            (true, false) => format!("aggregate({aggregates})"),
            (false, true) => format!("groupby(({groups}))"),
            (false, false) => format!("groupby(({groups}),aggregate({aggregates}))"),
        };
        Ok(match &self.filter {
            Some(filter) => format!("filter({})/{what}", filter.to_odata()?),
            None => what,
        })
    }
}

impl Aggregate {
    fn to_odata(&self) -> Result<String, Error> {
        named(&self.alias)?;
        match &self.column {
            None => Ok(format!("$count as {}", self.alias)),
            Some(column) => {
                named(column)?;
                Ok(format!("{column} with {} as {}", self.with, self.alias))
            }
        }
    }
}
