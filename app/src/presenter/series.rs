//! One tile's value, bucket by bucket, with the running mean over it.

use model::figures::{Sums, Tile};

use super::words::{self, NBSP};

/// What the chart of this tile shows of a stretch, in the tile's smallest unit. `None` is a gap.
pub(super) fn value(tile: Tile, sums: &Sums) -> Option<i64> {
    if sums.runs == 0 {
        return None;
    }
    match tile {
        Tile::Cost => Some(sums.cost_e5),
        Tile::Latency => sums.latency_p95_ms,
        Tile::Success => sums.success_bp(),
        Tile::Assets => sums.assets_per_run_e2(),
        Tile::Tokens => Some(sums.tokens_in + sums.tokens_out),
    }
}

/// Whether the value of a stretch is the sum of its parts' values, or a rate of its own.
fn adds_up(tile: Tile) -> bool {
    matches!(tile, Tile::Cost | Tile::Tokens)
}

/// The value of each stretch of `over` buckets; none where there are fewer to look back on.
pub(super) fn running_mean(tile: Tile, running: &[Sums], over: usize) -> Vec<Option<i64>> {
    running.iter().enumerate().map(|(at, sums)| mean(tile, sums, over).filter(|_| at + 1 >= over)).collect()
}

/// The typical value of one bucket of `over`: the mean of what adds up, the rate of all where it is a rate.
pub(super) fn mean(tile: Tile, sums: &Sums, over: usize) -> Option<i64> {
    let total = value(tile, sums)?;
    let buckets = i64::try_from(over).ok()?;
    Some(if adds_up(tile) { words::rounded(total, buckets.max(1)) } else { total })
}

/// The value with its unit.
pub(super) fn text(tile: Tile, value: i64) -> String {
    match tile {
        Tile::Cost => words::money(value),
        Tile::Latency => words::duration_text(value),
        Tile::Success => format!("{}{NBSP}%", words::percent(value)),
        Tile::Assets => model::decimal::format(words::rounded(value, 10), 1),
        Tile::Tokens => words::compact_text(value),
    }
}

/// "Cost a day".
pub(super) fn title(tile: Tile, unit: &str) -> String {
    let article = if unit == "hour" { "an" } else { "a" };
    match tile {
        Tile::Cost => format!("Cost {article} {unit}"),
        Tile::Latency => format!("P95 latency by the {unit}"),
        Tile::Success => format!("Success rate by the {unit}"),
        Tile::Assets => format!("Assets a run, by the {unit}"),
        Tile::Tokens => format!("Tokens {article} {unit}"),
    }
}

/// What the tile shows of a stretch, with its unit; a dash where it shows nothing.
pub(crate) fn value_text(tile: Tile, sums: &Sums) -> String {
    value(tile, sums).map_or_else(|| "–".to_owned(), |value| text(tile, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(runs: i64, cost_e5: i64, agents: i64, successful: i64) -> Sums {
        Sums { runs, cost_e5, agents, successful, ..Sums::default() }
    }

    #[test]
    fn a_bucket_without_runs_is_a_gap() {
        for tile in Tile::ALL {
            assert_eq!(value(tile, &Sums::default()), None);
        }
    }

    #[test]
    fn sums_are_averaged_and_rates_are_not() {
        let running = [bucket(1, 100, 10, 10), bucket(2, 400, 100, 55)];
        assert_eq!(running_mean(Tile::Cost, &running, 2), [None, Some(200)]);
        assert_eq!(running_mean(Tile::Success, &running, 2), [None, Some(5_500)]);
    }
}
