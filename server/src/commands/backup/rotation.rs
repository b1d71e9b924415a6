//! Backups in a folder: named by the time at which they were taken, and the oldest removed.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use model::time::Timestamp;

const BEGINNING: &str = "studio-";
const END: &str = ".sqlite";

/// Where the backup of this moment goes. Names sort as the times do.
pub(super) fn file(folder: &Path, now: Timestamp) -> PathBuf {
    folder.join(format!("{BEGINNING}{}{END}", now.to_string().replace(':', "-")))
}

/// Removes all but the newest `keep`, and says which those were. Files of other names are not ours.
pub(super) fn prune(folder: &Path, keep: usize) -> io::Result<Vec<PathBuf>> {
    let mut backups: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .filter(|path| path.as_ref().map_or(true, |path| is_backup(path)))
        .collect::<io::Result<_>>()?;
    backups.sort();
    backups.truncate(backups.len().saturating_sub(keep));
    backups.iter().try_for_each(fs::remove_file)?;
    Ok(backups)
}

fn is_backup(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let time = name.strip_prefix(BEGINNING).and_then(|rest| rest.strip_suffix(END));
    time.is_some_and(|time| {
        let (day, clock) = time.split_once('T').unwrap_or_default();
        Timestamp::parse(&format!("{day}T{}", clock.replace('-', ":"))).is_some()
    })
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
        assert_eq!(prune(folder.path(), 3).unwrap(), Vec::<PathBuf>::new());
        assert_eq!(prune(folder.path(), 1).unwrap(), [first, second]);
        assert!(third.exists() && others.iter().all(|path| path.exists()));
    }
}
