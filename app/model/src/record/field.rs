//! One field of a kind: what it is called in JSON, in the ledger and in Dataverse, and what it may hold.

use crate::{
    decimal,
    time::{SECOND, Timestamp},
};

/// Dataverse's whole number ends here.
pub const WHOLE_MAX: i64 = 2_147_483_647;

/// One field of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name in JSON.
    pub json: &'static str,
    /// Its column in the ledger.
    pub column: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// What it may hold.
    pub ty: FieldType,
    /// Whether it has to be given.
    pub need: Need,
    /// Where Dataverse keeps it.
    pub remote: Remote,
}

/// What a field may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// One line. `max_chars` counts as Dataverse does, in UTF-16 units.
    Text {
        max_chars: usize,
    },
    /// Lines of text, with blanks at its ends and characters that steer the direction of writing.
    LongText {
        max_chars: usize,
        personal_data: PersonalData,
    },
    Whole {
        min: i64,
        max: i64,
    },
    /// `min` and `max` count units of the last decimal place.
    Decimal {
        scale: u8,
        min: i64,
        max: i64,
    },
    Time,
    Uuid,
    /// One of these labels.
    Choice(&'static [&'static str]),
    Flag,
    /// Kept in canonical form, which is at most `max_bytes` long.
    Json {
        root: JsonRoot,
        max_bytes: usize,
        personal_data: PersonalData,
    },
}

/// What is done about personal data in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonalData {
    Refused,
    Allowed,
}

/// What JSON begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonRoot {
    Object,
    Array,
}

/// How a value is kept. Stores know these and no field type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Storage {
    Text,
    Integer,
    Uuid,
}

/// Whether a field has to be given, and what holds where it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Required,
    /// Left out, it is 0 or false.
    DefaultZero,
    Optional,
    /// Left out, it is the time of arrival.
    DefaultNow,
    /// Computed here; a sender leaves it out.
    Derived,
}

/// Where Dataverse keeps a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remote {
    /// In a column of its own.
    Column(&'static str),
    /// As a lookup of this name: the row that the field points at.
    Lookup(&'static str),
    /// As a member of the JSON field at this position.
    Inside(usize),
    /// Nowhere.
    None,
}

impl Field {
    /// A required field that Dataverse does not know.
    #[must_use]
    pub const fn new(json: &'static str, column: &'static str, label: &'static str, ty: FieldType) -> Self {
        Self { json, column, label, ty, need: Need::Required, remote: Remote::None }
    }

    /// A text of at most `max_chars` characters, in one line and without personal data.
    #[must_use]
    pub const fn text(
        json: &'static str,
        column: &'static str,
        label: &'static str,
        max_chars: usize,
    ) -> Self {
        Self::new(json, column, label, FieldType::Text { max_chars })
    }

    /// A whole number from 0 on, as large as Dataverse's.
    #[must_use]
    pub const fn count(json: &'static str, column: &'static str, label: &'static str) -> Self {
        Self::new(json, column, label, FieldType::Whole { min: 0, max: WHOLE_MAX })
    }

    /// The same field with another need.
    #[must_use]
    pub const fn need(self, need: Need) -> Self {
        Self { need, ..self }
    }

    /// Kept by Dataverse in a column of this name.
    #[must_use]
    pub const fn dataverse(self, column: &'static str) -> Self {
        Self { remote: Remote::Column(column), ..self }
    }

    /// The same field, kept elsewhere in Dataverse.
    #[must_use]
    pub const fn remote(self, remote: Remote) -> Self {
        Self { remote, ..self }
    }

    /// Whether a record may be without it.
    #[must_use]
    pub const fn may_be_empty(&self) -> bool {
        matches!(self.need, Need::Optional | Need::Derived)
    }
}

impl FieldType {
    /// How a store keeps it.
    #[must_use]
    pub const fn storage(self) -> Storage {
        match self {
            Self::Text { .. } | Self::LongText { .. } | Self::Choice(_) | Self::Json { .. } => Storage::Text,
            Self::Whole { .. } | Self::Decimal { .. } | Self::Time | Self::Flag => Storage::Integer,
            Self::Uuid => Storage::Uuid,
        }
    }

    /// How many bytes a value takes up at the most.
    pub(super) fn bytes_max(self) -> usize {
        match self {
            // A UTF-16 unit has at most three bytes in UTF-8.
            Self::Text { max_chars } | Self::LongText { max_chars, .. } => 3 * max_chars,
            Self::Choice(labels) => labels.iter().map(|label| label.len()).max().unwrap_or(0),
            Self::Json { max_bytes, .. } => max_bytes,
            Self::Whole { .. } | Self::Decimal { .. } | Self::Time | Self::Uuid | Self::Flag => 16,
        }
    }

    /// What it has to be, as the end of `must be`.
    pub(super) fn rule(self) -> String {
        match self {
            Self::Text { max_chars } | Self::LongText { max_chars, .. } => {
                format!("a text of 1 to {max_chars} characters")
            }
            Self::Whole { min, max } => format!("a whole number from {min} to {max}"),
            Self::Decimal { scale, min, max } => {
                let min = if min == 0 { "0".to_owned() } else { decimal::format(min, scale) };
                format!("a decimal from {min} to {}, as a number or a text", decimal::format(max, scale))
            }
            Self::Time => "a time as in \"2026-11-21T09:30:00Z\"".to_owned(),
            Self::Uuid => "a UUID as in \"e6963b74-7ff1-5584-a42e-b887407b7717\"".to_owned(),
            Self::Choice(labels) => format!("one of {}", labels.join(", ")),
            Self::Flag => "true or false".to_owned(),
            Self::Json { root, max_bytes, .. } => format!("{} of at most {max_bytes} bytes", root.noun()),
        }
    }
}

impl JsonRoot {
    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "an array",
        }
    }
}

