//! What becomes of rows that were seen in Dataverse. Both stores decide alike.

mod decided;
mod known_records;
mod likeness;
mod page;

pub(crate) use decided::{Decided, Sum};
pub(crate) use known_records::{KnownRecord, KnownRecords, OutboxState, Version};
pub(crate) use likeness::merged;
pub(crate) use page::{MirrorPage, round, wanted};

use self::page::Times;

use model::{record::Record, time::SECOND};
use uuid::Uuid;

use self::{
    known_records::LeaseState,
    likeness::{is, says},
};
use crate::{MirroredRow, RowOutcome, RowSighting};

/// A row may be older than what was acknowledged so short a time before it was asked for.
const DOUBT: i64 = 10 * SECOND;
/// So far two machines' clocks may be apart.
const APART: i64 = 300 * SECOND;

/// Decides about one row by what is known.
fn decide<'a>(known_records: &'a KnownRecords, page: &MirrorPage, mirrored: &'a MirroredRow) -> Decided<'a> {
    let judge = Judge { known_records, times: page.times, is_behind: page.is_behind, mirrored };
    match &mirrored.seen {
        RowSighting::Row(record) => judge.row(record),
        RowSighting::Gone | RowSighting::Released => judge.vanished(|_| RowOutcome::Withdrawn),
        RowSighting::Lost => judge.vanished(|_| RowOutcome::Requeued),
        RowSighting::Unseen => judge.vanished(unseen),
        RowSighting::Refused { reason, .. } => judge.refused(reason.clone()),
    }
}

struct Judge<'a> {
    known_records: &'a KnownRecords,
    times: Times,
    /// What is there may be newer than what waits here: the ledger is a copy that was put back.
    is_behind: bool,
    mirrored: &'a MirroredRow,
}

impl<'a> Judge<'a> {
    fn row(&self, record: &'a Record) -> Decided<'a> {
        let (kind, tenant) = (self.known_records.kind, self.mirrored.tenant);
        let id = self.mirrored.id_of(record);
        match self.known_records.there(tenant, self.mirrored.dataverse_id) {
            Some(known) if known.tenant != tenant => self.refused(
                "it is a record of another tenant here; set its apex_tenantid to what it was".to_owned(),
            ),
            Some(known) if known.row.held.stored.id != id => self.refused(format!(
                "it is the {} {} here, and says now that it is another one; put its key back, and make a new row for the other",
                kind.noun,
                known.row.held.stored.record.natural_key().join(" / "),
            )),
            Some(known) => self.met(known, record),
            None => match self.known_records.named(tenant, id) {
                Some(known) => self.twin(known, record),
                None => self.says(RowOutcome::Added, None),
            },
        }
    }

    /// A row of ours under another id than ours.
    fn twin(&self, known: &'a KnownRecord, record: &'a Record) -> Decided<'a> {
        let withdrawn = known.row.held.withdrawn_at.is_some();
        let never_there = match known.line {
            OutboxState::Nothing => {
                withdrawn || known.row.unmet || known.row.held.stored.exported_at.is_none()
            }
            // It was sent, and no answer came.
            OutboxState::Waiting { lent: LeaseState::Before, .. } => false,
            OutboxState::Waiting { first, .. }
            | OutboxState::Dead { first }
            | OutboxState::Dropped { first } => {
                // Once it has taken another's row for its own, that one stands there.
                (first && !withdrawn || known.row.unmet) && known.row.dataverse_id.is_none()
            }
        };
        match known.line {
            // It may be on its way there under its own id just now.
            OutboxState::Waiting { lent: LeaseState::Now, .. } if never_there => {
                self.says(RowOutcome::Again, None)
            }
            OutboxState::Nothing if withdrawn => {
                Decided { adopts: true, ..self.says(RowOutcome::Changed, Some(known)) }
            }
            _ if never_there => Decided { adopts: true, ..self.met(known, record) },
            _ => self.refused(page::stands_twice(self.known_records.kind, known.row.id_there())),
        }
    }

