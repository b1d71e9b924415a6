//! Backups in a folder: named by the time at which they were taken, and the oldest removed.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use model::time::{DAY, Timestamp};

const BEGINNING: &str = "studio-";
const END: &str = ".sqlite";
/// After the name of the finished one.
const UNFINISHED: &str = ".unfinished";

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

/// Removes what backups left here that were killed. One of the last day may be under way. Says which those were.
pub(super) fn remove_leftovers(folder: &Path, now: Timestamp) -> io::Result<Vec<PathBuf>> {
    let mut left = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if begun_at(&path).is_some_and(|begun_at| begun_at.plus(DAY) < now) {
            fs::remove_file(&path)?;
            left.push(path);
        }
    }
    left.sort();
    Ok(left)
}

/// When a copy of this name was begun that is not finished, or what SQLite keeps beside one.
fn begun_at(path: &Path) -> Option<Timestamp> {
    let (finished, _) = path.file_name()?.to_str()?.split_once(UNFINISHED)?;
    time_of(Path::new(finished))
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
    fn leftovers_of_killed_backups_go() {
        let folder = tempfile::tempdir().unwrap();
        let leftover = |day: u8, end: &str| {
            let path = folder.path().join(format!("studio-2026-11-{day:02}T02-00-00Z.sqlite{end}"));
            fs::write(&path, "").unwrap();
            path
        };
        let old = [leftover(27, ".unfinished"), leftover(27, ".unfinished-journal")];
        let kept = [leftover(28, ""), leftover(30, ".unfinished")];
        let now = Timestamp::parse("2026-11-30T02:00:01Z").unwrap();
        assert_eq!(remove_leftovers(folder.path(), now).unwrap(), old);
        assert!(kept.iter().all(|path| path.exists()));
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
