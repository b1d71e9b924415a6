//! Rows that are gone there, kept back until it is clear what that means.

use std::collections::BTreeMap;

use model::time::{SECOND, Timestamp};
use uuid::Uuid;

/// Deletions of one day count together, however few each look meets.
pub(super) const DAY: i64 = 24 * 3_600 * SECOND;
/// Fewer than that are gone on purpose.
const FEW: usize = 5;
/// One row in this number is too many.
const ONE_IN: usize = 20;

/// Ids of rows that were there and are not any more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gone(BTreeMap<Uuid, Missing>);

/// How it is known that a row is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// Dataverse says that it was deleted, in an answer that was asked for then.
    Deleted(Timestamp),
    /// Dataverse says so, and the same reading met the row: which came last is to be asked for by its id.
    Unclear,
    /// It did not turn up in what was asked for then, and nothing says that it was deleted.
    Unseen(Timestamp),
}

impl Gone {
    pub(super) fn miss(&mut self, id: Uuid, how: Missing) {
        self.0.insert(id, how);
    }

    /// It is there after all, or again.
    pub(super) fn find(&mut self, id: Uuid) {
        self.0.remove(&id);
    }

    pub(super) fn contains(&self, id: Uuid) -> bool {
        self.0.contains_key(&id)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of which nothing says that they were deleted, by the time at which they were asked for.
    pub(super) fn unseen(&self) -> BTreeMap<Timestamp, Vec<Uuid>> {
        let mut unseen: BTreeMap<Timestamp, Vec<Uuid>> = BTreeMap::new();
        for (id, missing) in &self.0 {
            if let Missing::Unseen(asked_at) = missing {
                unseen.entry(*asked_at).or_default().push(*id);
            }
        }
        unseen
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Uuid, Missing)> {
        self.0.iter().map(|(id, missing)| (*id, *missing))
    }
}

/// Whether `gone` of `of` records are more than a person deletes without saying so.
pub(super) const fn is_too_many(gone: usize, of: usize) -> bool {
    gone > FEW && gone * ONE_IN > of
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_percent_gone_is_too_many() {
        for (gone, of, expect) in
            [(5, 5, false), (6, 6, true), (6, 120, false), (7, 120, true), (0, 0, false)]
        {
            assert_eq!(is_too_many(gone, of), expect, "{gone} of {of}");
        }
    }
}