/// One field's content, by how it is kept. What a number means is said by the field's type: a decimal is a whole number
/// of its last place, a time counts microseconds, a flag is 0 or 1.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    Nothing,
    /// A text, the label of a choice, or canonical JSON.
    Text(String),
    Integer(i64),
    Uuid(uuid::Uuid),
}

impl Value {
    /// A text's content; empty for anything else.
    #[must_use]
    pub fn text(&self) -> &str {
        if let Self::Text(text) = self { text } else { "" }
    }

    /// A number's content.
    #[must_use]
    pub const fn number(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    /// A time's content.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        self.number().map(Timestamp::from_micros)
    }

    /// A UUID's content.
    #[must_use]
    pub const fn uuid(&self) -> Option<uuid::Uuid> {
        if let Self::Uuid(id) = self { Some(*id) } else { None }
    }

    /// How many bytes it takes up, about.
    #[must_use]
    pub const fn weight(&self) -> usize {
        if let Self::Text(text) = self { 16 + text.len() } else { 16 }
    }

    /// As a part of a natural key: what identifies a record has to be told from everything else, and Dataverse, which says it
    /// too, keeps times in whole seconds.
    pub(super) fn key_part(&self, ty: FieldType) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Integer(micros) if ty == FieldType::Time => {
                (micros.div_euclid(SECOND) * SECOND).to_string()
            }
            Self::Text(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Uuid(id) => id.to_string(),
        }
    }
}

/// The fields of a kind in their order, and a constant with each one's position.
macro_rules! fields {
    ($fields:ident: $($at:ident = $field:expr),+ $(,)?) => {
        $crate::record::field::fields!(@at 0usize; $($at)+);
        static $fields: &[$crate::record::Field] = &[$($field),+];
    };
    (@at $next:expr; $at:ident $($rest:ident)*) => {
        const $at: usize = $next;
        $crate::record::field::fields!(@at $at + 1; $($rest)*);
    };
    (@at $next:expr;) => {};
}
pub(super) use fields;
