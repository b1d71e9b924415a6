//! What is known of the records that a page of rows may mean.

use std::collections::HashMap;

use model::{record::Kind, tenant::TenantId};
use uuid::Uuid;

use super::{is_older, is_unread, is_withdrawn_unsent, likeness::is};
use crate::{MirroredRow, RowSighting, row::Row};

/// What a record said once, under its JSON names.
pub(crate) type Version = serde_json::Map<String, serde_json::Value>;

/// One record, and where it stands.
pub(crate) struct KnownRecord {
    pub(crate) tenant: TenantId,
    pub(crate) row: Row,
    pub(crate) line: OutboxState,
    /// The newest first; only where it may matter.
    pub(crate) versions: Vec<Version>,
}

/// Whether something of a record is on its way. `first`: Dataverse never acknowledged anything of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutboxState {
    Nothing,
    Waiting { first: bool, lent: LeaseState },
    Dead { first: bool },
    Dropped { first: bool },
}

/// Whether a relay has had it: then it may be there although no answer said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeaseState {
    Never,
    Now,
    Before,
}

impl OutboxState {
    /// As the stores' statements hand it over, see `sql`.
    pub(crate) const fn of(code: i64, first: i64) -> Self {
        let first = first == 1;
        match code {
            1 => Self::Waiting { first, lent: LeaseState::Never },
            2 => Self::Waiting { first, lent: LeaseState::Now },
            5 => Self::Waiting { first, lent: LeaseState::Before },
            3 => Self::Dead { first },
            4 => Self::Dropped { first },
            _ => Self::Nothing,
        }
    }

    /// SQL for a code and `first`, of a record's entry `o` in the outbox and its dead letter `d`; `now` is a parameter.
    pub(crate) fn sql(now: &str) -> String {
        format!(
            "CAST(CASE WHEN o.leased_until > {now} THEN 2 WHEN o.epoch > 0 THEN 5 WHEN o.position IS NOT NULL THEN 1 \
             WHEN d.dropped_at IS NOT NULL THEN 4 WHEN d.position IS NOT NULL THEN 3 ELSE 0 END AS bigint), \
             coalesce(o.first, d.first, 0)"
        )
    }
}

/// The records that are known, by both of their ids.
pub(crate) struct KnownRecords {
    pub(crate) kind: &'static Kind,
    known_records: Vec<KnownRecord>,
    there: HashMap<(TenantId, Uuid), usize>,
    there_of_any: HashMap<Uuid, usize>,
    named: HashMap<(TenantId, Uuid), usize>,
}

impl KnownRecords {
    pub(crate) fn new(kind: &'static Kind, known_records: Vec<KnownRecord>) -> Self {
        let mut of = Self {
            kind,
            known_records: Vec::with_capacity(known_records.len()),
            there: HashMap::new(),
            there_of_any: HashMap::new(),
            named: HashMap::new(),
        };
        of.add(known_records);
        of
    }

    pub(crate) fn add(&mut self, known_records: Vec<KnownRecord>) {
        for known in known_records {
            let (id, id_there, at) =
                (known.row.held.stored.id, known.row.id_there(), self.known_records.len());
            // What is found under both ids is one record.
            if self.named.contains_key(&(known.tenant, id)) {
                continue;
            }
            self.named.insert((known.tenant, id), at);
            self.there.insert((known.tenant, id_there), at);
            self.there_of_any.insert(id_there, at);
            self.known_records.push(known);
        }
    }

    /// The record whose row in Dataverse has this id: the tenant's own, else another's.
    pub(crate) fn there(&self, tenant: TenantId, dataverse_id: Uuid) -> Option<&KnownRecord> {
        let at = self.there.get(&(tenant, dataverse_id)).or_else(|| self.there_of_any.get(&dataverse_id));
        at.map(|at| &self.known_records[*at])
    }

    /// The record of this id here.
    pub(super) fn named(&self, tenant: TenantId, id: Uuid) -> Option<&KnownRecord> {
        self.named.get(&(tenant, id)).map(|at| &self.known_records[*at])
    }

    /// The record that a row means, under whichever id.
    pub(crate) fn meant(&self, mirrored: &MirroredRow) -> Option<&KnownRecord> {
        let named = || match &mirrored.seen {
            RowSighting::Row(record) => self.named(mirrored.tenant, mirrored.id_of(record)),
            _ => None,
        };
        self.there(mirrored.tenant, mirrored.dataverse_id).or_else(named)
    }

    /// The records whose former states decide what a row is.
    pub(crate) fn in_doubt(&self, rows: &[&MirroredRow]) -> Vec<(TenantId, Uuid)> {
        let is_in_doubt = |mirrored: &&&MirroredRow| match (&mirrored.seen, self.meant(mirrored)) {
            (RowSighting::Row(record), Some(known)) => {
                let held = &known.row.held;
                let is_open =
                    known.line != OutboxState::Nothing || is_unread(known) || is_withdrawn_unsent(known);
                (is_open || mirrored.is_whole || is_older(mirrored, known))
                    && (held.withdrawn_at.is_some() || !is(&held.stored.record, record))
            }
            _ => false,
        };
        let meant = rows.iter().filter(is_in_doubt).filter_map(|mirrored| self.meant(mirrored));
        meant.map(|known| (known.tenant, known.row.held.stored.id)).collect()
    }

    pub(crate) fn remember(&mut self, tenant: TenantId, id: Uuid, versions: Vec<Version>) {
        if let Some(at) = self.named.get(&(tenant, id)) {
            self.known_records[*at].versions = versions;
        }
    }
}
