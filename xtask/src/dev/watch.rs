//! What was saved since the last look.

use std::{
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver},
};

use anyhow::{Context, Result};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::workspace::Workspace;

/// What has to be built again, by where the saved file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rebuild {
    /// Styles and public files: packing is enough.
    Look,
    /// Only the server is made of it.
    Server,
    /// Both sides are made of it.
    Panel,
}

const FOLDERS: [(&str, Rebuild); 5] = [
    ("style", Rebuild::Look),
    ("public", Rebuild::Look),
    ("server", Rebuild::Server),
    ("app", Rebuild::Panel),
    ("src", Rebuild::Panel),
];

pub struct Watch {
    root: PathBuf,
    events: Receiver<notify::Result<Event>>,
    /// Reports until it is dropped.
    _watcher: RecommendedWatcher,
}

impl Watch {
    pub fn begin(workspace: &Workspace) -> Result<Self> {
        // Some systems report paths with their links resolved.
        let root = workspace.root.canonicalize()?;
        let (sender, events) = mpsc::channel();
        let mut watcher = notify::recommended_watcher(sender).context("cannot watch for saved files")?;
        for (folder, _) in FOLDERS {
            let folder = root.join(folder);
            watcher
                .watch(&folder, RecursiveMode::Recursive)
                .with_context(|| format!("cannot watch {}", folder.display()))?;
        }
        Ok(Self { root, events, _watcher: watcher })
    }

    /// The widest rebuild that files saved since the last look ask for.
    pub fn look(&self) -> Option<Rebuild> {
        widest(self.events.try_iter().flat_map(|event| self.asked_for(event)))
    }

    fn asked_for(&self, event: notify::Result<Event>) -> Vec<Rebuild> {
        match event {
            Ok(event) if event.need_rescan() => vec![Rebuild::Panel],
            Ok(Event { kind: EventKind::Access(_), .. }) => Vec::new(),
            Ok(event) => event
                .paths
                .iter()
                .filter_map(|path| rebuild_for(path.strip_prefix(&self.root).ok()?))
                .collect(),
            // Events may be lost.
            Err(_) => vec![Rebuild::Panel],
        }
    }
}

/// By a path from the root. Editors keep half-written files beside the real one, under names that begin with a dot or end
/// with a tilde.
fn rebuild_for(path: &Path) -> Option<Rebuild> {
    let name = path.file_name()?.to_str()?;
    let is_unfinished = name.starts_with('.') || name.ends_with('~');
    let (_, rebuild) = FOLDERS.iter().find(|(folder, _)| path.starts_with(folder))?;
    (!is_unfinished).then_some(*rebuild)
}

fn widest(asked_for: impl Iterator<Item = Rebuild>) -> Option<Rebuild> {
    // The server's build does not pack the look.
    asked_for.reduce(|a, b| match (a.min(b), a.max(b)) {
        (Rebuild::Look, Rebuild::Server) => Rebuild::Panel,
        (_, wider) => wider,
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use super::*;

    #[test]
    fn a_folder_says_what_to_build() {
        let of = |path: &str| rebuild_for(Path::new(path));
        assert_eq!(of("style/base.css"), Some(Rebuild::Look));
        assert_eq!(of("server/ledger/src/lib.rs"), Some(Rebuild::Server));
        assert_eq!(of("app/src/lib.rs"), Some(Rebuild::Panel));
        assert_eq!(of("style/.base.css.swp"), None);
        assert_eq!(of("style/base.css~"), None);
        assert_eq!(of("docs/architecture.md"), None);
    }

    #[test]
    fn the_widest_rebuild_wins() {
        let of = |rebuilds: &[Rebuild]| widest(rebuilds.iter().copied());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[Rebuild::Server, Rebuild::Server]), Some(Rebuild::Server));
        assert_eq!(of(&[Rebuild::Look, Rebuild::Server]), Some(Rebuild::Panel));
        assert_eq!(of(&[Rebuild::Panel, Rebuild::Look]), Some(Rebuild::Panel));
    }

    #[test]
    fn saved_and_removed_files_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        for (place, _) in FOLDERS {
            fs::create_dir(folder.path().join(place)).unwrap();
        }
        let workspace =
            Workspace { root: folder.path().into(), target: PathBuf::new(), tools: PathBuf::new() };
        let watch = Watch::begin(&workspace).unwrap();
        let next = || {
            let event = watch.events.recv_timeout(Duration::from_secs(30)).expect("the system reports it");
            widest(watch.asked_for(event).into_iter())
        };
        let sheet = folder.path().join("style/base.css");
        fs::write(&sheet, "a{}").unwrap();
        assert_eq!(next(), Some(Rebuild::Look));
        fs::write(folder.path().join("server/main.rs"), "").unwrap();
        while next() != Some(Rebuild::Server) {}
        fs::remove_file(sheet).unwrap();
        while next() != Some(Rebuild::Look) {}
    }
}
