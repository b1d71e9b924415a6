//! A page of rows, decided in rounds: within one round no two rows mean the same record.

use std::collections::HashSet;

use model::{record::Kind, tenant::TenantId, time::Instant};
use uuid::Uuid;

use super::{Decided, Facts, decide};
use crate::{Reflected, Reflection, Seen};

/// When a page was asked for, and when it is decided, both by one clock.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    pub(super) asked_at: Instant,
    pub(super) now: Instant,
}

/// The rows of one call, and what became of each so far.
pub(crate) struct Page {
    pub(crate) kind: &'static Kind,
    pub(crate) rows: Vec<Reflection>,
    /// By the asker's clock.
    asked_at: Instant,
    /// By the store's clock.
    times: Times,
    answers: Vec<Option<Reflected>>,
    /// The records whose rows are locked for it, where stores lock: tenant and position.
    pub(crate) locked: HashSet<(TenantId, i64)>,
}

impl Page {
    pub(crate) fn new(kind: &'static Kind, rows: Vec<Reflection>, asked_at: Instant) -> Self {
        let answers = vec![None; rows.len()];
        let times = Times { asked_at, now: asked_at };
        Self { kind, rows, asked_at, times, answers, locked: HashSet::new() }
    }

    /// Begins from the start, as every transaction does: now, by the store's clock and by the asker's.
    pub(crate) fn reopen(&mut self, now: Instant, asker_s_now: Instant) {
        self.answers.fill(None);
        self.times = Times { asked_at: now.plus(self.asked_at.since(asker_s_now)), now };
    }

    /// The places of the rows that are not decided yet.
    pub(crate) fn open(&self) -> Vec<usize> {
        (0..self.rows.len()).filter(|at| self.answers[*at].is_none()).collect()
    }

    pub(crate) fn rows_at(&self, places: &[usize]) -> Vec<&Reflection> {
        places.iter().map(|at| &self.rows[*at]).collect()
    }

    pub(crate) fn answer(&mut self, answers: impl IntoIterator<Item = (usize, Reflected)>) {
        for (at, answer) in answers {
            self.answers[at] = Some(answer);
        }
    }

    pub(crate) fn answers(&self) -> Vec<Reflected> {
        self.answers.iter().map(|answer| answer.unwrap_or(Reflected::Again)).collect()
    }
}

/// Whose records these rows may mean: tenant and id, each once.
pub(crate) fn wanted(kind: &'static Kind, rows: &[&Reflection]) -> Vec<(TenantId, Uuid)> {
    let mut wanted = Vec::with_capacity(rows.len());
    let mut seen = HashSet::with_capacity(rows.len());
    for row in rows {
        let ids = std::iter::once(row.dataverse_id).chain(own_id(kind, row));
        wanted.extend(ids.map(|id| (row.tenant, id)).filter(|key| seen.insert(*key)));
    }
    wanted
}

/// Decides those of the rows, in order, that mean other records than all before them; each with its place in the page.
pub(crate) fn round<'a>(page: &'a Page, open: &[usize], facts: &'a Facts) -> Vec<(usize, Decided<'a>)> {
    let mut touched: HashSet<Uuid> = HashSet::with_capacity(open.len());
    let mut decided = Vec::with_capacity(open.len());
    for at in open {
        let reflection = &page.rows[*at];
        let meant = facts.meant(reflection).map(|fact| fact.row.held.stored.id);
        let ids: Vec<Uuid> =
            [reflection.dataverse_id].into_iter().chain(own_id(page.kind, reflection)).chain(meant).collect();
        let is_first = !ids.iter().any(|id| touched.contains(id));
        touched.extend(ids);
        if is_first {
            decided.push((*at, decide(facts, page.times, reflection)));
        }
    }
    decided
}

fn own_id(kind: &Kind, row: &Reflection) -> Option<Uuid> {
    match &row.seen {
        Seen::Row(record) => Some(row.id_of(kind, record)),
        _ => None,
    }
}
