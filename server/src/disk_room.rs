//! How much the disk under a folder still takes.

use std::path::Path;

use rustix::fs::statvfs;

/// Less than this and a person should see to it: as much as the ledger's log may take on its way.
pub const ROOM_LEAST: u64 = 512 << 20;

/// Bytes that this user may still write there; none where the system does not say.
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = statvfs(folder).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_existing_folders_have_room() {
        assert!(free_bytes(Path::new("/")).is_some());
        assert_eq!(free_bytes(Path::new("/nowhere/at/all")), None);
    }
}
