//! What a record is, whatever its kind. A kind is described once, by a table of fields and what holds for them; everything
//! that reads, stores or sends records reads that description.

pub mod agent_task;
pub mod campaign_run;
mod check;
mod draft;
mod field;
mod json;
mod kind;
mod parse;
mod target;

use uuid::Uuid;

use crate::{identity, tenant::TenantId, time::Timestamp};

pub use draft::{Draft, Given};
pub use field::{Field, FieldType, JsonRoot, Need, PersonalData, Remote, Storage, Value, WHOLE_MAX};
pub use json::{field_json, shown, to_json};
pub use kind::{Api, Days, Destination, Identity, Kind, Kinds, NameMember, Pointer, Policy, Rules};
pub use parse::{Body, FieldFault, Guesses, body, members, parse, read, read_members};
pub use target::{CAMPAIGNS, TARGETS, TENANTS, Target, USERS};

/// Every kind there is, in the order in which they are shown.
pub static KINDS: Kinds = Kinds::new(&[&campaign_run::CAMPAIGN_RUN, &agent_task::AGENT_TASK]);

/// What a sender said, checked and complete. It is made by a [`Draft`], or put together again by what kept it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    kind: &'static Kind,
    /// In the order of the kind's fields.
    values: Vec<Value>,
    /// In the order of the kind's pointers: what each points at is called, where that came along.
    names: Vec<Option<String>>,
    has_own_time: bool,
    given_id: Option<Uuid>,
}

impl Record {
    /// A record that was kept, as it was kept: `values` in the order of the kind's fields, `names` in that of its pointers.
    ///
    /// # Panics
    /// When these are not as many as the kind has.
    #[must_use]
    pub fn kept(kind: &'static Kind, values: Vec<Value>, names: Vec<Option<String>>) -> Self {
        assert!(
            values.len() == kind.fields.len() && names.len() == kind.pointers.len(),
            "a {} has other fields",
            kind.noun
        );
        Self { kind, values, names, has_own_time: true, given_id: None }
    }

    /// The kind that describes it.
    #[must_use]
    pub const fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// In the order of the kind's fields.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// In the order of the kind's pointers.
    #[must_use]
    pub fn names(&self) -> &[Option<String>] {
        &self.names
    }

    /// Each field with its content.
    pub fn fields(&self) -> impl Iterator<Item = (&'static Field, &Value)> {
        self.kind.fields.iter().zip(&self.values)
    }

    /// The time by which it is listed and counted.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.values[self.kind.time].time().unwrap_or_default()
    }

    /// Whether the source gave that time; otherwise arrival stands in for it.
    #[must_use]
    pub const fn has_own_time(&self) -> bool {
        self.has_own_time
    }

    /// What it is called.
    #[must_use]
    pub fn title(&self) -> String {
        (self.kind.title)(self)
    }

    /// What is odd about it, though nothing forbids it.
    #[must_use]
    pub fn warnings(&self) -> Vec<FieldFault> {
        (self.kind.rules.warn)(self)
    }

    /// How many bytes it takes up, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        let names = self.names.iter().flatten().map(String::len);
        64 + self.values.iter().map(Value::weight).chain(names).sum::<usize>()
    }

    /// What identifies it among the tenant's records of its kind, in words.
    #[must_use]
    pub fn natural_key(&self) -> Vec<String> {
        self.kind
            .identity
            .key()
            .iter()
            .map(|at| self.values[*at].key_part(self.kind.fields[*at].ty))
            .collect()
    }

    /// Its id as far as it follows from what the record says: from its natural key, or from the id that the sender gave.
    /// Nothing that another tenant sends has the same id.
    #[must_use]
    pub fn own_id(&self, tenant: TenantId) -> Option<Uuid> {
        match self.kind.identity {
            Identity::Key(_) => Some(identity::natural_id(tenant, self.kind.name, &self.natural_key())),
            Identity::Given(_) | Identity::Fresh => {
                self.given_id.map(|id| identity::given_id(tenant, self.kind.name, id))
            }
        }
    }

    /// The same with an id made of all that it says, where neither a key nor its sender gave one: read out of a file twice,
    /// it is the same record. A time that was left out says nothing.
    #[must_use]
    pub fn known_by_content(mut self) -> Self {
        if self.given_id.is_some() || matches!(self.kind.identity, Identity::Key(_)) {
            return self;
        }
        let said =
            self.values.iter().enumerate().filter(|(at, _)| self.has_own_time || *at != self.kind.time);
        let said: Vec<String> = said.map(|(_, value)| format!("{value:?}")).collect();
        self.given_id = Some(identity::natural_id(TenantId::FIRST, self.kind.name, &said));
        self
    }

    /// Whether `self`, sent again, says what is `stored`: a time that was left out counts as the stored one.
    #[must_use]
    pub fn says_the_same(&self, stored: &Self) -> bool {
        let counts = |at: usize| self.has_own_time || at != self.kind.time;
        self.kind == stored.kind
            && self
                .values
                .iter()
                .zip(&stored.values)
                .enumerate()
                .all(|(at, (ours, theirs))| ours == theirs || !counts(at))
    }

    /// What `stored` says once this is put in its place: names stay where none came, and so does a time that was left out.
    #[must_use]
    pub fn in_place_of(mut self, stored: &Self) -> Self {
        self.given_id = None;
        if !self.has_own_time {
            self.values[self.kind.time] = stored.values[self.kind.time].clone();
            self.has_own_time = true;
        }
        self.with_names_of(stored)
    }

    /// The same with names of `other` where it has none of its own.
    #[must_use]
    pub fn with_names_of(mut self, other: &Self) -> Self {
        for (name, others) in self.names.iter_mut().zip(&other.names) {
            if name.is_none() {
                name.clone_from(others);
            }
        }
        self
    }

    /// The same as if the source had given no time.
    #[must_use]
    pub fn without_own_time(self) -> Self {
        Self { has_own_time: false, ..self }
    }
}

/// A record as the ledger holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its id, the same here and in Dataverse unless another program made the row.
    pub id: Uuid,
    /// Counts from 1 with each correction; the entity tag of the record.
    pub revision: i64,
    /// When it came in.
    pub received_at: Timestamp,
    /// When Dataverse acknowledged it.
    pub exported_at: Option<Timestamp>,
    /// What it says.
    pub record: Record,
}

#[cfg(test)]
mod tests;
