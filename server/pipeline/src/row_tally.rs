//! What became of rows of Dataverse that were held against the ledger, counted.

use ledger::{MirroredRow, RowOutcome, RowSighting};

/// What became of rows, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RowTally {
    pub(crate) rows: u64,
    pub(crate) confirmed: u64,
    pub(crate) added: u64,
    pub(crate) changed: u64,
    pub(crate) withdrawn: u64,
    pub(crate) kept_out: u64,
    pub(crate) resent: u64,
    pub(crate) refused: u64,
}

impl RowTally {
    pub(crate) fn of(told: &[MirroredRow], became: &[RowOutcome]) -> Self {
        let was_absent = |row: &MirroredRow| matches!(row.seen, RowSighting::Lost | RowSighting::Unseen);
        let resent = told
            .iter()
            .zip(became)
            .filter(|(row, became)| **became == RowOutcome::Requeued && was_absent(row));
        let count = |what| became.iter().filter(|became| **became == what).count() as u64;
        Self {
            rows: became.len() as u64,
            confirmed: count(RowOutcome::Confirmed),
            added: count(RowOutcome::Added),
            changed: count(RowOutcome::Changed),
            withdrawn: count(RowOutcome::Withdrawn),
            kept_out: count(RowOutcome::KeptOut),
            resent: resent.count() as u64,
            refused: count(RowOutcome::Refused),
        }
    }
}
