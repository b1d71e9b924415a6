//! Why a figure moved: its change against the stretch before, as parts that add up to it exactly.

use crate::{
    breakdown::{Breakdown, Part},
    figures::{Figures, Sums, Tile},
};

/// With fewer runs than this, in either stretch, nothing is claimed.
pub const MINIMUM_RUNS: i64 = 20;

/// A change and what it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// By how much the figure is more than it was, in its smallest unit.
    pub change: i64,
    /// The largest first, whichever its sign. They add up to the change.
    pub parts: Vec<ChangePart>,
}

/// What one campaign, or one phase, has done to a figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangePart {
    /// Where it stands among the parts of the breakdown.
    pub at: usize,
    /// In the figure's smallest unit.
    pub part: i64,
    /// Of a rate: what comes of its own rate, and what of its weight among the others. They add up to the part.
    pub rate_and_mix: Option<[i64; 2]>,
}

/// Why there is nothing to be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unexplained {
    /// Nothing is compared with, or one of both stretches does not have the figure.
    NoChange,
    /// One of both has fewer runs than [`MINIMUM_RUNS`].
    TooFew,
}

/// What the change of a figure is made of.
///
/// # Errors
/// When there is too little to go by.
pub fn why(tile: Tile, breakdown: &Breakdown, now: &Figures, before: &Figures) -> Result<Why, Unexplained> {
    let change = now.value(tile).zip(before.value(tile)).map(|(now, before)| now - before);
    let change = change.ok_or(Unexplained::NoChange)?;
    if now.sums.runs < MINIMUM_RUNS || before.sums.runs < MINIMUM_RUNS {
        return Err(Unexplained::TooFew);
    }
    let parts = &breakdown.parts;
    let (now_sums, before_sums) = (&now.sums, &before.sums);
    let mut of_parts = match tile {
        Tile::Cost => {
            let (now, before) = (i128::from(now.campaigns), i128::from(before.campaigns));
            let over =
                |part: &Part| i128::from(part.now.cost_e5) * before - i128::from(part.before.cost_e5) * now;
            plain(&shared_out(&parts.iter().map(over).collect::<Vec<_>>(), now * before, change))
        }
        Tile::Tokens => {
            let tokens = |sums: &Sums| i128::from(sums.tokens_in) + i128::from(sums.tokens_out);
            let over = parts.iter().map(|part| tokens(&part.now) - tokens(&part.before));
            plain(&shared_out(&over.collect::<Vec<_>>(), 1, change))
        }
        Tile::Latency => plain(&slowed(parts, now_sums, before_sums, change)),
        Tile::Success => {
            let rate = |sums: &Sums| Rate { of: sums.successful.into(), over: sums.agents.into() };
            rates(parts, rate, (now_sums, before_sums), 10_000, change)
        }
        Tile::Assets => {
            let rate = |sums: &Sums| Rate { of: sums.assets.into(), over: sums.runs.into() };
            rates(parts, rate, (now_sums, before_sums), 100, change)
        }
    };
    of_parts.retain(|of| of.part != 0 || of.rate_and_mix.is_some_and(|both| both != [0, 0]));
    // What stands for many is no part that leads.
    let merged = parts.len().checked_sub(1).filter(|_| breakdown.others > 0);
    of_parts.sort_by_key(|of| (Some(of.at) == merged, std::cmp::Reverse(of.part.abs()), of.at));
    Ok(Why { change, parts: of_parts })
}

fn plain(parts: &[i64]) -> Vec<ChangePart> {
    let of = |(at, part): (usize, &i64)| ChangePart { at, part: *part, rate_and_mix: None };
    parts.iter().enumerate().map(of).collect()
}

/// By how many more of all runs take longer than half way between both percentiles: that share is more than one in twenty in the
/// one stretch and not in the other, so that it moved the way the percentile did.
fn slowed(parts: &[Part], now: &Sums, before: &Sums, change: i64) -> Vec<i64> {
    let (runs_now, runs_before) = (i128::from(now.latency_runs), i128::from(before.latency_runs));
    let more: Vec<i128> = parts
        .iter()
        .map(|part| i128::from(part.slow[0]) * runs_before - i128::from(part.slow[1]) * runs_now)
        .collect();
    let all: i128 = more.iter().sum();
    if all == 0 {
        return vec![0; parts.len()];
    }
    let sign = all.signum();
    let scaled: Vec<i128> = more.iter().map(|more| sign * more * i128::from(change)).collect();
    shared_out(&scaled, all.abs(), change)
}

