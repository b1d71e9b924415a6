//! Whether the ledger keeps what it is given, as its last attempts to write came out, and what the last question for its
//! readiness met: the one place that page, readiness and figures ask.
//!
//! A failure stands until as large a write of the same sort succeeds, or a trial made for it. That something smaller can
//! still be written proves_arrival little: a full disk often has room for a single word.

use std::{fmt, sync::Arc};

use model::{clock::Clock, time::Timestamp};
use tokio::sync::watch;

use crate::LedgerError;

/// How writing goes, each sort of it by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteHealth {
    intake: Option<Stop>,
    system: Option<Stop>,
    probe: Option<Stop>,
}

/// What keeps the ledger from writing, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Why it fails.
    pub error: LedgerError,
    /// When it failed first.
    pub since: Timestamp,
    /// How many records the largest group had that failed.
    weight: usize,
}

impl WriteHealth {
    /// Why nothing is kept at present, if so.
    #[must_use]
    pub const fn stop(&self) -> Option<&Stop> {
        match (self.refusal(), &self.probe) {
            (Some(stop), _) | (None, Some(stop)) => Some(stop),
            (None, None) => None,
        }
    }

    /// The same, as far as an attempt to write failed.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Stop> {
        match (&self.intake, &self.system) {
            (Some(stop), _) | (None, Some(stop)) => Some(stop),
            (None, None) => None,
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(to)
    }
}

/// Of what an attempt is evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// What senders and people want kept, whatever is written along with it.
    Intake,
    /// Writes that the ledger makes for itself.
    System,
    /// Nothing that anybody asked for, and more than either.
    Trial,
}

impl Sort {
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::System, Self::System) => Self::System,
            (Self::Trial, Self::Trial) => Self::Trial,
            _ => Self::Intake,
        }
    }
}

/// Where the writer notes how its attempts came out.
#[derive(Clone)]
pub(crate) struct Notes {
    health: watch::Sender<WriteHealth>,
    clock: Arc<dyn Clock>,
    /// Those who keep views are to look again.
    changes: watch::Sender<u64>,
}

impl Notes {
    pub(crate) fn new(clock: Arc<dyn Clock>, changes: watch::Sender<u64>) -> Self {
        Self { health: watch::Sender::default(), clock, changes }
    }

    pub(crate) fn health(&self) -> watch::Receiver<WriteHealth> {
        self.health.subscribe()
    }

    /// What a group of this sort came to. A statement that is refused is that statement's own fault, and says nothing of
    /// the others. `weight`: how many bytes it had, about.
    pub(crate) fn note(&self, sort: Sort, weight: usize, committed: &Result<(), LedgerError>) {
        let moved = self.health.send_if_modified(|health| {
            let mut after = health.clone();
            match (committed, sort) {
                (Ok(()), Sort::Trial) => after = WriteHealth::default(),
                (Ok(()), Sort::System) => after.system = None,
                (Ok(()), Sort::Intake) => {
                    after.system = None;
                    after.intake.take_if(|stop| stop.weight <= weight);
                }
                (Err(error @ (LedgerError::Unavailable(_) | LedgerError::Damaged(_))), _) => {
                    let (intake, system) = (&mut after.intake, &mut after.system);
                    for (stop, of) in [(intake, Sort::Intake), (system, Sort::System)] {
                        // A trial finds out about what had failed already.
                        if sort == of || (sort == Sort::Trial && stop.is_some()) {
                            let (since, before) = stop
                                .as_ref()
                                .map_or_else(|| (self.clock.now(), 0), |stop| (stop.since, stop.weight));
                            *stop = Some(Stop { error: error.clone(), since, weight: weight.max(before) });
                        }
                    }
                }
                (Err(LedgerError::Busy { .. } | LedgerError::Closed | LedgerError::Fault(_)), _) => {}
            }
            let modified = after != *health;
            *health = after;
            modified
        });
        self.tell(moved);
    }

