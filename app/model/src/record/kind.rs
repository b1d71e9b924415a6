//! One kind of record, described once: everything that reads, stores, sends, lists or forgets records asks here.

use super::{Field, FieldFault, Record, Target, Value, draft::member_names};
use crate::time::{DAY, Timestamp};

/// Everything that there is to know about one kind of record.
#[derive(Debug)]
pub struct Kind {
    /// As in the natural key, in addresses and in logs: `campaign-run`.
    pub name: &'static str,
    /// What people call it: `campaign run`.
    pub noun: &'static str,
    /// Its table in the ledger.
    pub table: &'static str,
    /// Its fields, in the order of their columns.
    pub fields: &'static [Field],
    /// What makes a record the same one.
    pub identity: Identity,
    /// Position in `fields` of the time by which records are listed and counted. Every record has it.
    pub time: usize,
    /// What its fields point at.
    pub pointers: &'static [Pointer],
    /// Rules that concern more than one field.
    pub rules: Rules,
    /// What one record is called.
    pub title: fn(&Record) -> String,
    /// How Dataverse gets it; none where the ledger alone keeps it.
    pub delivery: Option<Destination>,
    /// For how long it is kept; none: for ever.
    pub retention: Option<Days>,
    /// How it is reached over HTTP, if at all.
    pub api: Option<Api>,
    /// Positions of the numbers that rollups add up.
    pub measures: &'static [usize],
    /// Positions of the numbers whose percentiles rollups tell.
    pub sketches: &'static [usize],
    /// Positions of the fields by which rollups are told apart.
    pub dimensions: &'static [usize],
    /// Positions of two fields each: what the first one says, and what the second one ever said beside it, is kept.
    pub pairs: &'static [[usize; 2]],
}

/// What makes a record the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The content of these fields, by their positions.
    Key(&'static [usize]),
    /// A UUID that the sender may give under this JSON name; else as `Fresh`.
    Given(&'static str),
    /// Nothing: each record that is sent is another one.
    Fresh,
}

impl Identity {
    /// Positions of the fields that make the key, where there is one.
    #[must_use]
    pub const fn key(self) -> &'static [usize] {
        if let Self::Key(fields) = self { fields } else { &[] }
    }

    /// The JSON name of the id that a sender may give.
    #[must_use]
    pub const fn given(self) -> Option<&'static str> {
        if let Self::Given(json) = self { Some(json) } else { None }
    }
}

/// A field that holds the id of something else.
#[derive(Clone, Copy, Debug)]
pub struct Pointer {
    /// Position in `fields`.
    pub field: usize,
    /// What its value points at.
    pub target: &'static Target,
    /// The name of what it points at may come along under this JSON name.
    pub name: Option<NameMember>,
}

/// A member of the JSON object that names what a field points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameMember {
    /// The member's name.
    pub json: &'static str,
    /// How long the name may be.
    pub max_chars: usize,
}

/// What holds between fields.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// What is wrong, when each field is right by itself.
    pub check: fn(&[Value]) -> Vec<FieldFault>,
    /// Fills in what is computed from the other fields.
    pub derive: fn(&mut [Value]),
    /// What is odd, though nothing forbids it.
    pub warn: fn(&Record) -> Vec<FieldFault>,
}

impl Rules {
    /// No rules beyond those of the fields.
    pub const NONE: Self = Self { check: |_| Vec::new(), derive: |_| (), warn: |_| Vec::new() };
}

/// The table that Dataverse keeps a kind in, under its default names, and when records are sent there.
#[derive(Clone, Copy, Debug)]
pub struct Destination {
    /// The table's logical name.
    pub logical_name: &'static str,
    /// The name of its rows as a set, as in addresses.
    pub entity_set: &'static str,
    /// The column of its primary key.
    pub primary_key: &'static str,
    /// What people read as the table's name.
    pub display_name: &'static str,
    /// When records are sent.
    pub policy: Policy,
}

/// When a kind's records are sent to Dataverse, which counts every row against the day's entitlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Each as soon as it is there.
    Every,
    /// Each as it is at midnight (UTC), however often it changed by then.
    Daily,
}

impl Policy {
    /// When what comes or changes now is to be sent.
    #[must_use]
    pub const fn due(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Every => now,
            Self::Daily => Timestamp::from_micros((now.micros().div_euclid(DAY) + 1) * DAY),
        }
    }
}

/// A number of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Days(pub u32);

/// A kind's address and its words there.
#[derive(Clone, Copy, Debug)]
pub struct Api {
    /// The path of its collection, as in `/api/metrics/campaign`.
    pub path: &'static str,
    /// What a list calls its items.
    pub plural: &'static str,
    /// Filters of a list: parameter, and the position of the field it is compared with.
    pub filters: &'static [(&'static str, usize)],
    /// What the OpenAPI document calls one record.
    pub schema: &'static str,
    /// A record as JSON that can be sent.
    pub example: &'static str,
}

impl Kind {
    /// When what comes or changes now is to be sent, if ever.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Option<Timestamp> {
        self.delivery.as_ref().map(|delivery| delivery.policy.due(now))
    }

    /// The table as people know it: Dataverse's, else the ledger's.
    #[must_use]
    pub const fn shown_table(&self) -> &'static str {
        match &self.delivery {
            Some(delivery) => delivery.logical_name,
            None => self.table,
        }
    }

    /// How many bytes a record's values take up at the most.
    #[must_use]
    pub fn bytes_max(&self) -> usize {
        self.fields.iter().map(|field| field.ty.bytes_max()).sum()
    }

    /// The JSON names of what makes a record the same one.
    pub fn key_names(&self) -> impl Iterator<Item = &'static str> {
        self.identity.key().iter().map(|at| self.fields[*at].json)
    }

    /// The JSON names of everything that a sender may fill: fields, what they point at by name, an id of its own.
    pub fn sent_names(&self) -> impl Iterator<Item = &'static str> {
        member_names(self)
    }

    /// The field of this name in JSON, with its place.
    #[must_use]
    pub fn field(&self, json: &str) -> Option<(usize, &'static Field)> {
        self.fields.iter().enumerate().find(|(_, field)| field.json == json)
    }
}

/// Two kinds are the same when they have the same name.
impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
impl Eq for Kind {}

/// Some kinds, in the order in which they are shown.
#[derive(Clone, Copy, Debug)]
pub struct Kinds(&'static [&'static Kind]);

impl Kinds {
    /// A list of kinds; each name stands in it once.
    #[must_use]
    pub const fn new(kinds: &'static [&'static Kind]) -> Self {
        Self(kinds)
    }

    /// The kind of this name.
    #[must_use]
    pub fn of_name(self, name: &str) -> Option<&'static Kind> {
        self.iter().find(|kind| kind.name == name)
    }

    /// The kinds, in the order in which they are listed.
    pub fn iter(self) -> impl ExactSizeIterator<Item = &'static Kind> + Clone {
        self.0.iter().copied()
    }

    /// Those that Dataverse gets, and how.
    pub fn delivered(self) -> impl Iterator<Item = (&'static Kind, &'static Destination)> + Clone {
        self.iter().filter_map(|kind| Some((kind, kind.delivery.as_ref()?)))
    }

    /// Those that are reached over HTTP, and how.
    pub fn with_api(self) -> impl Iterator<Item = (&'static Kind, &'static Api)> + Clone {
        self.iter().filter_map(|kind| Some((kind, kind.api.as_ref()?)))
    }
}

impl IntoIterator for Kinds {
    type Item = &'static Kind;
    type IntoIter = std::iter::Copied<std::slice::Iter<'static, &'static Kind>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().copied()
    }
}