    /// A row of ours, as it is there.
    fn met(&self, known: &'a KnownRecord, record: &'a Record) -> Decided<'a> {
        let held = &known.row.held;
        let stored = &held.stored;
        let same = held.withdrawn_at.is_none() && is(&stored.record, record);
        let former = || known.versions.iter().any(|version| says(version, record));
        let may_be_older = self.is_behind && held.withdrawn_at.is_none();
        let outcome = match known.line {
            OutboxState::Waiting { .. } if may_be_older && same => RowOutcome::Confirmed,
            OutboxState::Waiting { lent: LeaseState::Now, .. } if same => RowOutcome::Underway,
            OutboxState::Waiting { .. } | OutboxState::Dead { .. } if same || former() => RowOutcome::Known,
            OutboxState::Waiting { .. } | OutboxState::Dead { .. } if may_be_older => RowOutcome::Changed,
            OutboxState::Waiting { .. } | OutboxState::Dead { .. } => RowOutcome::KeptOut,
            OutboxState::Dropped { .. } if same => RowOutcome::Confirmed,
            OutboxState::Dropped { .. } if former() => RowOutcome::Known,
            OutboxState::Dropped { .. } => RowOutcome::Changed,
            OutboxState::Nothing if same && known.row.is_confirmed() => RowOutcome::Known,
            OutboxState::Nothing if same => RowOutcome::Confirmed,
            // A flow had it in hand when it was withdrawn here.
            OutboxState::Nothing if is_withdrawn_unsent(known) && former() => RowOutcome::Requeued,
            // The organisation was put back to what it was before our newest write. Should the row be older than that, ours is
            // sent once more to no harm.
            OutboxState::Nothing if self.was_put_back(known) && former() => RowOutcome::Requeued,
            OutboxState::Nothing if self.is_doubtful(known) => RowOutcome::Again,
            OutboxState::Nothing if may_be_older => RowOutcome::Changed,
            // A write of ours that came late undid the newest, or one of a program that did not know it: the newest wins.
            OutboxState::Nothing
                if self.mirrored.stands && is_unread(known) && self.was_last(known, record) =>
            {
                RowOutcome::Requeued
            }
            // A late echo of what it was before.
            OutboxState::Nothing if is_unread(known) && self.was_last(known, record) => RowOutcome::Known,
            OutboxState::Nothing => RowOutcome::Changed,
        };
        self.says(outcome, Some(known))
    }

    /// What is not there any more; `otherwise` is what becomes of a record that stood there.
    fn vanished(&self, otherwise: fn(&KnownRecord) -> RowOutcome) -> Decided<'a> {
        let Some(known) = self.known_records.there(self.mirrored.tenant, self.mirrored.dataverse_id) else {
            return self.says(RowOutcome::Known, None);
        };
        let (stored, withdrawn) = (&known.row.held.stored, known.row.held.withdrawn_at.is_some());
        let outcome = match known.line {
            OutboxState::Waiting { .. } if withdrawn => RowOutcome::Known,
            OutboxState::Dead { .. } | OutboxState::Dropped { .. } if withdrawn => RowOutcome::Confirmed,
            OutboxState::Waiting { .. } if self.is_behind && self.is_said_gone() => RowOutcome::Withdrawn,
            OutboxState::Waiting { .. } | OutboxState::Dead { .. }
                if self.mirrored.seen == RowSighting::Unseen =>
            {
                RowOutcome::Known
            }
            OutboxState::Waiting { .. } | OutboxState::Dead { .. } => RowOutcome::KeptOut,
            OutboxState::Dropped { first: true } => RowOutcome::Known,
            OutboxState::Nothing if withdrawn && is_unread(known) => RowOutcome::Confirmed,
            OutboxState::Nothing if withdrawn || stored.exported_at.is_none() => RowOutcome::Known,
            OutboxState::Nothing if self.is_doubtful(known) => RowOutcome::Again,
            OutboxState::Nothing | OutboxState::Dropped { .. } => otherwise(known),
        };
        self.says(outcome, Some(known))
    }

    fn refused(&self, reason: String) -> Decided<'a> {
        Decided { reason: Some(reason), ..self.says(RowOutcome::Refused, None) }
    }

    const fn says(&self, outcome: RowOutcome, known: Option<&'a KnownRecord>) -> Decided<'a> {
        Decided {
            kind: self.known_records.kind,
            mirrored: self.mirrored,
            known,
            outcome,
            adopts: false,
            reason: None,
        }
    }

    fn is_doubtful(&self, known: &KnownRecord) -> bool {
        let Times { asked_at, now } = self.times;
        let exported_at = known.row.held.stored.exported_at.filter(|_| !known.row.unmet);
        // What lies ahead was written by another clock, and says nothing.
        exported_at.is_some_and(|at| at.since(now) <= DOUBT && asked_at.since(at) <= DOUBT)
    }

    /// Whether Dataverse or a person says that it was deleted there.
    fn is_said_gone(&self) -> bool {
        matches!(self.mirrored.seen, RowSighting::Gone | RowSighting::Released)
    }

    /// Whether nothing was written there since what the record says now was read back: a restore is followed by a reading of
    /// the whole table, and brings rows that are older.
    fn was_put_back(&self, known: &KnownRecord) -> bool {
        let is_unasked = self.mirrored.is_whole && known.row.is_confirmed() && !self.is_behind;
        is_unasked && !is_newer(self.mirrored, known) || is_older(self.mirrored, known)
    }

    fn was_last(&self, known: &KnownRecord, record: &Record) -> bool {
        known.versions.first().is_some_and(|version| says(version, record))
    }
}

/// Nothing tells that it was deleted. What was never read back may never have been there, and is sent again.
fn unseen(known: &KnownRecord) -> RowOutcome {
    let stood_there = known.row.is_confirmed() || known.row.unmet || known.line != OutboxState::Nothing;
    if stood_there { RowOutcome::Missing } else { RowOutcome::Requeued }
}

/// Whether it was written there before Dataverse acknowledged what the record says now, whichever clock is right.
fn is_older(mirrored: &MirroredRow, known: &KnownRecord) -> bool {
    let ours = known.row.held.stored.exported_at;
    mirrored.modified_at.zip(ours).is_some_and(|(theirs, ours)| ours.since(theirs) > APART)
}

/// Whether it was written there after what the record says now was read back, whichever clock is right.
fn is_newer(mirrored: &MirroredRow, known: &KnownRecord) -> bool {
    let read_back = known.row.confirmed_at;
    mirrored.modified_at.zip(read_back).is_some_and(|(theirs, read_back)| theirs.since(read_back) > APART)
}

/// Withdrawn before Dataverse ever acknowledged it, as far as is known here.
fn is_withdrawn_unsent(known: &KnownRecord) -> bool {
    known.row.held.withdrawn_at.is_some() && known.row.held.stored.exported_at.is_none()
}

/// Acknowledged, and not read back yet.
fn is_unread(known: &KnownRecord) -> bool {
    known.row.held.stored.exported_at.is_some() && !known.row.is_confirmed()
}

impl MirroredRow {
    /// Which record the row would be here.
    pub(crate) fn id_of(&self, record: &Record) -> Uuid {
        record.own_id(self.tenant).unwrap_or(self.dataverse_id)
    }
}
