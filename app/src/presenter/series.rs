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

/// The typical value of one bucket of the last `over`, at each of `buckets`: the mean of what adds up, the rate of all where it
/// is a rate. `running` is the sum of those. None where most of them have no run, or the first of them comes before any run.
pub(super) fn running_mean(tile: Tile, running: &[Sums], buckets: &[Sums], over: usize) -> Vec<Option<i64>> {
    let begins = buckets.iter().position(|sums| sums.runs > 0).unwrap_or(buckets.len());
    let mean = |(at, sums): (usize, &Sums)| {
        let from = (at + 1).checked_sub(over).filter(|from| *from >= begins)?;
        let filled = buckets.get(from..=at)?.iter().filter(|sums| sums.runs > 0).count();
        let total = value(tile, sums).filter(|_| 2 * filled >= over)?;
        Some(if adds_up(tile) { words::rounded(total, i64::try_from(over).ok()?.max(1)) } else { total })
    };
    running.iter().enumerate().map(mean).collect()
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
        let buckets = [bucket(1, 100, 10, 10), bucket(1, 300, 90, 45)];
        let running = [bucket(1, 100, 10, 10), bucket(2, 400, 100, 55)];
        assert_eq!(running_mean(Tile::Cost, &running, &buckets, 2), [None, Some(200)]);
        assert_eq!(running_mean(Tile::Success, &running, &buckets, 2), [None, Some(5_500)]);
    }

    #[test]
    fn means_need_runs_on_half_of_their_days() {
        let run = |there: bool| bucket(i64::from(there), 100 * i64::from(there), 4, 4);
        let means = |days: [bool; 8]| {
            let buckets = days.map(run);
            let running: Vec<Sums> = (0..days.len())
                .map(|at| {
                    let runs = days[at.saturating_sub(3)..=at].iter().filter(|there| **there).count() as i64;
                    bucket(runs, 100 * runs, 4 * runs, 4 * runs)
                })
                .collect();
            running_mean(Tile::Cost, &running, &buckets, 4)
        };
        let (yes, no) = (true, false);
        let told = means([no, yes, yes, no, yes, yes, no, no]);
        assert_eq!(told, [None, None, None, None, Some(75), Some(75), Some(50), Some(50)]);
        assert_eq!(means([yes, no, no, no, no, no, no, yes]), [None; 8]);
    }
}
