//! What becomes of rows that were seen in Dataverse. Both stores decide alike.

mod decided;
mod facts;
mod likeness;
mod page;

pub(crate) use decided::{Decided, Sum};
pub(crate) use facts::{Fact, Facts, Line, Version};
pub(crate) use likeness::merged;
pub(crate) use page::{Page, round, wanted};

use self::page::Times;

use model::{record::Record, time::SECOND};
use uuid::Uuid;

use self::{
    facts::Lent,
    likeness::{is, says},
};
use crate::{Reflected, Reflection, Seen};

/// A row may be older than what was acknowledged so short a time before it was asked for.
const DOUBT: i64 = 10 * SECOND;
/// So far two machines' clocks may be apart.
const APART: i64 = 300 * SECOND;

/// Decides about one row by what is known.
fn decide<'a>(facts: &'a Facts, page: &Page, reflection: &'a Reflection) -> Decided<'a> {
    let judge = Judge { facts, times: page.times, is_behind: page.is_behind, reflection };
    match &reflection.seen {
        Seen::Row(record) => judge.row(record),
        Seen::Gone | Seen::Released => judge.vanished(|_| Reflected::Withdrawn),
        Seen::Lost => judge.vanished(|_| Reflected::Requeued),
        Seen::Unseen => judge.vanished(unseen),
        Seen::Refused { reason, .. } => judge.refused(reason.clone()),
    }
}

struct Judge<'a> {
    facts: &'a Facts,
    times: Times,
    /// What is there may be newer than what waits here: the ledger is a copy that was put back.
    is_behind: bool,
    reflection: &'a Reflection,
}

impl<'a> Judge<'a> {
    fn row(&self, record: &'a Record) -> Decided<'a> {
        let (kind, tenant) = (self.facts.kind, self.reflection.tenant);
        let id = self.reflection.id_of(record);
        match self.facts.there(tenant, self.reflection.dataverse_id) {
            Some(fact) if fact.tenant != tenant => self.refused(
                "it is a record of another tenant here; set its apex_tenantid to what it was".to_owned(),
            ),
            Some(fact) if fact.row.held.stored.id != id => self.refused(format!(
                "it is the {} {} here, and says now that it is another one; put its key back, and make a new row for the other",
                kind.noun,
                fact.row.held.stored.record.natural_key().join(" / "),
            )),
            Some(fact) => self.met(fact, record),
            None => match self.facts.named(tenant, id) {
                Some(fact) => self.twin(fact, record),
                None => self.says(Reflected::Added, None),
            },
        }
    }

    /// A row of ours under another id than ours.
    fn twin(&self, fact: &'a Fact, record: &'a Record) -> Decided<'a> {
        let withdrawn = fact.row.held.withdrawn_at.is_some();
        let never_there = match fact.line {
            Line::Nothing => withdrawn || fact.row.unmet || fact.row.held.stored.exported_at.is_none(),
            // It was sent, and no answer came.
            Line::Waiting { lent: Lent::Before, .. } => false,
            Line::Waiting { first, .. } | Line::Dead { first } | Line::Dropped { first } => {
                // Once it has taken another's row for its own, that one stands there.
                (first && !withdrawn || fact.row.unmet) && fact.row.dataverse_id.is_none()
            }
        };
        match fact.line {
            // It may be on its way there under its own id just now.
            Line::Waiting { lent: Lent::Now, .. } if never_there => self.says(Reflected::Again, None),
            Line::Nothing if withdrawn => {
                Decided { adopts: true, ..self.says(Reflected::Changed, Some(fact)) }
            }
            _ if never_there => Decided { adopts: true, ..self.met(fact, record) },
            _ => self.refused(page::stands_twice(self.facts.kind, fact.row.id_there())),
        }
    }

