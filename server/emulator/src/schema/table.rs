//! One table: names, columns, keys, and how its rows are kept.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::column::{CellKind, Column};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Table {
    /// Its rows are in `r_<number>`.
    pub(crate) number: i64,
    pub(crate) id: Uuid,
    pub(crate) logical: String,
    pub(crate) schema_name: String,
    pub(crate) set: String,
    pub(crate) display: String,
    pub(crate) display_collection: String,
    pub(crate) description: String,
    pub(crate) user_owned: bool,
    pub(crate) custom: bool,
    pub(crate) change_tracking: bool,
    pub(crate) primary_name: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) keys: Vec<AlternateKey>,
}

/// An alternate key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AlternateKey {
    pub(crate) id: Uuid,
    pub(crate) logical: String,
    pub(crate) schema_name: String,
    pub(crate) display: String,
    /// Logical names.
    pub(crate) columns: Vec<String>,
    pub(crate) state: KeyState,
}

/// How far a key's index is: it is made a while after it was asked for, as in the cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum KeyState {
    /// Asked for at this second.
    Pending(i64),
    /// The same, but there are rows that it cannot hold.
    Failing(i64),
    /// Half of the time is over.
    InProgress,
    Active,
    Failed,
}

impl Table {
    pub(crate) fn primary_id(&self) -> &str {
        self.columns.iter().find(|c| c.kind == CellKind::Id).map_or("", |c| &c.logical)
    }

    /// Kept by the organisation itself: every user may read its rows, and none change them.
    pub(crate) fn is_read_only(&self) -> bool {
        matches!(self.logical.as_str(), "privilege" | "sdkmessage" | "sdkmessagefilter")
    }

    pub(crate) fn rows(&self) -> String {
        format!("r_{}", self.number)
    }

    pub(crate) fn column(&self, logical: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.logical == logical)
    }

    /// A column by the name under which it is read: `name`, `_lookup_value`.
    pub(crate) fn property(&self, name: &str) -> Option<&Column> {
        let lookup = name.strip_prefix('_').and_then(|rest| rest.strip_suffix("_value"));
        match lookup.and_then(|lookup| self.column(lookup)) {
            Some(column) if column.is_lookup() => Some(column),
            _ => self.column(name).filter(|column| !column.is_lookup()),
        }
    }

    /// A lookup by its navigation property, casing and all.
    pub(crate) fn navigation(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.navigation() == Some(name))
    }

    /// Columns that rows hold in the file.
    pub(crate) fn stored(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.is_stored())
    }

    /// The key over exactly these columns, in whichever order.
    pub(crate) fn key_over(&self, columns: &[&str]) -> Option<&AlternateKey> {
        self.keys.iter().find(|key| {
            key.columns.len() == columns.len() && columns.iter().all(|c| key.columns.iter().any(|k| k == c))
        })
    }
}
