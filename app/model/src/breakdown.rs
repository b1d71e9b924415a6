//! What the figures of a stretch are made of: the runs told apart by one of their dimensions, now and before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    figures::{Added, Sums},
    rollup::Grain,
};

/// Along what campaign runs are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Dimension {
    #[default]
    Campaign,
    Phase,
}

impl Dimension {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::Campaign, Self::Phase];

    /// The word for it in addresses and JSON.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::Phase => "phase",
        }
    }

    /// The dimension that has this word.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dimension| dimension.key() == key)
    }
}

/// Whether parts come with their shapes, which take longer to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartShapes {
    Told,
    Untold,
}

/// The runs of one campaign, or of one phase, while they are added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddedPart {
    /// The campaign's id, or the phase.
    pub key: String,
    /// What people call it, where that was told.
    pub name: Option<String>,
    /// Within the stretch that is shown.
    pub now: Added,
    /// Within the stretch it is compared with.
    pub before: Added,
    /// Whole cells of the stretch that is shown, by their number; only those that have a run.
    pub cells: BTreeMap<i64, Added>,
}

/// A stretch by one dimension. The parts add up to the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breakdown {
    /// Along what it is told apart.
    pub dimension: Dimension,
    /// Those that have a run now or had one before: the dearest first, then those with most runs; at most [`MOST_PARTS`], and
    /// one more for all others.
    pub parts: Vec<Part>,
    /// How many the last part stands for; 0 where it is one as the others are.
    pub others: usize,
    /// How many of these have a run now, and how many had one before.
    pub others_running: [i64; 2],
    /// How long the cells of the parts' shapes are, and the numbers of the first one and of the one after the last.
    pub shapes: (Grain, i64, i64),
}

/// The runs of one campaign, or of one phase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The campaign's id, or the phase.
    pub key: String,
    /// What people call it, where that was told.
    pub name: Option<String>,
    /// What they come to.
    pub now: Sums,
    /// What they came to in the stretch that is compared with.
    pub before: Sums,
    /// How many of them took longer than half way between both stretches' P95, now and before.
    pub slow: [i64; 2],
    /// Whole hours or days, by their number, of those that have a run. Of many parts only those with most runs have it.
    pub shape: Vec<(i64, Sums)>,
}

/// Parts that are told one by one.
pub const MOST_PARTS: usize = 100;
/// The key of the part that stands for those that are not.
pub const OTHERS: &str = "others";
/// Parts whose shape is kept.
const SHAPES: usize = 24;

impl Breakdown {
    /// Puts together what a ledger added up.
    #[must_use]
    pub fn of(dimension: Dimension, added: Vec<AddedPart>, shapes: (Grain, i64, i64)) -> Self {
        let total = |stretch: fn(&AddedPart) -> &Added| Added::total(added.iter().map(stretch));
        let p95 = |added: Added| added.latencies.percentile(95);
        let threshold = halfway(p95(total(|part| &part.now)), p95(total(|part| &part.before)));
        let (mut added, others, others_running) = told(added);
        let mut by_runs: Vec<usize> = (0..added.len()).collect();
        by_runs.sort_by_key(|at| std::cmp::Reverse(added[*at].now.runs));
        by_runs.into_iter().skip(SHAPES).for_each(|at| added[at].cells = BTreeMap::new());
        let parts = added.into_iter().map(|part| part.counted(threshold)).collect();
        Self { dimension, parts, others, others_running, shapes }
    }

    /// The parts that are told one by one, and the one that stands for the others.
    #[must_use]
    pub fn told(&self) -> (&[Part], Option<&Part>) {
        match self.parts.split_last() {
            Some((others, told)) if self.others > 0 => (told, Some(others)),
            _ => (&self.parts, None),
        }
    }

