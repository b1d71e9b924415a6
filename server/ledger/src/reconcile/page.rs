//! A page of rows, decided in rounds: within one round no two rows change the same record.

use std::collections::{HashMap, HashSet};

use model::{record::Kind, tenant::TenantId, time::Timestamp};
use uuid::Uuid;

use super::{Decided, KnownRecords, decide};
use crate::{ChangeCursor, MirroredRow, RowOutcome, RowSighting};

/// More rounds than any page has that was not made to have many. What is left then is looked at again by itself.
const ROUNDS: u32 = 8;

/// When a page was asked for, and when it is decided, both by one clock.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    pub(super) asked_at: Timestamp,
    pub(super) now: Timestamp,
}

/// The rows of one call, and what became of each so far.
pub(crate) struct MirrorPage {
    pub(crate) kind: &'static Kind,
    pub(crate) rows: Vec<MirroredRow>,
    /// By the asker's clock.
    asked_at: Timestamp,
    /// By the store's clock.
    pub(super) times: Times,
    /// Under which loan of the table's cursor they were read.
    pub(crate) epoch: i64,
    /// Whether what is there may be newer than what waits here; the store knows.
    pub(crate) is_behind: bool,
    answers: Vec<Option<RowOutcome>>,
    rounds: u32,
    /// The records whose rows are locked for it, where stores lock: tenant and position.
    pub(crate) locked: HashSet<(TenantId, i64)>,
}

impl MirrorPage {
    pub(crate) fn new(cursor: &ChangeCursor, rows: Vec<MirroredRow>, asked_at: Timestamp) -> Self {
        let answers = vec![None; rows.len()];
        let times = Times { asked_at, now: asked_at };
        let (kind, epoch, locked) = (cursor.kind, cursor.epoch, HashSet::new());
        Self { kind, rows, asked_at, times, epoch, is_behind: false, answers, rounds: 0, locked }
    }

    /// Begins from the start, as every transaction does: now, by the store's clock and by the asker's.
    pub(crate) fn reopen(&mut self, now: Timestamp, asker_s_now: Timestamp) {
        self.answers.fill(None);
        self.rounds = 0;
        self.times = Times { asked_at: now.plus(self.asked_at.since(asker_s_now)), now };
    }

    /// The places of the rows that the next round is for; none when there is nothing left to decide, or no round.
    pub(crate) fn next_round(&mut self) -> Vec<usize> {
        self.rounds += 1;
        if self.rounds > ROUNDS { Vec::new() } else { self.open() }
    }

    /// The places of the rows that are not decided yet.
    pub(crate) fn open(&self) -> Vec<usize> {
        (0..self.rows.len()).filter(|at| self.answers[*at].is_none()).collect()
    }

    pub(crate) fn rows_at(&self, places: &[usize]) -> Vec<&MirroredRow> {
        places.iter().map(|at| &self.rows[*at]).collect()
    }

    pub(crate) fn answer(&mut self, answers: impl IntoIterator<Item = (usize, RowOutcome)>) {
        for (at, answer) in answers {
            self.answers[at] = Some(answer);
        }
    }

    /// What became of each row; those that no round got to are for another page.
    pub(crate) fn answers(&self) -> Vec<RowOutcome> {
        self.answers.iter().map(|answer| answer.unwrap_or(RowOutcome::Again)).collect()
    }
}

/// Whose records these rows may mean: tenant and id, each once.
pub(crate) fn wanted(rows: &[&MirroredRow]) -> Vec<(TenantId, Uuid)> {
    let mut wanted = Vec::with_capacity(rows.len());
    let mut seen = HashSet::with_capacity(rows.len());
    for row in rows {
        let ids = std::iter::once(row.dataverse_id).chain(own_id(row));
        wanted.extend(ids.map(|id| (row.tenant, id)).filter(|key| seen.insert(*key)));
    }
    wanted
}

