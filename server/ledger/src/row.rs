//! A row of any kind's table, as both stores hand it over, and pages of them.

use model::{record::Kind, time::Timestamp};
use uuid::Uuid;

use crate::{Cursor, Held, Page, amendment::time_field};

/// One record with its place in the table.
pub(crate) struct Row {
    pub(crate) position: i64,
    pub(crate) held: Held,
    /// When what it says now was read back.
    pub(crate) confirmed_at: Option<Timestamp>,
    /// Its primary key in Dataverse, where that is not its own id.
    pub(crate) dataverse_id: Option<Uuid>,
    /// Another program exported it, and its row there was not met yet: it may bear any id.
    pub(crate) unmet: bool,
}

impl Row {
    /// What the row is called in Dataverse.
    pub(crate) fn id_there(&self) -> Uuid {
        self.dataverse_id.unwrap_or(self.held.stored.id)
    }

    pub(crate) const fn is_confirmed(&self) -> bool {
        self.confirmed_at.is_some()
    }
}

/// A page out of rows of which one more than `limit` was asked for.
pub(crate) fn page(kind: &Kind, mut found: Vec<Row>, limit: usize) -> Page {
    let is_last = found.len() <= limit;
    found.truncate(limit);
    let next = found.last().filter(|_| !is_last).map(|last| cursor(kind, last));
    Page { items: found.into_iter().map(|row| row.held.stored).collect(), next }
}

fn cursor(kind: &Kind, last: &Row) -> Cursor {
    let stored = &last.held.stored;
    let at = time_field(kind).and_then(|at| stored.record.values[at].number());
    let at = at.map_or(stored.received_at, Timestamp::from_micros);
    Cursor { at, position: last.position }
}
