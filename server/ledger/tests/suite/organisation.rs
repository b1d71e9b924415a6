//! A Dataverse that does as it is told, by us and by others, and says what changed since it was last asked.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{MirroredRow, OutboxOperation, Parcel, RowSighting};
use model::time::Timestamp;
use uuid::Uuid;

use crate::{
    interleaving::record,
    mirror::{gone, seen},
};

/// What others write bears numbers that are used nowhere here.
const OTHERS: i64 = 1_000;

#[derive(Default)]
pub struct TestOrganisation {
    /// By primary key: name and tokens.
    pub rows: BTreeMap<Uuid, (u8, i64)>,
    changed: BTreeSet<Uuid>,
    written: i64,
}

/// A page as it was when it was asked for.
pub struct Sheet {
    pub asked_at: Timestamp,
    pub rows: Vec<MirroredRow>,
}

impl TestOrganisation {
    /// Does what a parcel says.
    pub fn take(&mut self, parcel: &Parcel) {
        let id = parcel.dataverse_id;
        match &parcel.operation {
            OutboxOperation::Upsert(stored) => {
                let values = stored.record.values();
                self.put(id, (values[1].text().parse().unwrap(), values[6].number().unwrap()));
            }
            OutboxOperation::Delete => self.remove(id),
        }
    }

    /// Another program changes the row of this name, or makes one, under an id of its own or not.
    pub fn write(&mut self, name: u8, own_id: Uuid) {
        self.written += 1;
        let there = self.rows.iter().find(|(_, (of, _))| *of == name).map(|(id, _)| *id);
        self.put(there.unwrap_or(own_id), (name, OTHERS + self.written));
    }

    /// Another program deletes the rows of this name.
    pub fn erase(&mut self, name: u8) {
        let there: Vec<Uuid> =
            self.rows.iter().filter(|(_, (of, _))| *of == name).map(|(id, _)| *id).collect();
        there.into_iter().for_each(|id| self.remove(id));
    }

    /// The rows of this name are not there any more, and nothing tells of it.
    pub fn lose(&mut self, name: u8) {
        self.rows.retain(|id, (of, _)| *of != name || self.changed.contains(id));
    }

    fn put(&mut self, id: Uuid, row: (u8, i64)) {
        self.rows.insert(id, row);
        self.changed.insert(id);
    }

    fn remove(&mut self, id: Uuid) {
        if self.rows.remove(&id).is_some() {
            self.changed.insert(id);
        }
    }

    /// What changed since; deletions come last.
    pub fn changes(&mut self, asked_at: Timestamp) -> Sheet {
        let ids = std::mem::take(&mut self.changed);
        let (there, missing): (Vec<Uuid>, Vec<Uuid>) = ids.iter().partition(|id| self.rows.contains_key(id));
        let rows = there.into_iter().chain(missing).map(|id| self.row(id)).collect();
        Sheet { asked_at, rows }
    }

    /// Where the reading ended was not kept: it begins there again. Of what was lost meanwhile no change tells, as ever.
    pub fn take_back(&mut self, sheet: &Sheet) {
        let is_told =
            |row: &&MirroredRow| row.seen == RowSighting::Gone || self.rows.contains_key(&row.dataverse_id);
        self.changed.extend(sheet.rows.iter().filter(is_told).map(|row| row.dataverse_id));
    }

    /// A row as it is now.
    pub fn row(&self, id: Uuid) -> MirroredRow {
        match self.rows.get(&id) {
            Some((name, tokens)) => seen(id, &record(*name, *tokens)),
            None => gone(id),
        }
    }

    pub fn has_news(&self) -> bool {
        !self.changed.is_empty()
    }
}
