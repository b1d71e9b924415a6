//! How far one table has been read, and what of it is open.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ledger::{ChangeCursor, RowSighting};
use model::record::Kind;
use uuid::Uuid;

use super::{
    ChangeReader,
    findings::RowFindings,
    gone::{Gone, Missing},
};
use crate::pass_error::PassError;

/// A table whose cursor is ours. While something is open, a question about deletions above all, reading goes on ahead of
/// the cursor, so that nothing of it is lost with this process.
pub(crate) struct MirroredTable {
    pub(super) cursor: ChangeCursor,
    /// Where the next reading begins; none for the whole table.
    pub(super) link: Option<String>,
    /// What is gone there and was not told the ledger yet.
    pub(super) gone: Gone,
    /// Rows of which the ledger cannot tell yet what they mean: to be asked for by their ids, and what it is told of each
    /// that is not there then.
    pub(super) again: BTreeMap<Uuid, Option<RowSighting>>,
    /// Rows that were there and are not any more, though nothing says that they were deleted: a person has to say what that
    /// means.
    pub(super) missing: BTreeSet<Uuid>,
    /// Rows that say something else than ours, though their echo was waited for.
    pub(super) differing: BTreeSet<Uuid>,
    /// How many were deleted, and how many missing, when a person was asked.
    pub(super) asked: Option<(usize, usize)>,
}

impl MirroredTable {
    /// Takes the table's cursor on, unless another process has it.
    pub(super) async fn claim(
        mut known: Option<Self>,
        kind: &'static Kind,
        reader: &ChangeReader,
        hold: Duration,
    ) -> Result<Option<Self>, PassError> {
        if let Some(table) = known.take_if(|table| !table.is_open()) {
            return Ok(Some(table));
        }
        if let Some(table) = &known {
            // The answer is on the cursor, for the process that takes it.
            reader.ledger.free_cursor(&table.cursor).await?;
        }
        let Some(cursor) = reader.ledger.take_cursor(kind, hold).await? else { return Ok(None) };
        Ok(Some(match known {
            // No process read on in between.
            Some(table) if table.cursor.link == cursor.link => Self { cursor, ..table },
            _ => {
                let link = cursor.link.clone();
                let (again, missing, differing) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
                Self { cursor, link, gone: Gone::default(), again, missing, differing, asked: None }
            }
        }))
    }

    /// Whether there is something of which the ledger was not told to the end.
    pub(super) fn is_open(&self) -> bool {
        !(self.gone.is_empty() && self.again.is_empty() && self.missing.is_empty())
    }

    pub(super) const fn is_asking(&self) -> bool {
        self.asked.is_some()
    }

    /// Rows that the read-back did not find as they should be.
    pub(super) fn look_into(&mut self, found: RowFindings) {
        self.differing.extend(found.differing);
        for (id, asked_at) in found.missing {
            if !self.gone.contains(id) && !self.again.contains_key(&id) {
                self.gone.miss(id, Missing::Unseen(asked_at));
            }
        }
    }

    /// Everything is to be read from the start.
    pub(super) fn start_over(&mut self) {
        self.link = None;
        self.gone = Gone::default();
        self.again.clear();
        self.missing.clear();
        self.asked = None;
    }
}
