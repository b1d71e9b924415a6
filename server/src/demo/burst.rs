//! Ten runs on demand, so that a person giving a demo need not wait for the story to go on.

use std::path::Path;

use model::{
    record::Record,
    time::{HOUR, Timestamp},
};

use super::{
    progress::DemoProgress,
    story::{Story, date_of},
    writer::{DemoError, parsed},
};

const RUNS: usize = 10;
/// The story is never silent for longer.
const BACK: i64 = 72 * HOUR;

/// What the story told last, told once more as new runs of this moment. `number` tells one burst from another.
///
/// # Errors
/// When the folder's story cannot be read.
pub fn burst(seed: u64, folder: &Path, now: Timestamp, number: u64) -> Result<Vec<Record>, DemoError> {
    let first_day = DemoProgress::read(folder)?.map_or_else(|| date_of(now), |progress| progress.first_day);
    let told: Vec<_> = Story::new(seed, first_day).reports(now.plus(-BACK), now).collect();
    let last = told.into_iter().rev().take(RUNS).enumerate();
    last.map(|(at, report)| parsed(&report.told_anew(format!("extra-{number:016x}-{at}"), now), now))
        .collect()
}