/// Decides those of the rows, in order, whose records nothing before them alters; each with its place in the page. Of rows
/// that are one record the first is it, and the others are refused.
pub(crate) fn round<'a>(
    page: &'a MirrorPage,
    open: &[usize],
    known_records: &'a KnownRecords,
) -> Vec<(usize, Decided<'a>)> {
    let mut touched: HashSet<Uuid> = HashSet::with_capacity(open.len());
    let mut bearers: HashMap<(TenantId, Uuid), Uuid> = HashMap::new();
    let mut decided = Vec::with_capacity(open.len());
    for at in open {
        let mirrored = &page.rows[*at];
        let id_there = mirrored.dataverse_id;
        let own = own_id(mirrored);
        let meant = known_records.meant(mirrored).map(|known| known.row.held.stored.id);
        let ids: Vec<Uuid> = [Some(id_there), own, meant].into_iter().flatten().collect();
        let key = own.map(|own| (mirrored.tenant, own));
        let next = if ids.iter().any(|id| touched.contains(id)) {
            let is_new =
                !touched.contains(&id_there) && known_records.there(mirrored.tenant, id_there).is_none();
            let bearer = key.and_then(|key| bearers.get(&key)).filter(|_| is_new);
            bearer.map(|bearer| twin(page.kind, mirrored, *bearer))
        } else {
            Some(decide(known_records, page, mirrored))
        };
        match &next {
            Some(next) if !alters(next) => touched.extend([id_there]),
            Some(_) => {
                touched.extend(ids);
                bearers.extend(key.map(|key| (key, id_there)));
            }
            None => touched.extend(ids),
        }
        decided.extend(next.map(|next| (*at, next)));
    }
    decided
}

/// Whether a record is another one afterwards, or stands elsewhere.
fn alters(decided: &Decided<'_>) -> bool {
    decided.adopts
        || !decided.is_idle() && !matches!(decided.outcome, RowOutcome::Again | RowOutcome::Refused)
}

/// A row of a record that a row before it is already.
fn twin<'a>(kind: &'static Kind, mirrored: &'a MirroredRow, bearer: Uuid) -> Decided<'a> {
    let (outcome, reason) = (RowOutcome::Refused, Some(stands_twice(kind, bearer)));
    Decided { kind, mirrored, known: None, outcome, adopts: false, reason }
}

pub(super) fn stands_twice(kind: &Kind, other: Uuid) -> String {
    format!("the same {} stands there twice, also as {other}; delete one of the two", kind.noun)
}

fn own_id(row: &MirroredRow) -> Option<Uuid> {
    match &row.seen {
        RowSighting::Row(record) => Some(row.id_of(record)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use model::record::campaign_run::CAMPAIGN_RUN;

    use super::*;
    use crate::{
        change_cursor::StoredCursor,
        test_records::{NOW, runs},
    };

    fn page(rows: impl Iterator<Item = (u128, usize)>) -> MirrorPage {
        let row = |(id, run)| {
            let seen = RowSighting::Row(Box::new(runs(run, 1).remove(0)));
            MirroredRow::absent(TenantId::FIRST, Uuid::from_u128(id), seen)
        };
        MirrorPage::new(&StoredCursor::default().lent(&CAMPAIGN_RUN), rows.map(row).collect(), NOW)
    }

    #[test]
    fn one_records_rows_share_a_round() {
        let (page, known_records) =
            (page((1..=1_000).map(|id| (id, 7))), KnownRecords::new(&CAMPAIGN_RUN, Vec::new()));
        let decided = round(&page, &page.open(), &known_records);
        assert_eq!(decided.len(), 1_000);
        assert_eq!(decided[0].1.outcome, RowOutcome::Added);
        for (_, twin) in &decided[1..] {
            let (reason, _) = twin.reject().unwrap();
            assert!(reason.contains(&Uuid::from_u128(1).to_string()), "{reason}");
        }
    }

    #[test]
    fn a_page_without_an_end_has_one() {
        let mut page = page((0..20).map(|_| (1, 7)));
        let known_records = KnownRecords::new(&CAMPAIGN_RUN, Vec::new());
        let mut rounds = 0;
        loop {
            let open = page.next_round();
            if open.is_empty() {
                break;
            }
            rounds += 1;
            let answers: Vec<_> = round(&page, &open, &known_records)
                .iter()
                .map(|(at, decided)| (*at, decided.outcome))
                .collect();
            page.answer(answers);
        }
        assert_eq!(rounds, 8);
        let answers = page.answers();
        assert_eq!(answers[7..9], [RowOutcome::Added, RowOutcome::Again], "the rest is for another page");
    }
}