struct Rate {
    of: i128,
    over: i128,
}

/// What a whole number of weights and rates is multiplied by while they are computed with.
const FINE: i128 = 1_000_000_000;

impl Rate {
    fn fine(&self, unit: i128) -> Option<i128> {
        (self.over > 0).then(|| self.of * unit * FINE / self.over)
    }
}

/// A part's own rate moved, at the mean of its two weights; and its weight moved, at how far the mean of its two rates is from
/// that of all. What is new, or gone, has no other rate to have moved from.
fn rates(
    parts: &[Part],
    rate: impl Fn(&Sums) -> Rate,
    (now, before): (&Sums, &Sums),
    unit: i128,
    change: i64,
) -> Vec<ChangePart> {
    let (all_now, all_before) = (rate(now), rate(before));
    let middle = all_now.fine(unit).unwrap_or(0) + all_before.fine(unit).unwrap_or(0);
    let mut effects = Vec::with_capacity(2 * parts.len());
    for part in parts {
        let (now, before) = (rate(&part.now), rate(&part.before));
        let weight = |rate: &Rate, all: &Rate| if all.over > 0 { rate.over * FINE / all.over } else { 0 };
        let (weight_now, weight_before) = (weight(&now, &all_now), weight(&before, &all_before));
        let rate_now = now.fine(unit).or_else(|| before.fine(unit)).unwrap_or(0);
        let rate_before = before.fine(unit).unwrap_or(rate_now);
        effects.push((rate_now - rate_before) * (weight_now + weight_before));
        effects.push((weight_now - weight_before) * (rate_now + rate_before - middle));
    }
    let shares = shared_out(&effects, 2 * FINE * FINE, change);
    let both = shares.chunks_exact(2).enumerate();
    both.map(|(at, both)| ChangePart { at, part: both[0] + both[1], rate_and_mix: Some([both[0], both[1]]) })
        .collect()
}

/// Whole numbers near `numerators / denominator` that add up to `total`: what rounding left over goes to those that it took most
/// of.
fn shared_out(numerators: &[i128], denominator: i128, total: i64) -> Vec<i64> {
    if denominator <= 0 {
        return vec![0; numerators.len()];
    }
    let floor = |numerator: &i128| i64::try_from(numerator.div_euclid(denominator)).unwrap_or(0);
    let mut shares: Vec<i64> = numerators.iter().map(floor).collect();
    let mut by_rest: Vec<usize> = (0..numerators.len()).collect();
    by_rest.sort_by_key(|at| (std::cmp::Reverse(numerators[*at].rem_euclid(denominator)), *at));
    let mut left = total - shares.iter().sum::<i64>();
    while left != 0 && !by_rest.is_empty() {
        let step = left.signum();
        for at in by_rest.iter().take(usize::try_from(left.abs()).unwrap_or(usize::MAX)) {
            shares[*at] += step;
            left -= step;
        }
        by_rest.reverse();
    }
    shares
}

/// The same numbers in a coarser unit, rounded so that they add up to `total` in it.
#[must_use]
pub fn coarser(parts: &[i64], unit: i64, total: i64) -> Vec<i64> {
    shared_out(&parts.iter().map(|part| i128::from(*part)).collect::<Vec<_>>(), i128::from(unit), total)
}

