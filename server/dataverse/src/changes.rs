//! Change tracking: a first read of a whole table, then only what has changed since.

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::client::Client;
use crate::error::Error;
use crate::odata::{is_name, path_of_link};

/// Where a reading of changes ended, to be kept and handed back. Opaque; valid for seven days by default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeltaLink(String);

impl DeltaLink {
    /// The link itself, to be kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for DeltaLink {
    fn from(link: String) -> Self {
        Self(link)
    }
}

/// What happened to one row.
#[derive(Clone, Debug, PartialEq)]
pub enum RowChange {
    /// It was made or changed: its selected columns as they are now.
    Upserted(Value),
    /// It was deleted: its id.
    Deleted(Uuid),
}

/// Pages of changes; when the last one has been read, where to go on from next time.
pub struct Changes {
    client: Client,
    next: Option<String>,
    page_size: Option<u32>,
    delta: Option<DeltaLink>,
}

#[derive(Deserialize)]
struct ChangesPage {
    value: Vec<Value>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
    #[serde(rename = "@odata.deltaLink")]
    delta: Option<String>,
}

impl Client {
    /// Reads a whole table with change tracking, for the first time or after [`Error::DeltaExpired`].
    pub fn changes_from_start(&self, set: &str, select: &[&str]) -> Result<Changes, Error> {
        if let Some(bad) = std::iter::once(&set).chain(select).find(|name| !is_name(name)) {
            return Err(Error::Misuse(format!("`{bad}` is no name of a set or column")));
        }
        let path = match select.is_empty() {
            true => set.to_owned(),
            false => format!("{set}?$select={}", select.join(",")),
        };
        Ok(Changes { client: self.clone(), next: Some(path), page_size: None, delta: None })
    }

    /// Reads what has changed since a delta link was given out.
    pub fn changes_since(&self, link: &DeltaLink) -> Result<Changes, Error> {
        let path = path_of_link(&link.0)?;
        Ok(Changes { client: self.clone(), next: Some(path), page_size: None, delta: None })
    }
}

impl Changes {
    /// Rows per page, at most 5,000.
    #[must_use]
    pub fn page_size(mut self, rows: u32) -> Self {
        self.page_size = Some(rows.clamp(1, 5000));
        self
    }

    /// The next page; `None` after the last one, when [`Changes::delta_link`] is there.
    pub async fn next_page(&mut self) -> Result<Option<Vec<RowChange>>, Error> {
        let Some(path) = self.next.clone() else { return Ok(None) };
        let mut preferences = "odata.track-changes".to_owned();
        if let Some(size) = self.page_size {
            preferences = format!("{preferences},odata.maxpagesize={size}");
        }
        let call = self.client.call("changes", Method::GET, path).header("prefer", &preferences)?;
        let page: ChangesPage = self.client.inner.send(call).await?.json()?;
        let changes = page.value.into_iter().map(change).collect::<Result<Vec<_>, _>>()?;
        self.next = page.next.as_deref().map(path_of_link).transpose()?;
        if self.next.is_none() {
            let delta = page.delta.ok_or_else(|| {
                Error::Malformed(
                    "no delta link on the last page: is change tracking on for the table?".to_owned(),
                )
            })?;
            self.delta = Some(DeltaLink(delta));
        }
        Ok(Some(changes))
    }

    /// Where to go on from; there once every page has been read.
    pub fn delta_link(&self) -> Option<&DeltaLink> {
        self.delta.as_ref()
    }
}

fn change(entry: Value) -> Result<RowChange, Error> {
    let deleted = entry.get("reason").is_some()
        || entry
            .get("@odata.context")
            .and_then(Value::as_str)
            .is_some_and(|c| c.ends_with("/$deletedEntity"));
    if !deleted {
        return Ok(RowChange::Upserted(entry));
    }
    let id = entry.get("id").and_then(Value::as_str).and_then(|text| {
        // The bare id as documented, or an address that ends in it.
        let text = text.rsplit_once('(').map_or(text, |(_, rest)| rest.trim_end_matches(')'));
        Uuid::try_parse(text).ok()
    });
    id.map(RowChange::Deleted).ok_or_else(|| Error::Malformed("a deleted row without its id".to_owned()))
}
