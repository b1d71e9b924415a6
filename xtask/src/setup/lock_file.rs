//! Locks of other languages' packages.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
};

use anyhow::{Context, Result};

/// A lock's content, in a few digits: another lock is another version.
pub fn version_of(lock: &Path) -> Result<String> {
    let text = fs::read(lock).with_context(|| format!("{} is missing", lock.display()))?;
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    Ok(format!("lock {:016x}", hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_lock_is_another_version() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lock");
        fs::write(&file, "a").unwrap();
        let first = version_of(&file).unwrap();
        assert_eq!(version_of(&file).unwrap(), first);
        fs::write(&file, "b").unwrap();
        assert_ne!(version_of(&file).unwrap(), first);
        assert!(version_of(&folder.path().join("none")).unwrap_err().to_string().contains("is missing"));
    }
}