/// The share of each in their sum, in whole parts of `whole`, which add up to it; none where there is no sum.
#[must_use]
pub fn shares_of(values: &[i64], whole: i64) -> Option<Vec<i64>> {
    let all: i128 = values.iter().map(|value| i128::from(*value)).sum();
    let scaled: Vec<i128> = values.iter().map(|value| i128::from(*value) * i128::from(whole)).collect();
    (all > 0).then(|| shared_out(&scaled, all, whole))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        breakdown::{AddedPart, Dimension},
        figures::Added,
        rollup::Grain,
    };

    fn added(runs: i64, each: i64, latencies: &[u32]) -> Added {
        Added {
            runs,
            agents: 5 * runs,
            successful: (5 * runs - each % 7).max(0),
            assets: each % 1_000 * runs,
            tokens_in: each * runs,
            tokens_out: each,
            cost_e5: each * runs,
            latencies: if runs > 0 {
                latencies.iter().copied().collect()
            } else {
                Added::default().latencies
            },
            ..Added::default()
        }
    }

    /// As a ledger would put them together.
    fn both(parts: Vec<AddedPart>) -> (Breakdown, Figures, Figures) {
        let figures = |of: fn(&AddedPart) -> &Added| Figures {
            sums: Added::total(parts.iter().map(of)).sums(),
            campaigns: parts.iter().filter(|part| of(part).runs > 0).count() as i64,
        };
        let (now, before) = (figures(|part| &part.now), figures(|part| &part.before));
        (Breakdown::of(Dimension::Campaign, parts, (Grain::Day, 0, 0)), now, before)
    }

    fn part(key: &str, now: Added, before: Added) -> AddedPart {
        AddedPart { key: key.to_owned(), now, before, ..AddedPart::default() }
    }

    #[test]
    fn a_rate_that_moved_by_mix_says_so() {
        let of = |agents, successful| Added { runs: 30, agents, successful, ..Added::default() };
        // Both keep their rates; the worse one does more of the work.
        let (breakdown, now, before) =
            both(vec![part("good", of(100, 100), of(300, 300)), part("bad", of(300, 150), of(100, 50))]);
        let why = why(Tile::Success, &breakdown, &now, &before).unwrap();
        assert_eq!((why.change, why.parts.len()), (6_250 - 8_750, 2));
        assert!(why.parts.iter().all(|part| part.rate_and_mix.unwrap()[0] == 0), "{why:?}");
        assert_eq!(why.parts.iter().map(|part| part.part).collect::<Vec<_>>(), [-1_250, -1_250]);
    }

    #[test]
    fn a_new_campaign_is_all_of_the_rise() {
        let (breakdown, now, before) = both(vec![
            part("old", added(30, 100, &[50; 30]), added(30, 100, &[50; 30])),
            part("new", added(30, 900, &[900; 30]), Added::default()),
        ]);
        let of = |tile| {
            let why = why(tile, &breakdown, &now, &before).unwrap();
            (breakdown.parts[why.parts[0].at].key.clone(), why.change, why.parts[0].part)
        };
        let (key, change, part) = of(Tile::Latency);
        assert_eq!((key.as_str(), change), ("new", part));
        // A campaign costs more, since the new one does; the old one weighs half as much in it.
        assert_eq!(of(Tile::Cost), ("new".to_owned(), 12_000, 13_500));
    }

    #[test]
    fn few_runs_explain_nothing() {
        let (breakdown, now, before) = both(vec![part("a", added(19, 5, &[1]), added(90, 5, &[1]))]);
        assert_eq!(why(Tile::Cost, &breakdown, &now, &before), Err(Unexplained::TooFew));
        assert_eq!(why(Tile::Cost, &breakdown, &now, &Figures::default()), Err(Unexplained::NoChange));
    }

    proptest! {
        #[test]
        fn parts_add_up_to_the_change(
            parts in prop::collection::vec(
                (0_i64..60, 0_i64..90_000, 0_i64..60, 0_i64..90_000, prop::collection::vec(0_u32..90_000, 1..6)), 1..30,
            ),
        ) {
            let parts: Vec<AddedPart> = parts
                .iter()
                .enumerate()
                .map(|(at, (now, each, before, each_before, latencies))| {
                    let slower: Vec<u32> = latencies.iter().map(|ms| ms / 3 * 2).collect();
                    part(&format!("c{at}"), added(*now, *each, latencies), added(*before, *each_before, &slower))
                })
                .collect();
            let (breakdown, now, before) = both(parts);
            for tile in Tile::ALL {
                let Ok(why) = why(tile, &breakdown, &now, &before) else { continue };
                let sum: i64 = why.parts.iter().map(|part| part.part).sum();
                prop_assert_eq!(sum, why.change, "{:?}", tile);
                for part in &why.parts {
                    let both = part.rate_and_mix.map_or(part.part, |[rate, mix]| rate + mix);
                    prop_assert_eq!(both, part.part);
                }
            }
        }

        #[test]
        fn shares_make_the_whole(values in prop::collection::vec(0_i64..1_000_000_000_000, 0..120)) {
            if let Some(shares) = shares_of(&values, 10_000) {
                prop_assert_eq!(shares.iter().sum::<i64>(), 10_000);
                prop_assert!(shares.iter().all(|share| (0..=10_000).contains(share)));
            }
        }
    }
}
