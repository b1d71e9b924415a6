//! One look at one table: what changed, and what is gone.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use dataverse::Error;
use ledger::RowSighting;
use model::time::Timestamp;
use uuid::Uuid;

use super::{ChangeReader, Loan, MirroredTable, gone::Missing, reader::Reading};
use crate::{
    MirrorState, TableMapping, meters, pass_error::PassError, row_tally::RowTally,
    status_handle::StatusHandle,
};

/// After this many rows there may be more by now.
const MANY: u64 = 5_000;
/// How many records are looked through at once.
pub(super) const SOME: usize = 5_000;

pub(super) struct Pass<'a> {
    pub(super) reader: &'a ChangeReader,
    pub(super) status_handle: &'a StatusHandle,
    pub(super) hold: Duration,
    pub(super) mapping: &'a TableMapping,
    pub(super) table: &'a mut MirroredTable,
}

impl Pass<'_> {
    /// Says whether there was much.
    pub(super) async fn run(mut self) -> Result<bool, PassError> {
        let reading = match self.read_on().await {
            Err(PassError::Dataverse(Error::DeltaExpired(_))) => {
                tracing::info!(
                    record.kind = self.mapping.kind.name,
                    "the link to changes has expired; the whole table is read"
                );
                self.table.start_over();
                self.read_on().await?
            }
            read => read?,
        };
        let much = reading.rows >= MANY;
        // Of those the ledger has just been told.
        self.table.differing.retain(|id| !reading.met.contains(id));
        self.table.missing.retain(|id| !reading.met.contains(id));
        self.table.link = Some(reading.link);
        self.table.again.extend(reading.again.into_iter().map(|id| (id, None)));
        self.look_again().await?;
        self.take_as_they_stand().await?;
        self.tell_of_unseen().await?;
        self.settle().await?;
        if !self.table.is_open() {
            self.keep().await?;
        }
        self.look_at_underway(&reading.underway).await?;
        Ok(much)
    }

    /// Where to go on from is kept before: what the mirror does not confirm, the read-back does.
    async fn look_at_underway(&mut self, ids: &[Uuid]) -> Result<(), PassError> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut listener = |tally| write_down(self.status_handle, tally);
        let open = self.reader.look_at_underway(&self.table.cursor, ids, &mut listener).await?;
        self.table.again.extend(open.into_iter().map(|id| (id, None)));
        Ok(())
    }

    async fn read_on(&mut self) -> Result<Reading, PassError> {
        match self.table.link.clone() {
            Some(link) => self.read(Some(&link)).await,
            None => self.read_all().await,
        }
    }

    /// The whole table, and what changed meanwhile. What should have turned up and did not, is gone.
    async fn read_all(&mut self) -> Result<Reading, PassError> {
        let began = self.reader.clock.now();
        self.status_handle.update(|status| {
            status.mirror.state = MirrorState::Reading;
            status.mirror.rows_read = 0;
            status.mirror.full_read_since = Some(began);
        });
        let all = self.read(None).await?;
        let mut rest = self.read(Some(&all.link)).await?;
        rest.rows += all.rows;
        rest.met.extend(all.met);
        rest.again.extend(all.again);
        rest.underway.extend(all.underway);
        self.miss(&rest, began).await?;
        self.status_handle.update(|status| status.mirror.full_read_since = None);
        tracing::info!(
            record.kind = self.mapping.kind.name,
            rows.all = rest.rows,
            "the whole table was read"
        );
        Ok(rest)
    }

    async fn read(&mut self, since: Option<&str>) -> Result<Reading, PassError> {
        let loan = Loan { cursor: &self.table.cursor, hold: self.hold };
        let status_handle = self.status_handle;
        let mut listener = |tally: RowTally| {
            write_down(status_handle, tally);
            if since.is_none() {
                status_handle.update(|status| status.mirror.rows_read += tally.rows);
            }
        };
        self.reader.read(self.mapping, since, &loan, &mut self.table.gone, &mut listener).await
    }

    /// Records, and rejects, that a reading of the whole table did not meet.
    async fn miss(&mut self, met: &Reading, began: Timestamp) -> Result<(), PassError> {
        for id in self.rejects().await?.difference(&met.met) {
            self.table.gone.miss(*id, Missing::Unseen(began));
        }
        let mut after = 0;
        loop {
            let there = self.reader.ledger.delivered_before(self.mapping.kind, after, began, SOME).await?;
            for there in &there {
                if !met.met.contains(&there.dataverse_id) && !self.table.gone.contains(there.dataverse_id) {
                    self.table.gone.miss(there.dataverse_id, Missing::Unseen(began));
                }
            }
            match there.last() {
                Some(last) if there.len() == SOME => after = last.position,
                _ => return Ok(()),
            }
        }
    }

    /// The rows that are no records of ours, as far as they are known.
    async fn rejects(&self) -> Result<HashSet<Uuid>, PassError> {
        let mut ids = HashSet::new();
        for tenant in &self.reader.tenants {
            let rejects = self.reader.ledger.rejects(*tenant, Some(self.mapping.kind), SOME).await?;
            ids.extend(rejects.iter().map(|reject| reject.dataverse_id));
        }
        Ok(ids)
    }

    /// No echo of ours comes so late. The ledger says whether what stands there is taken, or ours is sent again.
    async fn take_as_they_stand(&mut self) -> Result<(), PassError> {
        if self.table.differing.is_empty() {
            return Ok(());
        }
        // What breaks a rule is shown already.
        let shown = self.rejects().await?;
        let ids: Vec<Uuid> = self.table.differing.iter().copied().filter(|id| !shown.contains(id)).collect();
        let mut listener = |tally| write_down(self.status_handle, tally);
        self.table.differing = self.reader.look_at_standing(&self.table.cursor, &ids, &mut listener).await?;
        Ok(())
    }

    /// What was never read back is sent again at once; of what was, a person has to say what its absence means.
    async fn tell_of_unseen(&mut self) -> Result<(), PassError> {
        for (asked_at, ids) in self.table.gone.unseen() {
            let seen = ids.iter().flat_map(|id| self.reader.absent(*id, &RowSighting::Unseen)).collect();
            let mut listener = |tally| write_down(self.status_handle, tally);
            let told = self.reader.tell(&self.table.cursor, seen, asked_at, &mut listener).await?;
            // Not before: what the ledger did not hear of is told it next time.
            ids.iter().for_each(|id| self.table.gone.find(*id));
            self.table.again.extend(told.again.into_iter().map(|id| (id, Some(RowSighting::Unseen))));
            self.table.missing.extend(told.missing);
        }
        self.look_again().await
    }

    /// Tells the ledger what was deleted there.
    pub(super) async fn report_gone(&mut self, how: &RowSighting) -> Result<(), PassError> {
        let all = self.table.gone.iter().map(|(id, _)| id).collect();
        self.report_these_gone(&all, how).await
    }

    /// The same of some.
    pub(super) async fn report_these_gone(
        &mut self,
        these: &HashSet<Uuid>,
        how: &RowSighting,
    ) -> Result<(), PassError> {
        let mut deleted: BTreeMap<Timestamp, Vec<Uuid>> = BTreeMap::new();
        for (id, missing) in self.table.gone.iter().filter(|(id, _)| these.contains(id)) {
            match missing {
                Missing::Deleted(asked_at) => deleted.entry(asked_at).or_default().push(id),
                Missing::Unclear | Missing::Unseen(_) => {
                    self.table.again.insert(id, Some(how.clone()));
                }
            }
        }
        for (asked_at, ids) in deleted {
            let seen = ids.iter().flat_map(|id| self.reader.absent(*id, how)).collect();
            let mut listener = |tally| write_down(self.status_handle, tally);
            let told = self.reader.tell(&self.table.cursor, seen, asked_at, &mut listener).await?;
            self.table.again.extend(told.again.into_iter().map(|id| (id, Some(how.clone()))));
        }
        these.iter().for_each(|id| self.table.gone.find(*id));
        self.look_again().await
    }

    /// Looks once more at what is missing without a word, and tells the ledger what a person said of it.
    pub(super) async fn report_missing_gone(&mut self, how: &RowSighting) -> Result<(), PassError> {
        let missing = std::mem::take(&mut self.table.missing);
        self.table.again.extend(missing.into_iter().map(|id| (id, Some(how.clone()))));
        self.look_again().await
    }

    async fn look_again(&mut self) -> Result<(), PassError> {
        let mut listener = |tally| write_down(self.status_handle, tally);
        let told = self.reader.look_again(&self.table.cursor, &self.table.again, &mut listener).await?;
        let open: HashSet<Uuid> = told.again.into_iter().collect();
        self.table.again.retain(|id, _| open.contains(id));
        self.table.missing.extend(told.missing);
        Ok(())
    }

    /// Where to go on from next time, and nothing open.
    async fn keep(&mut self) -> Result<(), PassError> {
        let link = self.table.link.as_deref();
        if !self.reader.ledger.keep_cursor(&self.table.cursor, link, self.hold).await? {
            return Err(PassError::Lost);
        }
        self.table.cursor.link = self.table.link.clone();
        self.table.cursor.question = None;
        Ok(())
    }
}

pub(super) fn write_down(status_handle: &StatusHandle, tally: RowTally) {
    meters::mirrored(&tally);
    status_handle.update(|status| {
        status.confirmed += tally.confirmed;
        status.mirror.added += tally.added;
        status.mirror.changed += tally.changed;
        status.mirror.withdrawn += tally.withdrawn;
        status.mirror.kept_out += tally.kept_out;
        status.mirror.resent += tally.resent;
        status.mirror.refused += tally.refused;
    });
}