    /// A row of ours, as it is there.
    fn met(&self, fact: &'a Fact, record: &'a Record) -> Decided<'a> {
        let held = &fact.row.held;
        let stored = &held.stored;
        let same = held.withdrawn_at.is_none() && is(&stored.record, record);
        let former = || fact.versions.iter().any(|version| says(version, record));
        let may_be_older = self.is_behind && held.withdrawn_at.is_none();
        let reflected = match fact.line {
            Line::Waiting { .. } if may_be_older && same => Reflected::Confirmed,
            Line::Waiting { .. } | Line::Dead { .. } if same || former() => Reflected::Known,
            Line::Waiting { .. } | Line::Dead { .. } if may_be_older => Reflected::Changed,
            Line::Waiting { .. } | Line::Dead { .. } => Reflected::KeptOut,
            Line::Dropped { .. } if same => Reflected::Confirmed,
            Line::Dropped { .. } if former() => Reflected::Known,
            Line::Dropped { .. } => Reflected::Changed,
            Line::Nothing if same && fact.row.is_confirmed() => Reflected::Known,
            Line::Nothing if same => Reflected::Confirmed,
            // A flow had it in hand when it was withdrawn here.
            Line::Nothing if is_withdrawn_unsent(fact) && former() => Reflected::Requeued,
            // The organisation was put back to what it was before our newest write. Should the row be older than that, ours is
            // sent once more to no harm.
            Line::Nothing if self.was_put_back(fact) && former() => Reflected::Requeued,
            Line::Nothing if self.is_doubtful(fact) => Reflected::Again,
            Line::Nothing if may_be_older => Reflected::Changed,
            // A write of ours that came late undid the newest, or one of a program that did not know it: the newest wins.
            Line::Nothing if self.reflection.stands && is_unread(fact) && self.was_last(fact, record) => {
                Reflected::Requeued
            }
            // A late echo of what it was before.
            Line::Nothing if is_unread(fact) && self.was_last(fact, record) => Reflected::Known,
            Line::Nothing => Reflected::Changed,
        };
        self.says(reflected, Some(fact))
    }

    /// What is not there any more; `otherwise` is what becomes of a record that stood there.
    fn vanished(&self, otherwise: fn(&Fact) -> Reflected) -> Decided<'a> {
        let Some(fact) = self.facts.there(self.reflection.tenant, self.reflection.dataverse_id) else {
            return self.says(Reflected::Known, None);
        };
        let (stored, withdrawn) = (&fact.row.held.stored, fact.row.held.withdrawn_at.is_some());
        let reflected = match fact.line {
            Line::Waiting { .. } if withdrawn => Reflected::Known,
            Line::Dead { .. } | Line::Dropped { .. } if withdrawn => Reflected::Confirmed,
            Line::Waiting { .. } if self.is_behind && self.is_said_gone() => Reflected::Withdrawn,
            Line::Waiting { .. } | Line::Dead { .. } if self.reflection.seen == Seen::Unseen => {
                Reflected::Known
            }
            Line::Waiting { .. } | Line::Dead { .. } => Reflected::KeptOut,
            Line::Dropped { first: true } => Reflected::Known,
            Line::Nothing if withdrawn && is_unread(fact) => Reflected::Confirmed,
            Line::Nothing if withdrawn || stored.exported_at.is_none() => Reflected::Known,
            Line::Nothing if self.is_doubtful(fact) => Reflected::Again,
            Line::Nothing | Line::Dropped { .. } => otherwise(fact),
        };
        self.says(reflected, Some(fact))
    }

    fn refused(&self, reason: String) -> Decided<'a> {
        Decided { reason: Some(reason), ..self.says(Reflected::Refused, None) }
    }

    const fn says(&self, reflected: Reflected, fact: Option<&'a Fact>) -> Decided<'a> {
        Decided {
            kind: self.facts.kind,
            reflection: self.reflection,
            fact,
            reflected,
            adopts: false,
            reason: None,
        }
    }

    fn is_doubtful(&self, fact: &Fact) -> bool {
        let Times { asked_at, now } = self.times;
        let exported_at = fact.row.held.stored.exported_at.filter(|_| !fact.row.unmet);
        // What lies ahead was written by another clock, and says nothing.
        exported_at.is_some_and(|at| at.since(now) <= DOUBT && asked_at.since(at) <= DOUBT)
    }

    /// Whether Dataverse or a person says that it was deleted there.
    fn is_said_gone(&self) -> bool {
        matches!(self.reflection.seen, Seen::Gone | Seen::Released)
    }

    /// Whether nothing was written there since what the record says now was read back: a restore is followed by a reading of
    /// the whole table, and brings rows that are older.
    fn was_put_back(&self, fact: &Fact) -> bool {
        let is_unasked = self.reflection.is_whole && fact.row.is_confirmed() && !self.is_behind;
        is_unasked && !is_newer(self.reflection, fact) || is_older(self.reflection, fact)
    }

    fn was_last(&self, fact: &Fact, record: &Record) -> bool {
        fact.versions.first().is_some_and(|version| says(version, record))
    }
}

/// Nothing tells that it was deleted. What was never read back may never have been there, and is sent again.
fn unseen(fact: &Fact) -> Reflected {
    let stood_there = fact.row.is_confirmed() || fact.row.unmet || fact.line != Line::Nothing;
    if stood_there { Reflected::Missing } else { Reflected::Requeued }
}

/// Whether it was written there before Dataverse acknowledged what the record says now, whichever clock is right.
fn is_older(reflection: &Reflection, fact: &Fact) -> bool {
    let ours = fact.row.held.stored.exported_at;
    reflection.modified_at.zip(ours).is_some_and(|(theirs, ours)| ours.since(theirs) > APART)
}

/// Whether it was written there after what the record says now was read back, whichever clock is right.
fn is_newer(reflection: &Reflection, fact: &Fact) -> bool {
    let read_back = fact.row.confirmed_at;
    reflection.modified_at.zip(read_back).is_some_and(|(theirs, read_back)| theirs.since(read_back) > APART)
}

/// Withdrawn before Dataverse ever acknowledged it, as far as is known here.
fn is_withdrawn_unsent(fact: &Fact) -> bool {
    fact.row.held.withdrawn_at.is_some() && fact.row.held.stored.exported_at.is_none()
}

/// Acknowledged, and not read back yet.
fn is_unread(fact: &Fact) -> bool {
    fact.row.held.stored.exported_at.is_some() && !fact.row.is_confirmed()
}

impl Reflection {
    /// Which record the row would be here.
    pub(crate) fn id_of(&self, record: &Record) -> Uuid {
        record.own_id(self.tenant).unwrap_or(self.dataverse_id)
    }
}
