//! Backups in a folder: named by the time at which they were taken, and the oldest removed.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use model::time::Timestamp;

const BEGINNING: &str = "studio-";
const END: &str = ".sqlite";

/// Where the backup of this moment goes.
pub(super) fn file(folder: &Path, now: Timestamp) -> PathBuf {
    folder.join(format!("{BEGINNING}{}{END}", now.to_string().replace(':', "-")))
}

/// Removes all but the newest `keep`, of which `new` is one whatever the clock said when it or others were taken. Says which
/// those were. Files of other names are not ours.
pub(super) fn prune(folder: &Path, new: &Path, keep: usize) -> io::Result<Vec<PathBuf>> {
    let mut others = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if let Some(taken_at) = time_of(&path).filter(|_| path != new) {
            others.push((taken_at, path));
        }
    }
    others.sort();
    others.truncate((others.len() + 1).saturating_sub(keep));
    others.iter().try_for_each(|(_, path)| fs::remove_file(path))?;
    Ok(others.into_iter().map(|(_, path)| path).collect())
}

/// When the backup of this name was taken.
fn time_of(path: &Path) -> Option<Timestamp> {
    let time = path.file_name()?.to_str()?.strip_prefix(BEGINNING)?.strip_suffix(END)?;
    let (day, clock) = time.split_once('T')?;
    Timestamp::parse(&format!("{day}T{}", clock.replace('-', ":")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_backups_stay() {
        let folder = tempfile::tempdir().unwrap();
        let at = |text: &str| file(folder.path(), Timestamp::parse(text).unwrap());
        let [first, second, third] =
            ["2026-11-28T02:00:00Z", "2026-11-29T02:00:00.5Z", "2026-11-30T02:00:00Z"].map(at);
        let others =
            ["ledger.sqlite", "studio-holiday.sqlite", "studio-2026-11-27T02-00-00Z.sqlite.unfinished"];
        let others = others.map(|name| folder.path().join(name));
        for path in [&third, &first, &second].into_iter().chain(&others) {
            fs::write(path, "").unwrap();
        }
        assert_eq!(prune(folder.path(), &third, 3).unwrap(), Vec::<PathBuf>::new());
        assert_eq!(prune(folder.path(), &third, 1).unwrap(), [first, second]);
        assert!(third.exists() && others.iter().all(|path| path.exists()));
    }

    #[test]
    fn a_clock_set_back_keeps_the_new_backup() {
        let folder = tempfile::tempdir().unwrap();
        let at = |text: &str| file(folder.path(), Timestamp::parse(text).unwrap());
        let [ahead, new] = ["2027-01-01T00:00:00Z", "2026-11-30T02:00:00Z"].map(at);
        [&ahead, &new].iter().for_each(|path| fs::write(path, "").unwrap());
        assert_eq!(prune(folder.path(), &new, 1).unwrap(), [ahead]);
        assert!(new.exists());
    }
}
