//! The five figures: sums that can be added up, and what they come to.

use crate::{
    decimal::{self, PERCENT_SCALE},
    sketch::{Sketch, SketchSum},
};

/// The five tiles, by the names that other programs hold on to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Tile {
    Cost,
    Latency,
    Success,
    Assets,
    Tokens,
}

impl Tile {
    /// All of them, in the order of the tiles.
    pub const ALL: [Self; 5] = [Self::Cost, Self::Latency, Self::Success, Self::Assets, Self::Tokens];

    /// The word for it in addresses and JSON.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Cost => "cost",
            Self::Latency => "latency",
            Self::Success => "success",
            Self::Assets => "assets",
            Self::Tokens => "tokens",
        }
    }

    /// The tile that has this word.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tile| tile.key() == key)
    }
}

/// What a stretch of time came to. Money is in hundred-thousandths of a dollar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Runs that were added.
    pub runs: i64,
    /// Agents of all runs.
    pub agents: i64,
    /// Agents that succeeded.
    pub successful: i64,
    /// Assets of all runs.
    pub assets: i64,
    /// Tokens that went in.
    pub tokens_in: i64,
    /// Tokens that came out.
    pub tokens_out: i64,
    /// Cost in hundred-thousandths of the currency unit.
    pub cost_e5: i64,
    /// Runs that have a P95 latency.
    pub latency_runs: i64,
    /// 95th percentile of these by nearest rank, within half a percent; it does not add up.
    pub latency_p95_ms: Option<i64>,
    /// The 50th percentile of these.
    pub latency_p50_ms: Option<i64>,
    /// The 99th percentile of these.
    pub latency_p99_ms: Option<i64>,
    /// Average latencies added up, for the runs that have one.
    pub latency_avg_sum: i64,
    /// Runs that have an average latency.
    pub latency_avg_runs: i64,
}

/// A stretch of time while it is added up. It is turned into [`Sums`] to be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Runs within the stretch.
    pub runs: i64,
    /// Agents of all runs.
    pub agents: i64,
    /// Agents that succeeded.
    pub successful: i64,
    /// Assets of all runs.
    pub assets: i64,
    /// Tokens that went in.
    pub tokens_in: i64,
    /// Tokens that came out.
    pub tokens_out: i64,
    /// Cost in hundred-thousandths of the currency unit.
    pub cost_e5: i64,
    /// The P95 latencies of the runs that have one.
    pub latencies: Sketch,
    /// Average latencies added up, for the runs that have one.
    pub latency_avg_sum: i64,
    /// Runs that have an average latency.
    pub latency_avg_runs: i64,
}

impl Added {
    /// Adds what another stretch has.
    pub fn add(&mut self, other: &Self) {
        self.add_plain(other);
        self.latencies.merge(&other.latencies);
    }

    fn add_plain(&mut self, other: &Self) {
        self.runs += other.runs;
        self.agents += other.agents;
        self.successful += other.successful;
        self.assets += other.assets;
        self.tokens_in += other.tokens_in;
        self.tokens_out += other.tokens_out;
        self.cost_e5 += other.cost_e5;
        self.latency_avg_sum += other.latency_avg_sum;
        self.latency_avg_runs += other.latency_avg_runs;
    }

    /// Takes away what another stretch has.
    pub fn subtract(&mut self, other: &Self) {
        self.runs -= other.runs;
        self.agents -= other.agents;
        self.successful -= other.successful;
        self.assets -= other.assets;
        self.tokens_in -= other.tokens_in;
        self.tokens_out -= other.tokens_out;
        self.cost_e5 -= other.cost_e5;
        self.latencies.subtract(&other.latencies);
        self.latency_avg_sum -= other.latency_avg_sum;
        self.latency_avg_runs -= other.latency_avg_runs;
    }

    /// The sums of several stretches.
    #[must_use]
    pub fn total<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        parts.into_iter().fold(Self::default(), |mut sum, part| {
            sum.add(part);
            sum
        })
    }

    /// The figures, without what they were made of.
    #[must_use]
    pub fn sums(&self) -> Sums {
        Sums {
            runs: self.runs,
            agents: self.agents,
            successful: self.successful,
            assets: self.assets,
            tokens_in: self.tokens_in,
            tokens_out: self.tokens_out,
            cost_e5: self.cost_e5,
            latency_runs: self.latencies.count(),
            latency_p95_ms: self.latencies.percentile(95),
            latency_p50_ms: self.latencies.percentile(50),
            latency_p99_ms: self.latencies.percentile(99),
            latency_avg_sum: self.latency_avg_sum,
            latency_avg_runs: self.latency_avg_runs,
        }
    }
}

