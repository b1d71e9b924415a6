//! The machine's own limit beside a measurement: a file that is appended to and flushed (fdatasync), over and over.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    time::Duration,
};

use anyhow::Result;

use super::{Figure, load};
use crate::shell::now;

const TIME: Duration = Duration::from_secs(2);
const BATCH: u64 = 1_000;

/// As many records as the disk of this folder takes, one by one and a thousand at a time.
pub fn figures(folder: &Path) -> Result<[Figure; 2]> {
    let file = folder.join("bare");
    let single = flushes(&file, &load::run(1))?;
    let batch = flushes(&file, &load::batch(1, BATCH, load::run))? * BATCH as f64;
    fs::remove_file(file)?;
    Ok([
        Figure::at_most("bare loop: one record a flush", single, "records/s", None),
        Figure::at_most("bare loop: 1,000 records a flush", batch, "records/s", None),
    ])
}

/// How often a second the machine appends these bytes and flushes them.
fn flushes(file: &Path, bytes: &str) -> Result<f64> {
    let mut file = File::create(file)?;
    let (start, mut times) = (now(), 0_u32);
    while start.elapsed() < TIME {
        file.write_all(bytes.as_bytes())?;
        file.sync_data()?;
        times += 1;
    }
    Ok(f64::from(times) / start.elapsed().as_secs_f64())
}
