//! What a record is, whatever its kind: a table of fields that says once what each is called in JSON, in the
//! ledger and in Dataverse, and what it may hold. Everything that reads, stores or sends records reads that table.

pub mod campaign_run;
mod json;
mod parse;

use uuid::Uuid;

use crate::{
    identity,
    tenant::TenantId,
    time::{DAY, Timestamp},
};

pub use json::{field_json, to_json};
pub use parse::{Elements, FieldFault, Guesses, elements, parse, parse_again, parse_one_of_many};

/// Every kind there is, in the order in which they are shown.
pub static KINDS: &[&Kind] = &[&campaign_run::CAMPAIGN_RUN];

/// One kind of record.
#[derive(Debug)]
pub struct Kind {
    /// As in the natural key, and in logs: `campaign-run`.
    pub name: &'static str,
    /// What people call it: `campaign run`.
    pub noun: &'static str,
    /// Its table in the ledger.
    pub table: &'static str,
    pub fields: &'static [Field],
    /// Positions in `fields` of what makes a record the same one.
    pub natural_key: &'static [usize],
    /// A text that comes with the record and names what one of its fields points at.
    pub naming: Option<Naming>,
    pub destination: Destination,
    /// The rules that hold between fields, checked when each field is right by itself.
    pub check: fn(&[Value]) -> Vec<FieldFault>,
    /// Fills in what is computed from the other fields.
    pub derive: fn(&mut [Value]),
}

/// Two kinds are the same when they have the same name.
impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
impl Eq for Kind {}

/// Where Dataverse keeps this kind.
#[derive(Debug)]
pub struct Destination {
    pub logical_name: &'static str,
    pub entity_set: &'static str,
    pub primary_key: &'static str,
    pub display_name: &'static str,
    /// When its records are sent.
    pub policy: Policy,
    /// Makes the row's primary name, `apex_name`.
    pub title: fn(&Record) -> String,
}

/// When a kind's records are sent to Dataverse, which counts every row against the day's entitlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Each as soon as it is there.
    Every,
    /// Each as it is at midnight (UTC), however often it changed by then.
    Daily,
    /// Never: the ledger alone holds them.
    Never,
}

impl Policy {
    /// When what comes or changes now is to be sent, if ever.
    #[must_use]
    pub const fn due(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every => Some(now),
            Self::Daily => Some(Timestamp::from_micros((now.micros().div_euclid(DAY) + 1) * DAY)),
            Self::Never => None,
        }
    }
}

/// `campaignName` names the campaign that `campaignId` points at.
#[derive(Debug)]
pub struct Naming {
    pub json: &'static str,
    pub max_chars: usize,
    /// Position in `fields` of what it names.
    pub of: usize,
    /// The ledger's table of names: tenant, id, name.
    pub table: &'static str,
}

#[derive(Debug)]
pub struct Field {
    pub json: &'static str,
    pub column: &'static str,
    pub dataverse: &'static str,
    pub label: &'static str,
    pub shape: Shape,
    pub need: Need,
}

/// What a field may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `max_chars` counts as Dataverse does, in UTF-16 units.
    Text {
        max_chars: usize,
    },
    Whole {
        max: i64,
    },
    /// `max` counts units of the last decimal place.
    Decimal {
        scale: u8,
        max: i64,
    },
    Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Required,
    /// Left out, it is nought.
    Nought,
    Optional,
    /// Left out, it is the time of arrival.
    Arrival,
    /// Computed here; a sender leaves it out.
    Derived,
}

/// One field's content. Decimals are whole numbers of their last decimal place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    Nothing,
    Text(String),
    Whole(i64),
    Decimal(i64),
    Time(Timestamp),
}

impl Value {
    #[must_use]
    pub fn text(&self) -> &str {
        if let Self::Text(text) = self { text } else { "" }
    }

    /// The number of a whole, a decimal (in its last place) or a time (in microseconds).
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Whole(number) | Self::Decimal(number) => Some(*number),
            Self::Time(at) => Some(at.micros()),
            Self::Nothing | Self::Text(_) => None,
        }
    }
}

/// What a sender said, checked and complete. `values` stand in the order of the kind's fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub values: Vec<Value>,
    /// What the kind's naming field said.
    pub name: Option<String>,
    /// Whether the sender gave the time, or arrival stands in for it.
    pub timed: bool,
}

impl Record {
    #[must_use]
    pub fn natural_key<'a>(&'a self, kind: &Kind) -> Vec<&'a str> {
        kind.natural_key.iter().map(|at| self.values[*at].text()).collect()
    }

    #[must_use]
    pub fn id(&self, kind: &Kind, tenant: TenantId) -> Uuid {
        identity::natural_id(tenant, kind.name, &self.natural_key(kind))
    }

    /// Whether `self`, sent again, says what is `stored`: a time that was left out counts as the stored one.
    #[must_use]
    pub fn says_the_same(&self, kind: &Kind, stored: &Self) -> bool {
        kind.fields
            .iter()
            .zip(self.values.iter().zip(&stored.values))
            .all(|(field, (ours, theirs))| (field.need == Need::Arrival && !self.timed) || ours == theirs)
    }
}

/// A record as the ledger holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub id: Uuid,
    /// Counts from 1 with each correction; the entity tag of the record.
    pub revision: i64,
    pub received_at: Timestamp,
    /// When Dataverse acknowledged it.
    pub exported_at: Option<Timestamp>,
    pub record: Record,
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_kind_uses_a_name_twice() {
        for kind in KINDS {
            let mut seen = HashSet::new();
            for field in kind.fields {
                assert!(
                    seen.insert(field.json) & seen.insert(field.dataverse),
                    "{} twice in {}",
                    field.json,
                    kind.name
                );
            }
        }
    }
}