/// Many stretches while they are added up.
#[derive(Clone, Debug, Default)]
pub struct AddedSum {
    /// Without their latencies.
    plain: Added,
    latencies: SketchSum,
}

impl AddedSum {
    /// Adds what a stretch has.
    pub fn add(&mut self, added: &Added) {
        self.plain.add_plain(added);
        self.latencies.add(&added.latencies);
    }

    /// What they came to; it begins anew.
    pub fn take(&mut self) -> Added {
        let total = self.total();
        self.plain = Added::default();
        self.latencies.clear();
        total
    }

    /// What they come to.
    #[must_use]
    pub fn total(&self) -> Added {
        Added { latencies: self.latencies.sketch(), ..self.plain.clone() }
    }
}

impl Sums {
    /// Both together; percentiles do not add up, and there is none.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            runs: self.runs + other.runs,
            agents: self.agents + other.agents,
            successful: self.successful + other.successful,
            assets: self.assets + other.assets,
            tokens_in: self.tokens_in + other.tokens_in,
            tokens_out: self.tokens_out + other.tokens_out,
            cost_e5: self.cost_e5 + other.cost_e5,
            latency_runs: self.latency_runs + other.latency_runs,
            latency_p95_ms: None,
            latency_p50_ms: None,
            latency_p99_ms: None,
            latency_avg_sum: self.latency_avg_sum + other.latency_avg_sum,
            latency_avg_runs: self.latency_avg_runs + other.latency_avg_runs,
        }
    }

    /// Percent of agents that succeeded, in hundredths; none without agents.
    #[must_use]
    pub fn success_bp(&self) -> Option<i64> {
        decimal::divide(i128::from(self.successful) * 100, i128::from(self.agents), PERCENT_SCALE)
    }

    /// Plain mean of the runs' averages, in whole milliseconds.
    #[must_use]
    pub fn latency_avg_ms(&self) -> Option<i64> {
        decimal::divide(i128::from(self.latency_avg_sum), i128::from(self.latency_avg_runs), 0)
    }

    /// Assets a run, in hundredths.
    #[must_use]
    pub fn assets_per_run_e2(&self) -> Option<i64> {
        decimal::divide(i128::from(self.assets), i128::from(self.runs), 2)
    }
}

/// Sums over a whole range, with the distinct campaigns in it, which do not add up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// What adds up from buckets.
    pub sums: Sums,
    /// Distinct campaigns, which do not add up.
    pub campaigns: i64,
}

impl Figures {
    /// Cost a campaign, in hundred-thousandths of a dollar; none without campaigns.
    #[must_use]
    pub fn cost_per_campaign_e5(&self) -> Option<i64> {
        decimal::divide(i128::from(self.sums.cost_e5), i128::from(self.campaigns), 0)
    }

    /// What the tile shows large, in its smallest unit; of the tokens, both together.
    #[must_use]
    pub fn value(&self, tile: Tile) -> Option<i64> {
        let sums = &self.sums;
        match tile {
            Tile::Cost => self.cost_per_campaign_e5(),
            Tile::Latency => sums.latency_p95_ms,
            Tile::Success => sums.success_bp(),
            Tile::Assets => sums.assets_per_run_e2(),
            Tile::Tokens => (sums.runs > 0).then_some(sums.tokens_in + sums.tokens_out),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn latencies(values: impl IntoIterator<Item = u32>) -> Sketch {
        let mut sketch = Sketch::default();
        values.into_iter().for_each(|value| sketch.add(value, 1));
        sketch
    }

    #[test]
    fn nothing_to_divide_by_gives_no_figure() {
        let none = Figures::default();
        assert_eq!(none.cost_per_campaign_e5(), None);
        assert_eq!(none.sums.success_bp(), None);
        assert_eq!(Added::default().sums().latency_p95_ms, None);
        assert_eq!(none.sums.latency_avg_ms(), None);
        assert_eq!(none.sums.assets_per_run_e2(), None);
    }

    proptest! {
        #[test]
        fn sums_do_not_depend_on_cuts(
            runs in prop::collection::vec((0_i64..10, 0_u32..90_000), 0..60), cut in 0_usize..60,
        ) {
            let parts: Vec<Added> = runs.iter().map(|(agents, latency)| Added {
                runs: 1, agents: *agents, latencies: latencies([*latency]), ..Added::default()
            }).collect();
            let (left, right) = parts.split_at(cut.min(parts.len()));
            let halves = [Added::total(left), Added::total(right)];
            prop_assert_eq!(Added::total(&halves), Added::total(&parts));
            let mut rest = Added::total(&parts);
            rest.subtract(&halves[0]);
            prop_assert_eq!(&rest, &halves[1]);
        }
    }
}
