//! What was saved since the last look.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::workspace::Workspace;

/// What has to be built again, by where the saved file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Styles and public files: packing is enough.
    Look,
    /// Only the server is made of it.
    Server,
    /// Both sides are made of it.
    Panel,
}

const PLACES: [(&str, Change); 5] = [
    ("style", Change::Look),
    ("public", Change::Look),
    ("server", Change::Server),
    ("app", Change::Panel),
    ("src", Change::Panel),
];

pub struct Watch {
    seen: BTreeMap<PathBuf, (SystemTime, Change)>,
}

impl Watch {
    pub fn begin(workspace: &Workspace) -> Self {
        Self { seen: see(&workspace.root) }
    }

    /// The widest change since the last look.
    pub fn look(&mut self, workspace: &Workspace) -> Option<Change> {
        let now = see(&workspace.root);
        let saved = now
            .iter()
            .filter(|(path, seen)| self.seen.get(*path) != Some(seen))
            .map(|(_, (_, change))| *change);
        let gone =
            self.seen.iter().filter(|(path, _)| !now.contains_key(*path)).map(|(_, (_, change))| *change);
        let changes: Vec<Change> = saved.chain(gone).collect();
        self.seen = now;
        let both = changes.contains(&Change::Look) && changes.contains(&Change::Server);
        if both { Some(Change::Panel) } else { changes.into_iter().max() }
    }
}

fn see(root: &Path) -> BTreeMap<PathBuf, (SystemTime, Change)> {
    let mut seen = BTreeMap::new();
    for (place, change) in PLACES {
        walk(&root.join(place), change, &mut seen);
    }
    seen
}

fn walk(folder: &Path, change: Change, seen: &mut BTreeMap<PathBuf, (SystemTime, Change)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        // Editors keep half-written files beside the real one, under names that begin with a dot or end with a tilde.
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || name.ends_with('~') {
            continue;
        }
        if metadata.is_dir() {
            walk(&entry.path(), change, seen);
        } else if let Ok(time) = metadata.modified() {
            seen.insert(entry.path(), (time, change));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_save_is_seen_once() {
        let folder = tempfile::tempdir().unwrap();
        let workspace =
            Workspace { root: folder.path().into(), target: PathBuf::new(), tools: PathBuf::new() };
        for place in ["style", "server", "app"] {
            fs::create_dir(folder.path().join(place)).unwrap();
        }
        let mut watch = Watch::begin(&workspace);
        assert_eq!(watch.look(&workspace), None);
        let sheet = folder.path().join("style/base.css");
        fs::write(&sheet, "a{}").unwrap();
        fs::write(folder.path().join("style/.base.css.swp"), "").unwrap();
        assert_eq!(watch.look(&workspace), Some(Change::Look));
        assert_eq!(watch.look(&workspace), None);
        fs::remove_file(sheet).unwrap();
        assert_eq!(watch.look(&workspace), Some(Change::Look));
        fs::write(folder.path().join("server/main.rs"), "").unwrap();
        fs::write(folder.path().join("app/lib.rs"), "").unwrap();
        assert_eq!(watch.look(&workspace), Some(Change::Panel));
    }

    #[test]
    fn styles_and_server_together_are_everything() {
        let folder = tempfile::tempdir().unwrap();
        let workspace =
            Workspace { root: folder.path().into(), target: PathBuf::new(), tools: PathBuf::new() };
        fs::create_dir(folder.path().join("style")).unwrap();
        fs::create_dir(folder.path().join("server")).unwrap();
        let mut watch = Watch::begin(&workspace);
        fs::write(folder.path().join("style/base.css"), "").unwrap();
        fs::write(folder.path().join("server/main.rs"), "").unwrap();
        assert_eq!(watch.look(&workspace), Some(Change::Panel));
    }
}
