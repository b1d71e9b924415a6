//! What was delivered and is read back out of Dataverse.

use std::cmp::Ordering;

use model::{
    record::{Kind, Kinds},
    tenant::TenantId,
    time::Timestamp,
};
use uuid::Uuid;

use crate::{HeldRecord, write::Write};

/// Marks records of one table as read back.
pub(crate) struct Confirm {
    pub(crate) kind: &'static Kind,
    pub(crate) tenant: TenantId,
    /// Positions, each with the revision that was read.
    pub(crate) read: Vec<(i64, i64)>,
}

impl Write for Confirm {
    type Answer = u64;
}

/// A record that Dataverse acknowledged and that was not read back yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unconfirmed {
    /// Whose record it is.
    pub tenant: TenantId,
    /// Of which kind.
    pub kind: &'static Kind,
    /// The row's primary key in Dataverse.
    pub dataverse_id: Uuid,
    /// What Dataverse should hold; nothing when it was withdrawn.
    pub held: HeldRecord,
    pub(crate) position: i64,
}

/// The bytes at which a page of the read-back is full; a single record may have more.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// What waits to be read back, oldest first: one page, as it is put together out of each kind's oldest.
pub(crate) struct UnconfirmedPage {
    kinds: Kinds,
    most: usize,
    page: Vec<Unconfirmed>,
}

/// How much of one kind's oldest is read.
pub(crate) struct Portion {
    left: usize,
    bytes: usize,
}

impl UnconfirmedPage {
    pub(crate) const fn page(kinds: Kinds, most: usize) -> Self {
        Self { kinds, most, page: Vec::new() }
    }

    /// Every kind, with the time and the position after which its records come after `after`.
    pub(crate) fn places(
        &self,
        after: Option<&Unconfirmed>,
    ) -> impl Iterator<Item = (&'static Kind, i64, i64)> + use<> {
        let of = after.map(|after| (self.rank(after), after.position));
        self.kinds.iter().enumerate().map(move |(at, kind)| match of {
            None => (kind, i64::MIN, i64::MIN),
            Some(((time, of_kind), position)) => {
                let after = match at.cmp(&of_kind) {
                    Ordering::Less => i64::MAX,
                    Ordering::Equal => position,
                    Ordering::Greater => i64::MIN,
                };
                (kind, time, after)
            }
        })
    }

    pub(crate) const fn portion(&self) -> Portion {
        Portion { left: self.most, bytes: 0 }
    }

    pub(crate) fn add(&mut self, item: Unconfirmed) {
        self.page.push(item);
    }

    /// No more of each kind than its portion was read: what is older than the end of the page is all in it.
    pub(crate) fn finish(mut self) -> Vec<Unconfirmed> {
        let mut page = std::mem::take(&mut self.page);
        page.sort_by_key(|item| (self.rank(item), item.position));
        let mut portion = self.portion();
        let count = page.iter().take_while(|item| portion.takes(item)).count();
        page.truncate(count);
        page
    }

    fn rank(&self, item: &Unconfirmed) -> (i64, usize) {
        let at = item.held.stored.exported_at.map_or(i64::MIN, Timestamp::micros);
        (at, self.kinds.iter().position(|kind| kind == item.kind).unwrap_or(usize::MAX))
    }
}

impl Portion {
    /// Whether this one is still to go along.
    pub(crate) fn takes(&mut self, item: &Unconfirmed) -> bool {
        if self.left == 0 || self.bytes >= PAGE_BYTES {
            return false;
        }
        self.left -= 1;
        self.bytes += item.held.stored.record.weight();
        true
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.left == 0 || self.bytes >= PAGE_BYTES
    }
}
