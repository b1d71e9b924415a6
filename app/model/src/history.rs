//! What is asked about the past, and the answer, before anybody makes words of it.

use crate::{
    breakdown::Dimension,
    calendar::Window,
    figures::{Added, Figures, Sums},
};

/// Which runs count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RunFilter {
    /// The campaign's id; every campaign where there is none.
    pub campaign: Option<String>,
    /// The phase; every phase where there is none.
    pub phase: Option<String>,
}

impl RunFilter {
    /// The one campaign, or phase, that counts.
    #[must_use]
    pub const fn along(&self, dimension: Dimension) -> Option<&String> {
        match dimension {
            Dimension::Campaign => self.campaign.as_ref(),
            Dimension::Phase => self.phase.as_ref(),
        }
    }

    /// Whether runs are told apart by something else than this dimension.
    #[must_use]
    pub fn is_beyond(&self, dimension: Dimension) -> bool {
        Dimension::ALL.into_iter().any(|other| other != dimension && self.along(other).is_some())
    }
}

/// One answer: a figure for each bucket and for the whole, of the window and of the stretch before it. It is as large as
/// its window has buckets, whatever the number of runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The stretch that is shown, and the one before it.
    pub window: Window,
    /// Sums of each bucket.
    pub buckets: Vec<Sums>,
    /// Each bucket together with those before it, as many as a running mean takes.
    pub running: Vec<Sums>,
    /// The figures of the whole stretch.
    pub figures: Figures,
    /// Sums of each bucket of the stretch before.
    pub previous_buckets: Vec<Sums>,
    /// `running` of those.
    pub previous_running: Vec<Sums>,
    /// The figures of the stretch before.
    pub previous: Figures,
}

impl History {
    /// `added` stands in the order of the window's buckets, and then of those of the stretch before; distinct campaigns do
    /// not add up, so that they come counted.
    #[must_use]
    pub fn of(window: Window, mut added: Vec<Added>, campaigns: i64, previous_campaigns: i64) -> Self {
        let before = added.split_off(window.buckets.len().min(added.len()));
        let over = window.size.mean_over();
        Self {
            window,
            running: running(&added, over),
            figures: Figures { sums: Added::total(&added).sums(), campaigns },
            buckets: added.iter().map(Added::sums).collect(),
            previous_running: running(&before, over),
            previous: Figures { sums: Added::total(&before).sums(), campaigns: previous_campaigns },
            previous_buckets: before.iter().map(Added::sums).collect(),
        }
    }
}

fn running(added: &[Added], over: usize) -> Vec<Sums> {
    let mut sum = Added::default();
    let mean = |(end, bucket): (usize, &Added)| {
        sum.add(bucket);
        if let Some(left) = end.checked_sub(over) {
            sum.subtract(&added[left]);
        }
        sum.sums()
    };
    added.iter().enumerate().map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        calendar::{Compare, Zone, window},
        range::Range,
        sketch::Sketch,
        time::Timestamp,
    };

    #[test]
    fn percentiles_are_taken_over_runs() {
        let at = Timestamp::parse("2026-11-21T13:00:00Z").unwrap();
        let window = window(Range::Days30, &Zone::utc(), at, Compare::Previous);
        let day = |ms: &[u32]| {
            let mut latencies = Sketch::default();
            ms.iter().for_each(|ms| latencies.add(*ms, 1));
            Added { runs: 1, latencies, ..Added::default() }
        };
        let mut added = vec![day(&[]); window.buckets.len() + window.previous_buckets.len()];
        added[3] = day(&[10; 99]);
        added[4] = day(&[500]);
        let history = History::of(window, added, 1, 0);
        let p95 = |sums: &[Sums]| sums[3..12].iter().map(|sums| sums.latency_p95_ms).collect::<Vec<_>>();
        assert_eq!(p95(&history.buckets)[..3], [Some(10), Some(500), None]);
        let ten = Some(10);
        assert_eq!(p95(&history.running), [ten, ten, ten, ten, ten, ten, ten, Some(500), None]);
        assert_eq!((history.figures.sums.latency_runs, history.figures.sums.latency_p95_ms), (100, ten));
        assert_eq!(history.running[6].runs, 7);
    }
}
