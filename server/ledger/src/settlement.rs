//! Parcels that come back, sorted the same way for both stores.

use std::collections::BTreeMap;

use model::{
    record::Kind,
    tenant::TenantId,
    time::{MINUTE, Timestamp},
};

use crate::{Parcel, PermanentRefusal, write::Write};

/// Takes parcels back.
pub(crate) struct Settle {
    pub(crate) tickets: Vec<Ticket>,
    pub(crate) how: Settlement,
}

/// How parcels come back.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Settlement {
    Delivered { at: Timestamp },
    Postponed { until: Timestamp },
    HandedBack,
    Dead,
}

/// A parcel that comes back.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) tenant: TenantId,
    pub(crate) kind: &'static Kind,
    pub(crate) position: i64,
    pub(crate) revision: i64,
    pub(crate) epoch: i64,
    pub(crate) due_at: i64,
    /// Why it is dead, when it is.
    pub(crate) refusal: Option<PermanentRefusal>,
}

impl Write for Settle {
    type Answer = ();
}

impl Ticket {
    pub(crate) fn of(parcel: &Parcel) -> Self {
        Self {
            tenant: parcel.tenant,
            kind: parcel.kind,
            position: parcel.position,
            revision: parcel.revision,
            epoch: parcel.epoch,
            due_at: parcel.due_at,
            refusal: None,
        }
    }
}

impl Settlement {
    /// When Dataverse acknowledged it, by the store's clock: the asker's says how long ago that was, and may have been set
    /// since.
    pub(crate) fn acknowledged(at: Timestamp, asked_at: Timestamp, now: Timestamp) -> Timestamp {
        now.plus(at.since(asked_at).clamp(-MINUTE, 0))
    }
}

/// One table's parcels that came back with a lease that still holds.
pub(crate) struct Returned {
    pub(crate) tenant: TenantId,
    pub(crate) kind: &'static Kind,
    /// What was carried is still the newest state.
    pub(crate) newest: Vec<i64>,
    /// A newer state came up meanwhile.
    pub(crate) overtaken: Vec<i64>,
    /// How many of both Dataverse had never acknowledged before.
    pub(crate) first: i64,
}

impl Returned {
    pub(crate) const fn nothing_yet(tenant: TenantId, kind: &'static Kind) -> Self {
        Self { tenant, kind, newest: Vec::new(), overtaken: Vec::new(), first: 0 }
    }

    pub(crate) fn add(&mut self, position: i64, is_newest: bool, first: i64) {
        let positions = if is_newest { &mut self.newest } else { &mut self.overtaken };
        positions.push(position);
        self.first += first;
    }

    /// One of those at these positions, for an error that names it.
    pub(crate) fn one_of(&self, positions: &[i64]) -> String {
        let position = positions.first().copied().unwrap_or_default();
        format!("{} of tenant {} at position {position}", self.kind.noun, self.tenant)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.newest.is_empty() && self.overtaken.is_empty()
    }

    /// When each came due before it was lent, by its position.
    pub(crate) fn due(&self, tickets: &[&Ticket]) -> Vec<(i64, i64)> {
        let ours = |position| self.newest.contains(position) || self.overtaken.contains(position);
        let tickets = tickets.iter().filter(|ticket| ours(&ticket.position));
        tickets.map(|ticket| (ticket.position, ticket.due_at)).collect()
    }

    /// Those of the tickets that are refused as they are now, and why.
    pub(crate) fn refused(&self, tickets: &[&Ticket]) -> Vec<(i64, PermanentRefusal)> {
        tickets
            .iter()
            .filter(|ticket| self.newest.contains(&ticket.position))
            .map(|ticket| (ticket.position, ticket.refusal.clone().unwrap_or_default().cut()))
            .collect()
    }
}

/// The tickets of each table.
pub(crate) fn by_table(tickets: &[Ticket]) -> impl Iterator<Item = Vec<&Ticket>> {
    let mut tables: BTreeMap<(TenantId, &str), Vec<&Ticket>> = BTreeMap::new();
    for ticket in tickets {
        tables.entry((ticket.tenant, ticket.kind.name)).or_default().push(ticket);
    }
    tables.into_values()
}

/// One record's entry in the outbox.
pub(crate) struct OutboxEntry {
    pub(crate) first: bool,
    pub(crate) epoch: i64,
}

impl OutboxEntry {
    /// Whether nothing of this record can have been sent.
    pub(crate) const fn was_never_sent(&self) -> bool {
        self.first && self.epoch == 0
    }
}
