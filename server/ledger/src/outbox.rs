//! What waits to be delivered, as the relay sees it.

use std::{cmp::Ordering, time::Duration};

use model::{
    record::{Kind, Kinds, Stored},
    tenant::TenantId,
    time::Timestamp,
};
use uuid::Uuid;

use crate::Held;

/// One record's newest state, on loan to a relay until its lease runs out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    pub tenant: TenantId,
    pub kind: &'static Kind,
    pub id: Uuid,
    /// The row's primary key in Dataverse: `id`, unless somebody else made the row.
    pub dataverse_id: Uuid,
    /// The revision that is carried. A newer one stays in the outbox when this one is delivered.
    pub revision: i64,
    pub operation: Operation,
    /// Dataverse has acknowledged no state of it so far.
    pub is_first: bool,
    /// How often it was sent in vain.
    pub attempts: i64,
    /// For how long it has been sent in vain.
    pub failing_for: Duration,
    /// Since when the record waits.
    pub enqueued_at: Timestamp,
    /// Fences off whoever comes back after its lease ran out.
    pub(crate) epoch: i64,
    pub(crate) position: i64,
    /// When it came due, so that it gets back to its place in the line.
    pub(crate) due_at: i64,
}

impl Parcel {
    /// Handed back, it stands behind everything that waits.
    #[must_use]
    pub fn last_in_line(self) -> Self {
        // The store takes what lies ahead for now.
        Self { due_at: i64::MAX, ..self }
    }
}

/// For how long something fails that has failed since then.
pub(crate) fn failing_for(since: Option<i64>, now: Timestamp) -> Duration {
    let micros = since.map_or(0, |since| now.since(Timestamp::from_micros(since)));
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    Upsert(Box<Stored>),
    Delete,
}

/// A record that Dataverse acknowledged and that was not read back yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unconfirmed {
    pub tenant: TenantId,
    pub kind: &'static Kind,
    /// The row's primary key in Dataverse.
    pub dataverse_id: Uuid,
    /// What Dataverse should hold; nothing when it was withdrawn.
    pub held: Held,
    pub(crate) position: i64,
}

/// The bytes at which a page of the read-back is full; a single record may have more.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// What waits to be read back, oldest first: one page, as it is put together out of each kind's oldest.
pub(crate) struct Waiting {
    kinds: Kinds,
    most: usize,
    page: Vec<Unconfirmed>,
}

/// How much of one kind's oldest is read.
pub(crate) struct Portion {
    left: usize,
    bytes: usize,
}

impl Waiting {
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
