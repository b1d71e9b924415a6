//! What a recount came to: the figures of each source side by side, and where they differ.

use std::time::Duration;

use app::{pages::RecountVerdict, presenter::count};
use ledger::{DeliveryCounts, RecountedFigures};
use model::{
    calendar::Bucket,
    decimal::{self, MONEY_SCALE, PERCENT_SCALE},
    figures::{Added, Figures, Tile},
    recount::{Recount, agree},
    time::Timestamp,
};

use super::recounted_kind;

/// One recount.
pub struct RecountReport {
    pub at: Timestamp,
    pub recounted: RecountedFigures,
    /// What Dataverse says, or why it says nothing.
    pub remote: Result<RemoteFigures, String>,
    /// Records that are not the same here and there, as is known: they wait, are refused or left out.
    pub apart: i64,
}

/// What Dataverse says.
pub struct RemoteFigures {
    /// What lies beside the whole days comes from the records, and so do the campaigns, which do not add up.
    pub figures: Figures,
    /// The figures that differ within the whole days.
    pub differing: Vec<Tile>,
    /// How many runs more or less there are within these days than here.
    pub runs_apart: i64,
    pub took: Duration,
}

impl RemoteFigures {
    /// `added`: of the window's whole days, without percentiles.
    pub fn of(recount: &Recount, added: &Added, took: Duration) -> Self {
        let told = |tile: &Tile| *tile != Tile::Latency;
        let differs = |tile: &Tile| !agree(*tile, added, &recount.within);
        let differing = Tile::ALL.into_iter().filter(told).filter(differs).collect();
        let mut all = added.clone();
        all.add(&recount.beside);
        let figures = Figures { sums: all.sums(), campaigns: recount.rows.campaigns };
        Self { figures, differing, runs_apart: (added.runs - recount.within.runs).abs(), took }
    }
}

impl RecountReport {
    /// The buckets in which rollups and records differ.
    pub fn buckets(&self, tile: Tile) -> Vec<Bucket> {
        let Recount { window, differing, .. } = &self.recounted.recount;
        let of_tile = differing.iter().find(|(of, _)| *of == tile);
        let places = of_tile.map_or(&[][..], |(_, places)| places);
        places.iter().map(|place| window.buckets[*place]).collect()
    }

    /// Whether Dataverse says something else.
    pub fn is_other_there(&self, tile: Tile) -> bool {
        self.remote.as_ref().is_ok_and(|remote| remote.differing.contains(&tile))
    }

    /// What the sources that answered say of each other. What is known not to be the same in Dataverse yet is no difference.
    pub fn verdict(&self) -> RecountVerdict {
        let is_different = !self.recounted.recount.differing.is_empty();
        match &self.remote {
            _ if is_different => RecountVerdict::Different,
            Err(_) if self.recounted.recount.rollups.is_none() => RecountVerdict::Nothing,
            Ok(remote) if !remote.differing.is_empty() => {
                if remote.runs_apart <= self.apart && self.apart > 0 {
                    RecountVerdict::NotThereYet
                } else {
                    RecountVerdict::Different
                }
            }
            Ok(_) | Err(_) => RecountVerdict::Equal,
        }
    }

    /// Each figure that differs, and where.
    pub fn differences(&self) -> Vec<String> {
        let of_tile = |tile: Tile| {
            let first = self.buckets(tile).first().map(|bucket| format!("from {}", bucket.span.from));
            let there = self.is_other_there(tile).then(|| "in Dataverse".to_owned());
            first.or(there).map(|place| format!("{} differs {place}", tile.key()))
        };
        Tile::ALL.into_iter().filter_map(of_tile).collect()
    }