    /// What a question for readiness met before it came to writing. A success of either sort clears it.
    pub(crate) fn note_probe(&self, probed: &Result<(), LedgerError>) {
        let moved = self.health.send_if_modified(|health| {
            let since = health.probe.as_ref().map_or_else(|| self.clock.now(), |stop| stop.since);
            let stop = |error: &LedgerError| Stop { error: error.clone(), since, weight: 1 };
            let after = probed.as_ref().err().map(stop);
            let modified = after != health.probe;
            health.probe = after;
            modified
        });
        self.tell(moved);
    }

    fn tell(&self, moved: bool) {
        if moved {
            self.changes.send_modify(|moves| *moves += 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use model::clock::ManualClock;

    use super::*;
    use crate::test_records::NOW;

    fn notes() -> Notes {
        Notes::new(Arc::new(ManualClock::at(NOW)), watch::Sender::new(0))
    }

    fn full() -> LedgerError {
        LedgerError::Unavailable("the ledger's disk is full".to_owned())
    }

    #[test]
    fn failed_intake_stands_until_intake_succeeds() {
        let notes = notes();
        let health = notes.health();
        let stopped = || health.borrow().stop().map(|stop| stop.error.clone());
        notes.note(Sort::Intake, 1_000, &Err(full()));
        notes.note(Sort::System, 1_000, &Ok(()));
        notes.note(Sort::Intake, 1, &Ok(()));
        assert_eq!(stopped(), Some(full()), "that something small was kept proves nothing");
        notes.note(Sort::Intake, 1_000, &Ok(()));
        assert_eq!(stopped(), None);
        notes.note(Sort::System, 1, &Err(full()));
        assert_eq!(stopped(), Some(full()));
        notes.note(Sort::System, 1, &Ok(()));
        assert_eq!(stopped(), None);
    }

    #[test]
    fn a_trial_clears_what_failed() {
        let notes = notes();
        let health = notes.health();
        let stopped = || health.borrow().stop().map(|stop| stop.error.clone());
        notes.note(Sort::Trial, 1, &Err(full()));
        assert_eq!(stopped(), None);
        notes.note(Sort::Intake, 1, &Err(LedgerError::Unavailable("another reason".to_owned())));
        notes.note(Sort::Trial, 1, &Err(full()));
        assert_eq!(stopped(), Some(full()), "the newest reason");
        notes.note(Sort::Trial, 1, &Ok(()));
        assert_eq!(stopped(), None);
    }

    #[test]
    fn one_bad_statement_fails_alone() {
        let clock = Arc::new(ManualClock::at(NOW));
        let notes = Notes::new(Arc::clone(&clock) as Arc<dyn Clock>, watch::Sender::new(0));
        notes.note(Sort::Intake, 1, &Err(LedgerError::Fault("no such table".to_owned())));
        assert_eq!(notes.health().borrow().stop(), None);
        notes.note(Sort::Intake, 1, &Err(full()));
        clock.advance_micros(1);
        notes.note(Sort::Intake, 1, &Err(full()));
        assert_eq!(notes.health().borrow().stop().unwrap().since, NOW);
    }

    #[test]
    fn probe_failures_stand_until_a_success() {
        let notes = notes();
        let health = notes.health();
        let stopped = || health.borrow().stop().map(|stop| stop.error.clone());
        for cleared in [Notes::note_probe, |notes: &Notes, ended: &_| notes.note(Sort::Trial, 1, ended)] {
            notes.note_probe(&Err(full()));
            assert_eq!(stopped(), Some(full()));
            assert_eq!(health.borrow().refusal(), None, "no sender was refused");
            cleared(&notes, &Ok(()));
            assert_eq!(stopped(), None);
        }
    }

    #[test]
    fn views_hear_each_stop_and_start_once() {
        let changes = watch::Sender::new(0);
        let notes = Notes::new(Arc::new(ManualClock::at(NOW)), changes.clone());
        for committed in [Ok(()), Err(full()), Err(full()), Ok(()), Ok(())] {
            notes.note(Sort::Intake, 1, &committed);
        }
        assert_eq!(*changes.borrow(), 2);
    }
}