    /// What it takes in memory, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let part = |part: &Part| {
            size_of::<Part>()
                + part.key.len()
                + part.name.as_ref().map_or(0, String::len)
                + part.shape.len() * size_of::<(i64, Sums)>()
        };
        size_of::<Self>() + self.parts.iter().map(part).sum::<usize>()
    }
}

/// The parts in their order, how many the last of them stands for, and how many of those have a run, now and before.
fn told(mut added: Vec<AddedPart>) -> (Vec<AddedPart>, usize, [i64; 2]) {
    added.retain(|part| part.now.runs != 0 || part.before.runs != 0);
    added.sort_by(|one, other| rank(one).cmp(&rank(other)));
    if added.len() <= MOST_PARTS {
        return (added, 0, [0; 2]);
    }
    let rest = added.split_off(MOST_PARTS);
    let running = |runs: fn(&AddedPart) -> i64| rest.iter().map(|part| i64::from(runs(part) > 0)).sum();
    let now = Added::total(rest.iter().map(|part| &part.now));
    let before = Added::total(rest.iter().map(|part| &part.before));
    added.push(AddedPart { key: OTHERS.to_owned(), now, before, ..AddedPart::default() });
    (added, rest.len(), [running(|part| part.now.runs), running(|part| part.before.runs)])
}

fn rank(part: &AddedPart) -> impl Ord + '_ {
    use std::cmp::Reverse;
    (Reverse(part.now.cost_e5), Reverse(part.now.runs), Reverse(part.before.cost_e5), &part.key)
}

/// Half way up from the lower one, so that it is above the one and not above the other; none where one is missing.
fn halfway(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    let (low, high) = (one?.min(other?), one?.max(other?));
    Some(low + (high - low + 1) / 2)
}

impl AddedPart {
    fn counted(self, threshold: Option<i64>) -> Part {
        let slow = |added: &Added| threshold.map_or(0, |threshold| added.latencies.count_from(threshold));
        Part {
            slow: [slow(&self.now), slow(&self.before)],
            now: self.now.sums(),
            before: self.before.sums(),
            key: self.key,
            name: self.name,
            shape: self.cells.into_iter().map(|(number, cell)| (number, cell.sums())).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_have_no_run_are_left_out() {
        let part = |key: &str, now, before| AddedPart {
            key: key.to_owned(),
            now: Added { runs: now, cost_e5: 10 * now, ..Added::default() },
            before: Added { runs: before, ..Added::default() },
            ..AddedPart::default()
        };
        let added = vec![part("a", 1, 0), part("b", 0, 0), part("c", 3, 1), part("d", 0, 2)];
        let breakdown = Breakdown::of(Dimension::Campaign, added, (Grain::Day, 0, 0));
        let keys: Vec<&str> = breakdown.parts.iter().map(|part| part.key.as_str()).collect();
        assert_eq!(keys, ["c", "a", "d"]);
        assert_eq!(breakdown.others, 0);
    }

    #[test]
    fn many_parts_end_in_others() {
        let added = |n: i64| AddedPart {
            key: n.to_string(),
            now: Added { runs: 1, cost_e5: n, ..Added::default() },
            ..AddedPart::default()
        };
        let breakdown = Breakdown::of(Dimension::Phase, (0..103).map(added).collect(), (Grain::Day, 0, 0));
        let (told, others) = breakdown.told();
        assert_eq!((told.len(), told[0].key.as_str(), breakdown.others), (MOST_PARTS, "102", 3));
        assert_eq!(breakdown.others_running, [3, 0]);
        assert_eq!(others.map(|part| (part.now.runs, part.now.cost_e5)), Some((3, 3)));
    }

    #[test]
    fn the_threshold_parts_both_percentiles() {
        for (low, high) in [(10, 500), (7, 8), (7, 7)] {
            let between = halfway(Some(high), Some(low)).unwrap();
            assert!(between <= high && (between > low || low == high), "{between}");
        }
        assert_eq!(halfway(None, Some(3)), None);
    }
}
