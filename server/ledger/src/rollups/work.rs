//! How rollups are made anew, a step at a time beside all other writing, and what is told of it.

use model::record::Kind;

use crate::write::Write;

/// How the rollups of a kind are, out of which its figures come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RollupState {
    /// Whose they are.
    pub kind: &'static Kind,
    /// Which generation of them is read. None while figures come from the records themselves, which takes longer.
    pub read: Option<i64>,
    /// How far the generation is that is under way, if any is.
    pub making: Option<RollupProgress>,
    /// They are to be made anew, and that was not begun.
    pub wished: bool,
}

/// How far a generation of rollups is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RollupProgress {
    /// Records that are in it.
    pub folded: i64,
    /// Records that there are, about.
    pub of: i64,
}

impl RollupState {
    /// Whether nothing is to be done about them.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.read.is_some() && self.making.is_none() && !self.wished
    }
}

/// One step of it, by the one writer of a folder.
pub(crate) enum RollupWork {
    /// Begins a new generation of each of these kinds, which have as many records.
    Begin(Vec<(&'static Kind, i64)>),
    /// Adds up as many more records of the first kind that has a generation under way.
    Fold(i64),
    /// Lets as many cells go that are neither read nor under way.
    Sweep(i64),
}

impl Write for RollupWork {
    type Answer = RollupTurn;
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RollupTurn {
    /// There was nothing to do.
    Idle,
    Begun,
    /// More records of this kind are in it.
    Folded(&'static Kind, RollupProgress),
    /// All of them are, and it is read from now on.
    Made(&'static Kind, RollupProgress),
    Swept,
}

/// After how many records the log hears of it.
const TOLD: i64 = 50_000;

impl RollupTurn {
    /// Says it to the log, where it is time for that. `most`: how many records a step adds up.
    pub(crate) fn tell(self, most: i64) {
        match self {
            Self::Folded(kind, progress) if progress.folded / TOLD > (progress.folded - most) / TOLD => {
                tracing::info!(
                    record.kind = kind.name,
                    records.folded = progress.folded,
                    records.of = progress.of,
                    "rollups are being made"
                );
            }
            Self::Made(kind, progress) => tracing::info!(
                record.kind = kind.name,
                records.folded = progress.folded,
                "rollups are made, and figures come from them"
            ),
            _ => {}
        }
    }
}
