//! What the pipeline asks of a Dataverse organisation. A real one is reached through the client; a simulation gives the
//! same answers out of its head.

use async_trait::async_trait;
use dataverse::{
    BatchOperation, BatchOptions, Changes, Client, DeltaLink, Error, Filter, Limit, Query, RowChange,
};
use model::record::Target;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{mapping::TableMapping, standard_names::TENANT_VALUE};

/// A page of changes is read into memory as a whole.
const PAGE_BYTES: usize = 8 * 1024 * 1024;
/// Rows per page unless another number is asked for.
const PAGE_ROWS: usize = 5_000;

/// How one of several writes ended.
pub type RowWritten = Result<(), Error>;

/// Everything that the pipeline asks. An error is that of the whole request: nothing is known of its parts then. What is
/// written has its effect within its limit, or none.
#[async_trait]
pub trait RemoteOrganisation: Send + Sync + 'static {
    /// What was asked so far, ever: each row of each attempt to write, each attempt to read.
    fn cost(&self) -> u64;

    /// Makes or changes rows under their ids by the fastest road.
    async fn upsert(
        &self,
        table: &TableMapping,
        rows: Vec<(Uuid, Json)>,
        limit: Limit,
    ) -> Result<Vec<RowWritten>, Error>;

    /// Writes one after the other; one that fails keeps no other back.
    async fn write(&self, writes: Vec<RowWrite>, limit: Limit) -> Result<Vec<RowWritten>, Error>;

    /// Makes a row; [`Error::Precondition`] where there is one under this id.
    async fn make(&self, set: &str, id: Uuid, row: &Json, limit: Limit) -> RowWritten;

    /// Those of the rows that are there, as many ids as fit into one address.
    async fn rows(&self, table: &TableMapping, columns: &[&str], ids: &[Uuid]) -> Result<Vec<Json>, Error>;

    /// Rows of what lookups point at, with their ids, codes and tenants.
    async fn pointed_at(&self, target: &'static Target, which: Which<'_>) -> Result<Vec<Json>, Error>;

    /// What has changed since a link was given out; without one, the whole table.
    async fn changes(
        &self,
        table: &TableMapping,
        columns: &[&str],
        since: Option<&str>,
    ) -> Result<Box<dyn ChangePages>, Error>;
}

/// The answer to one reading of changes, page by page.
#[async_trait]
pub trait ChangePages: Send {
    /// None after the last one.
    async fn next_page(&mut self) -> Result<Option<Vec<RowChange>>, Error>;

    /// Where to go on from next time; there once every page has been read.
    fn link(&self) -> Option<String>;
}

/// Which rows are asked for.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    OfIds(&'a [Uuid]),
    /// Those that bear these codes, of whatever tenant.
    OfCodes(&'a [&'a str]),
}

/// One write, safe to repeat.
#[derive(Clone, Debug, PartialEq)]
pub enum RowWrite {
    Upsert {
        set: String,
        id: Uuid,
        row: Json,
    },
    /// [`Error::Precondition`] where there is a row under this id.
    Make {
        set: String,
        id: Uuid,
        row: Json,
    },
    Delete {
        set: String,
        id: Uuid,
    },
}

#[async_trait]
impl RemoteOrganisation for Client {
    fn cost(&self) -> u64 {
        Self::cost(self)
    }

    async fn upsert(
        &self,
        table: &TableMapping,
        rows: Vec<(Uuid, Json)>,
        limit: Limit,
    ) -> Result<Vec<RowWritten>, Error> {
        let client = self.within(limit);
        let outcomes =
            client.upsert_each(&table.entity_set, &table.logical_name, &table.primary_key, rows).await?;
        Ok(outcomes.into_iter().map(|outcome| outcome.map(drop)).collect())
    }

    async fn write(&self, writes: Vec<RowWrite>, limit: Limit) -> Result<Vec<RowWritten>, Error> {
        let operations = writes.into_iter().map(RowWrite::into_operation).collect();
        let options = BatchOptions { continue_on_error: true };
        let outcomes = self.within(limit).batch(operations, options).await?;
        Ok(outcomes.into_iter().map(|outcome| outcome.map(drop)).collect())
    }

    async fn make(&self, set: &str, id: Uuid, row: &Json, limit: Limit) -> RowWritten {
        self.within(limit).create_only(set, id, row).await
    }

