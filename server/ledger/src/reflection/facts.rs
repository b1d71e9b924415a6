//! What is known of the records that a page of rows may mean.

use std::collections::HashMap;

use model::{record::Kind, tenant::TenantId};
use uuid::Uuid;

use super::{is_older, is_unread, is_withdrawn_unsent, likeness::is};
use crate::{Reflection, Seen, row::Row};

/// What a record said once, under its JSON names.
pub(crate) type Version = serde_json::Map<String, serde_json::Value>;

/// One record, and where it stands.
pub(crate) struct Fact {
    pub(crate) tenant: TenantId,
    pub(crate) row: Row,
    pub(crate) line: Line,
    /// The newest first; only where it may matter.
    pub(crate) versions: Vec<Version>,
}

/// Whether something of a record is on its way. `first`: Dataverse never acknowledged anything of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Nothing,
    Waiting { first: bool, lent: Lent },
    Dead { first: bool },
    Dropped { first: bool },
}

/// Whether a relay has had it: then it may be there although no answer said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lent {
    Never,
    Now,
    Before,
}

impl Line {
    /// As the stores' statements hand it over, see `sql`.
    pub(crate) const fn of(code: i64, first: i64) -> Self {
        let first = first == 1;
        match code {
            1 => Self::Waiting { first, lent: Lent::Never },
            2 => Self::Waiting { first, lent: Lent::Now },
            5 => Self::Waiting { first, lent: Lent::Before },
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
pub(crate) struct Facts {
    pub(crate) kind: &'static Kind,
    facts: Vec<Fact>,
    there: HashMap<(TenantId, Uuid), usize>,
    there_of_any: HashMap<Uuid, usize>,
    named: HashMap<(TenantId, Uuid), usize>,
}

impl Facts {
    pub(crate) fn new(kind: &'static Kind, facts: Vec<Fact>) -> Self {
        let mut of = Self {
            kind,
            facts: Vec::with_capacity(facts.len()),
            there: HashMap::new(),
            there_of_any: HashMap::new(),
            named: HashMap::new(),
        };
        of.add(facts);
        of
    }

    pub(crate) fn add(&mut self, facts: Vec<Fact>) {
        for fact in facts {
            let (id, id_there, at) = (fact.row.held.stored.id, fact.row.id_there(), self.facts.len());
            // What is found under both ids is one record.
            if self.named.contains_key(&(fact.tenant, id)) {
                continue;
            }
            self.named.insert((fact.tenant, id), at);
            self.there.insert((fact.tenant, id_there), at);
            self.there_of_any.insert(id_there, at);
            self.facts.push(fact);
        }
    }

    /// The record whose row in Dataverse has this id: the tenant's own, else another's.
    pub(crate) fn there(&self, tenant: TenantId, dataverse_id: Uuid) -> Option<&Fact> {
        let at = self.there.get(&(tenant, dataverse_id)).or_else(|| self.there_of_any.get(&dataverse_id));
        at.map(|at| &self.facts[*at])
    }

    /// The record of this id here.
    pub(super) fn named(&self, tenant: TenantId, id: Uuid) -> Option<&Fact> {
        self.named.get(&(tenant, id)).map(|at| &self.facts[*at])
    }

    /// The record that a row means, under whichever id.
    pub(crate) fn meant(&self, reflection: &Reflection) -> Option<&Fact> {
        let named = || match &reflection.seen {
            Seen::Row(record) => self.named(reflection.tenant, reflection.id_of(record)),
            _ => None,
        };
        self.there(reflection.tenant, reflection.dataverse_id).or_else(named)
    }

    /// The records whose former states decide what a row is.
    pub(crate) fn in_doubt(&self, rows: &[&Reflection]) -> Vec<(TenantId, Uuid)> {
        let is_in_doubt = |reflection: &&&Reflection| match (&reflection.seen, self.meant(reflection)) {
            (Seen::Row(record), Some(fact)) => {
                let held = &fact.row.held;
                let is_open = fact.line != Line::Nothing || is_unread(fact) || is_withdrawn_unsent(fact);
                (is_open || reflection.is_whole || is_older(reflection, fact))
                    && (held.withdrawn_at.is_some() || !is(&held.stored.record, record))
            }
            _ => false,
        };
        let meant = rows.iter().filter(is_in_doubt).filter_map(|reflection| self.meant(reflection));
        meant.map(|fact| (fact.tenant, fact.row.held.stored.id)).collect()
    }

    pub(crate) fn remember(&mut self, tenant: TenantId, id: Uuid, versions: Vec<Version>) {
        if let Some(at) = self.named.get(&(tenant, id)) {
            self.facts[*at].versions = versions;
        }
    }
}
