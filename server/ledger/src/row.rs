//! A row of any kind's table, as both stores hand it over, and pages of them.

use model::{record::Kind, time::Timestamp};
use uuid::Uuid;

use crate::{HeldRecord, PageCursor, RecordPage};

/// Where in a row the kind's own fields begin: behind position, id, revision, received_at, exported_at, withdrawn_at,
/// confirmed_at, dataverse_id and unmet. Behind the fields stands a name for each pointer.
pub(crate) const FIELDS_FROM: usize = 9;

/// One record with its place in the table.
pub(crate) struct Row {
    pub(crate) position: i64,
    pub(crate) held: HeldRecord,
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

/// The bytes at which a page of a list is full.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// A page that is being filled.
pub(crate) struct Filling {
    limit: usize,
    bytes: usize,
    found: Vec<Row>,
    is_last: bool,
}

impl Filling {
    pub(crate) const fn up_to(limit: usize) -> Self {
        Self { limit, bytes: 0, found: Vec::new(), is_last: true }
    }

    /// How many rows to ask for: with one more than go onto the page it is known that there is another one.
    pub(crate) fn asked(&self) -> i64 {
        i64::try_from(self.limit.saturating_add(1)).unwrap_or(i64::MAX)
    }

    /// Whether there was room for this one; if not, the page ends before it.
    pub(crate) fn takes(&mut self, row: Row) -> bool {
        self.is_last = self.found.len() < self.limit && self.bytes < PAGE_BYTES;
        if self.is_last {
            self.bytes += row.held.stored.record.weight();
            self.found.push(row);
        }
        self.is_last
    }

    pub(crate) fn page(self) -> RecordPage {
        let next = self.found.last().filter(|_| !self.is_last).map(cursor);
        RecordPage { items: self.found.into_iter().map(|row| row.held.stored).collect(), next }
    }
}

fn cursor(last: &Row) -> PageCursor {
    PageCursor { at: last.held.stored.record.time(), position: last.position }
}

/// How many columns a row has.
pub(crate) const fn width(kind: &Kind) -> usize {
    FIELDS_FROM + kind.fields.len() + kind.pointers.len()
}

/// The pointers of which the ledger keeps names: place among the kind's pointers, the table of names, the column that
/// points there.
pub(crate) fn named(kind: &Kind) -> impl Iterator<Item = (usize, &'static str, &'static str)> {
    let named = kind.pointers.iter().enumerate();
    named.filter_map(|(at, pointer)| Some((at, pointer.target.table?, kind.fields[pointer.field].column)))
}