    /// What there is to know beside the figures.
    pub fn note(&self) -> Option<String> {
        let made = self.recounted.recount.rollups.is_none();
        let mut notes: Vec<String> = made.then(|| "rollups are being made".to_owned()).into_iter().collect();
        match &self.remote {
            Err(reason) => notes.push(reason.clone()),
            Ok(remote) => {
                let days = self.recounted.recount.whole_days;
                notes.extend(days.map(|days| {
                    format!(
                        "Dataverse adds up whole days (UTC), {} to {}, and no percentiles",
                        days.from, days.to
                    )
                }));
                if self.apart > 0 && !remote.differing.is_empty() {
                    let apart = self.apart;
                    notes.push(format!(
                        "{apart} records wait, are refused or left out, and are not the same there"
                    ));
                }
            }
        }
        (!notes.is_empty()).then(|| notes.join("; "))
    }
}

/// A figure for people, to the last digit.
pub fn shown(tile: Tile, figures: &Figures) -> String {
    let sums = &figures.sums;
    let fixed = |value: Option<i64>, scale: u8| {
        value.map_or_else(|| "–".to_owned(), |value| decimal::format(value, scale))
    };
    match tile {
        Tile::Cost => fixed(figures.cost_per_campaign_e5(), MONEY_SCALE),
        Tile::Latency => fixed(sums.latency_p95_ms, 0),
        Tile::Success => fixed(sums.success_bp(), PERCENT_SCALE),
        Tile::Assets => fixed(sums.assets_per_run_e2(), 2),
        Tile::Tokens => format!("{} / {}", count(sums.tokens_in), count(sums.tokens_out)),
    }
}

/// How many of the records are known not to be the same here and there.
pub fn apart(counts: &DeliveryCounts) -> i64 {
    let is_recounted = |table: &str| recounted_kind().is_some_and(|kind| kind.shown_table() == table);
    let of_kind = counts.balance.iter().filter(|balance| is_recounted(balance.table));
    let here: i64 = of_kind.map(|balance| balance.pending + balance.dead + balance.dropped).sum();
    here + counts.reflected.rejected
}

#[cfg(test)]
mod tests {
    use model::{
        calendar::{Compare, Zone, window},
        range::Range,
    };

    use super::*;

    /// A recount of a stretch with 100 runs here; `there`: as many runs in Dataverse, where it answers.
    fn report(rollups: bool, there: Option<i64>, apart: i64) -> RecountReport {
        let now = Timestamp::parse("2026-11-21T13:05:00Z").unwrap();
        let runs = |runs| Added { runs, tokens_in: runs, ..Added::default() };
        let figures = || Figures { sums: runs(100).sums(), campaigns: 1 };
        let recount = Recount {
            window: window(Range::Days30, &Zone::utc(), now, Compare::Nothing),
            rollups: rollups.then(figures),
            rows: figures(),
            differing: Vec::new(),
            whole_days: None,
            within: runs(100),
            beside: Added::default(),
        };
        let remote = there.map(|there| RemoteFigures::of(&recount, &runs(there), Duration::ZERO));
        let recounted = RecountedFigures { recount, rollups_took: Duration::ZERO, rows_took: Duration::ZERO };
        RecountReport { at: now, recounted, remote: remote.ok_or_else(|| "away".to_owned()), apart }
    }

    #[test]
    fn sources_are_held_against_those_that_answer() {
        use RecountVerdict::{Different, Equal, NotThereYet, Nothing};
        let verdict = |rollups, there, apart| report(rollups, there, apart).verdict();
        assert_eq!(verdict(true, Some(100), 0), Equal);
        assert_eq!(verdict(true, None, 3), Equal);
        assert_eq!(verdict(false, None, 0), Nothing);
        assert_eq!(verdict(false, Some(100), 0), Equal);
        assert_eq!(verdict(true, Some(97), 3), NotThereYet);
        assert_eq!(verdict(true, Some(96), 3), Different, "more than what waits is missing there");
        assert_eq!(verdict(true, Some(99), 0), Different);
    }

    #[test]
    fn rollups_that_differ_are_never_explained() {
        let mut report = report(true, Some(97), 3);
        report.recounted.recount.differing = vec![(Tile::Tokens, vec![0])];
        assert_eq!(report.verdict(), RecountVerdict::Different);
    }
}
