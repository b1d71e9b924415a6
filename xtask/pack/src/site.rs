//! The folder itself: written only where something changed, so that the server is not rebuilt for nothing, and swept at the end.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::brotli;

pub struct PackedSite {
    folder: PathBuf,
    kept: BTreeSet<String>,
}

impl PackedSite {
    pub fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self { folder: folder.to_owned(), kept: BTreeSet::new() })
    }

    /// Puts one file there, with its twin where `squeeze` asks for one and it is worth having.
    pub fn put(&mut self, name: &str, bytes: &[u8], squeeze: bool) -> Result<()> {
        self.write(name, bytes)?;
        if squeeze && brotli::worthwhile(name) {
            self.write(&format!("{name}.br"), &brotli::compress(bytes)?)?;
        }
        Ok(())
    }

    /// Puts every file of a folder there. The site is flat: a folder inside it would have no address.
    pub fn put_folder(&mut self, from: &Path, squeeze: bool) -> Result<()> {
        let Ok(entries) = fs::read_dir(from) else { return Ok(()) };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                bail!(
                    "{} is a folder; the site is flat, so put its files straight into {}",
                    path.display(),
                    from.display()
                );
            }
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .context("a public file needs a plain name")?;
            if self.kept.contains(name) {
                bail!("{} would replace a file that the build makes; give it another name", path.display());
            }
            let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            self.put(name, &bytes, squeeze)?;
        }
        Ok(())
    }

    /// Keeps files that an earlier run put there; false when one of them is gone.
    #[cfg(feature = "browser")]
    pub fn keep(&mut self, names: &[&str]) -> bool {
        let all = names.iter().all(|name| self.folder.join(name).is_file());
        if all {
            self.kept.extend(names.iter().map(|name| (*name).to_owned()));
        }
        all
    }

    /// Removes what was not put there this time.
    pub fn close(self) -> Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_file() && !self.kept.contains(name) {
                fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        Ok(())
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.folder.join(name);
        if fs::read(&path).ok().as_deref() != Some(bytes) {
            fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        }
        self.kept.insert(name.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn old_files_are_swept() {
        let folder = tempfile::tempdir().unwrap();
        let mut site = PackedSite::open(folder.path()).unwrap();
        site.put("old.css", b"a{}", true).unwrap();
        site.close().unwrap();
        let mut site = PackedSite::open(folder.path()).unwrap();
        site.put("new.css", b"a{}", true).unwrap();
        site.put("icon.png", b"png", true).unwrap();
        site.close().unwrap();
        assert_eq!(names(folder.path()), ["icon.png", "new.css", "new.css.br"]);
    }

    #[test]
    fn an_unchanged_file_keeps_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let mut site = PackedSite::open(folder.path()).unwrap();
        site.put("a.png", b"same", false).unwrap();
        let path = folder.path().join("a.png");
        let long_ago = std::time::SystemTime::UNIX_EPOCH;
        fs::File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
        site.put("a.png", b"same", false).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), long_ago);
        site.put("a.png", b"else", false).unwrap();
        assert_ne!(fs::metadata(&path).unwrap().modified().unwrap(), long_ago);
    }

    #[test]
    fn public_files_cannot_replace_built_ones() {
        let folder = tempfile::tempdir().unwrap();
        let public = tempfile::tempdir().unwrap();
        fs::write(public.path().join("studio.css"), "").unwrap();
        let mut site = PackedSite::open(folder.path()).unwrap();
        site.put("studio.css", b"a{}", false).unwrap();
        let error = site.put_folder(public.path(), false).unwrap_err().to_string();
        assert!(error.contains("give it another name"), "{error}");
    }
}