    async fn rows(&self, table: &TableMapping, columns: &[&str], ids: &[Uuid]) -> Result<Vec<Json>, Error> {
        let ids = Filter::any_of(&table.primary_key, ids.iter().copied());
        self.query(Query::of(&table.entity_set).select(columns.iter().copied()).filter(ids)).all().await
    }

    async fn pointed_at(&self, target: &'static Target, which: Which<'_>) -> Result<Vec<Json>, Error> {
        let filter = match (which, target.code) {
            (Which::OfIds(ids), _) => Filter::any_of(target.primary_key, ids.iter().copied()),
            (Which::OfCodes(codes), Some(column)) => Filter::any_of(column, codes.iter().copied()),
            (Which::OfCodes(_), None) => return Ok(Vec::new()),
        };
        let columns = [target.primary_key].into_iter().chain(target.code).chain([TENANT_VALUE]);
        self.query(Query::of(target.entity_set).select(columns).filter(filter)).all().await
    }

    async fn changes(
        &self,
        table: &TableMapping,
        columns: &[&str],
        since: Option<&str>,
    ) -> Result<Box<dyn ChangePages>, Error> {
        let changes = match since {
            Some(link) if !is_link_of(link, &table.entity_set, columns) => return Err(of_other_names()),
            Some(link) => self.changes_since(&DeltaLink::from(link.to_owned()))?,
            None => self.changes_from_start(&table.entity_set, columns)?,
        };
        Ok(Box::new(match page_rows(table.kind.bytes_max()) {
            Some(rows) => changes.page_size(rows),
            None => changes,
        }))
    }
}

#[async_trait]
impl ChangePages for Changes {
    async fn next_page(&mut self) -> Result<Option<Vec<RowChange>>, Error> {
        Self::next_page(self).await
    }

    fn link(&self) -> Option<String> {
        self.delta_link().map(|link| link.as_str().to_owned())
    }
}

/// Whether a link was given out for this set, and for columns that are known by the same names still.
fn is_link_of(link: &str, set: &str, columns: &[&str]) -> bool {
    let (path, query) = link.split_once('?').unwrap_or((link, ""));
    let query = query.replace("%24", "$").replace("%2C", ",").replace("%2c", ",");
    let selected = query.split('&').find_map(|option| option.strip_prefix("$select="));
    let knows_all = selected.is_none_or(|selected| selected.split(',').all(|name| columns.contains(&name)));
    path.rsplit('/').next() == Some(set) && knows_all
}

/// Rows that were written under the names of before would read as if others had emptied them.
fn of_other_names() -> Error {
    let sentence = "tables or columns were given other names in studio.toml after records had gone there, so nothing is read \
                    in; put the names back, or stop the server and say `studio adopt --again`, and every record goes there under \
                    the new ones";
    Error::Misuse(sentence.to_owned())
}

/// Rows per page of changes, where a page of Dataverse's own size could be too large to be held: none for that size.
fn page_rows(bytes_max: usize) -> Option<u32> {
    let rows = PAGE_BYTES / bytes_max.max(1);
    (rows < PAGE_ROWS).then(|| u32::try_from(rows.max(1)).unwrap_or(1))
}

impl RowWrite {
    fn into_operation(self) -> BatchOperation {
        match self {
            Self::Upsert { set, id, row } => BatchOperation::upsert(&set, id, row),
            Self::Make { set, id, row } => BatchOperation::create_only(&set, id, row),
            Self::Delete { set, id } => BatchOperation::delete(&set, id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_other_names_are_refused() {
        let link = "https://x.example/api/data/v9.2/sets?$select=a,b&$deltatoken=1%21x";
        assert!(is_link_of(link, "sets", &["a", "b", "new"]));
        assert!(is_link_of(&link.replace("$select=a,b", "%24select=a%2Cb"), "sets", &["b", "a"]));
        assert!(is_link_of("https://x.example/api/data/v9.2/sets?$deltatoken=1", "sets", &["a"]));
        assert!(!is_link_of(link, "others", &["a", "b"]));
        assert!(!is_link_of(link, "sets", &["a", "c"]), "b is called otherwise now");
    }

    #[test]
    fn pages_of_large_rows_are_shorter() {
        assert_eq!(page_rows(800), None, "5,000 of them are less than 8 MiB");
        assert_eq!(page_rows(70_000), Some(119));
        assert_eq!(page_rows(100_000_000), Some(1));
    }
}
