//! What a source says of a record, field by field, before any rule was asked. JSON, a row of Dataverse, a span, a table of
//! another program: each becomes a draft in its own way, and every draft becomes a record in this one.

use std::borrow::Cow;

use uuid::Uuid;

use super::{
    FieldFault, Kind, Need, Pointer, Record, Value,
    check::{Texts, check, check_id, check_name},
};
use crate::time::Timestamp;

/// A record as its source gives it, before the kind's rules are held against it.
#[derive(Debug)]
pub struct Draft<'a> {
    kind: &'static Kind,
    /// In the order of the kind's fields.
    fields: Vec<Option<Given<'a>>>,
    /// In the order of the kind's pointers.
    names: Vec<Option<Given<'a>>>,
    id: Option<Given<'a>>,
    /// What the source itself found wrong.
    faults: Vec<FieldFault>,
}

/// One field as its source gives it.
#[derive(Clone, Debug)]
pub enum Given<'a> {
    Text(Cow<'a, str>),
    /// A text that no Unicode text is.
    NotUnicode,
    /// As it is written, so that every digit counts.
    Number(Cow<'a, str>),
    Whole(i64),
    Flag(bool),
    Null,
    /// An object or an array, as JSON.
    Json(Cow<'a, str>),
    Time(Timestamp),
    Uuid(Uuid),
}

impl Given<'_> {
    /// The same without what it borrows.
    #[must_use]
    pub fn into_owned(self) -> Given<'static> {
        match self {
            Self::Text(text) => Given::Text(Cow::Owned(text.into_owned())),
            Self::Number(written) => Given::Number(Cow::Owned(written.into_owned())),
            Self::Json(json) => Given::Json(Cow::Owned(json.into_owned())),
            Self::NotUnicode => Given::NotUnicode,
            Self::Whole(number) => Given::Whole(number),
            Self::Flag(flag) => Given::Flag(flag),
            Self::Null => Given::Null,
            Self::Time(at) => Given::Time(at),
            Self::Uuid(id) => Given::Uuid(id),
        }
    }

    /// What it looks like, for a message that must not repeat it.
    pub(super) fn shape(&self) -> &'static str {
        match self {
            Self::Text(_) | Self::NotUnicode | Self::Time(_) | Self::Uuid(_) => "a text",
            Self::Number(_) | Self::Whole(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::Null => "null",
            Self::Json(json) if json.starts_with('{') => "an object",
            Self::Json(_) => "an array",
        }
    }
}

/// A member that a sender may fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    Field(usize),
    Name(usize),
    Id,
}

impl Member {
    pub(super) fn of(kind: &Kind, json: &str) -> Option<Self> {
        if let Some((at, field)) = kind.field(json) {
            return (field.need != Need::Derived).then_some(Self::Field(at));
        }
        let is_named = |pointer: &Pointer| pointer.name.is_some_and(|name| name.json == json);
        let name = kind.pointers.iter().position(is_named).map(Self::Name);
        name.or_else(|| (kind.identity.given() == Some(json)).then_some(Self::Id))
    }
}

/// The JSON names of everything that a sender may fill.
pub(super) fn member_names(kind: &Kind) -> impl Iterator<Item = &'static str> {
    let fields = kind.fields.iter().filter(|field| field.need != Need::Derived).map(|field| field.json);
    let names = kind.pointers.iter().filter_map(|pointer| Some(pointer.name?.json));
    fields.chain(names).chain(kind.identity.given())
}

impl<'a> Draft<'a> {
    /// A draft in which nothing is given yet.
    #[must_use]
    pub fn new(kind: &'static Kind) -> Self {
        Self {
            kind,
            fields: vec![None; kind.fields.len()],
            names: vec![None; kind.pointers.len()],
            id: None,
            faults: Vec::new(),
        }
    }

    /// Says what the field at this position holds.
    pub fn set(&mut self, at: usize, given: Given<'a>) {
        self.fields[at] = Some(given);
    }

    /// Says what the field, or whatever else a sender may fill, of this JSON name holds.
    pub fn give(&mut self, json: &str, given: Given<'a>) {
        match Member::of(self.kind, json) {
            Some(member) => *self.place(member) = Some(given),
            None => self.faults.push(FieldFault::new(json, "is not a field of this record")),
        }
    }

    /// Says what the thing is called to which the pointer at this position points.
    pub fn set_name(&mut self, at: usize, given: Given<'a>) {
        self.names[at] = Some(given);
    }

    pub(super) fn place(&mut self, member: Member) -> &mut Option<Given<'a>> {
        match member {
            Member::Field(at) => &mut self.fields[at],
            Member::Name(at) => &mut self.names[at],
            Member::Id => &mut self.id,
        }
    }

    pub(super) const fn faults(&mut self) -> &mut Vec<FieldFault> {
        &mut self.faults
    }

    /// Makes the record. `now` is the time of arrival.
    ///
    /// # Errors
    /// Every field that is wrong or missing.
    pub fn accept(self, now: Timestamp) -> Result<Record, Vec<FieldFault>> {
        self.made(now, Texts::New)
    }

    /// Makes the record out of what was taken in here once and comes back: its texts kept to the rules of their day, which
    /// may have been fewer.
    ///
    /// # Errors
    /// Every field that is wrong or missing.
    pub fn accept_again(self, now: Timestamp) -> Result<Record, Vec<FieldFault>> {
        self.made(now, Texts::Known)
    }

    fn made(self, now: Timestamp, texts: Texts) -> Result<Record, Vec<FieldFault>> {
        let Self { kind, fields, names, id, mut faults } = self;
        let has_own_time = fields[kind.time].is_some();
        let mut values = Vec::with_capacity(kind.fields.len());
        for (field, given) in kind.fields.iter().zip(&fields) {
            values.push(check(field, given.as_ref(), now, texts).unwrap_or_else(|message| {
                faults.push(FieldFault::new(field.json, message));
                Value::Nothing
            }));
        }
        let mut named = Vec::with_capacity(names.len());
        for (given, pointer) in names.iter().zip(kind.pointers) {
            let name = given.as_ref().zip(pointer.name).and_then(|(given, name)| {
                let text = check_name(given, name.max_chars, texts);
                text.map_err(|message| faults.push(FieldFault::new(name.json, message))).ok()
            });
            named.push(name);
        }
        let given_id = id.as_ref().and_then(|given| {
            let id = check_id(given);
            let name = kind.identity.given().unwrap_or_default();
            id.map_err(|message| faults.push(FieldFault::new(name, message))).ok()
        });
        faults.extend((kind.rules.check)(&values));
        if !faults.is_empty() {
            return Err(faults);
        }
        (kind.rules.derive)(&mut values);
        Ok(Record { kind, values, names: named, has_own_time, given_id })
    }
}
