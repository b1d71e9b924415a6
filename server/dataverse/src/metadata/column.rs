//! Columns to be made: their types and limits.

use serde_json::{Map, Value, json};

use super::label::label;

/// A column to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnDefinition {
    /// With the publisher's prefix, in any case (`apex_RunId`); the logical name is the same in lower case.
    pub schema_name: String,
    /// What people see above it.
    pub display_name: String,
    /// What people are told about it.
    pub description: String,
    /// Shown to people as required; the Web API enforces nothing.
    pub required: bool,
    /// What it holds.
    pub kind: ColumnKind,
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnKind {
    /// One line, up to 4,000 characters.
    Text {
        /// In characters.
        max_length: u32,
    },
    /// Many lines, up to 1,048,576 characters.
    Memo {
        /// In characters.
        max_length: u32,
    },
    /// A whole number of 32 bits.
    Integer {
        /// The smallest.
        min: i32,
        /// The largest.
        max: i32,
    },
    /// A whole number of 64 bits.
    BigInteger,
    /// Exact, with up to 10 digits after the point.
    Decimal {
        /// Digits after the point.
        precision: u8,
        /// The smallest.
        min: f64,
        /// The largest.
        max: f64,
    },
    /// A floating point number, with up to 5 digits after the point.
    Double {
        /// Digits after the point.
        precision: u8,
        /// The smallest.
        min: f64,
        /// The largest.
        max: f64,
    },
    /// An amount in a currency.
    Money {
        /// Digits after the point.
        precision: u8,
        /// The smallest.
        min: f64,
        /// The largest.
        max: f64,
    },
    /// One of two.
    Boolean {
        /// What people see for true.
        yes: String,
        /// What people see for false.
        no: String,
    },
    /// A time or a day.
    DateTime(TimeBehaviour),
    /// One of several options.
    Choice(Vec<ChoiceOption>),
    /// Any of several options.
    MultiChoice(Vec<ChoiceOption>),
    /// A choice shared between tables, by its name.
    GlobalChoice(String),
}

/// What a time means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeBehaviour {
    /// An instant, shown to each person in their own zone.
    UserLocal,
    /// A clock reading that is the same everywhere.
    TimeZoneIndependent,
    /// A day of the calendar.
    DateOnly,
}

/// One option of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceOption {
    /// What is stored.
    pub value: i32,
    /// What people see.
    pub label: String,
}

impl ChoiceOption {
    /// An option with its number and label.
    pub fn new(value: i32, label: impl Into<String>) -> Self {
        Self { value, label: label.into() }
    }
}

impl ColumnDefinition {
    /// A column that may be left empty, without a description.
    pub fn new(schema_name: impl Into<String>, display_name: impl Into<String>, kind: ColumnKind) -> Self {
        Self {
            schema_name: schema_name.into(),
            display_name: display_name.into(),
            description: String::new(),
            required: false,
            kind,
        }
    }

    /// Shown to people as required.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Tells people what it is for.
    #[must_use]
    pub fn described(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// The name in rows and queries.
    pub fn logical_name(&self) -> String {
        self.schema_name.to_ascii_lowercase()
    }

    pub(super) fn to_json(&self, is_primary_name: bool) -> Value {
        let mut column = self.kind.to_json();
        let required = if self.required { "ApplicationRequired" } else { "None" };
        column.insert("SchemaName".to_owned(), self.schema_name.clone().into());
        column.insert("DisplayName".to_owned(), label(&self.display_name));
        column.insert("Description".to_owned(), label(&self.description));
        column.insert("RequiredLevel".to_owned(), json!({ "Value": required }));
        if is_primary_name {
            column.insert("IsPrimaryName".to_owned(), true.into());
        }
        Value::Object(column)
    }
}

impl ColumnKind {
    /// The `AttributeType` under which such a column is listed.
    pub fn attribute_type(&self) -> &'static str {
        match self {
            Self::Text { .. } => "String",
            Self::Memo { .. } => "Memo",
            Self::Integer { .. } => "Integer",
            Self::BigInteger => "BigInt",
            Self::Decimal { .. } => "Decimal",
            Self::Double { .. } => "Double",
            Self::Money { .. } => "Money",
            Self::Boolean { .. } => "Boolean",
            Self::DateTime(_) => "DateTime",
            Self::Choice(_) | Self::GlobalChoice(_) => "Picklist",
            // `AttributeType` says Virtual; `AttributeTypeName` says what it is.
            Self::MultiChoice(_) => "MultiSelectPicklist",
        }
    }

    fn to_json(&self) -> Map<String, Value> {
        let name = self.attribute_type();
        let attribute_type = if name == "MultiSelectPicklist" { "Virtual" } else { name };
        let mut column = Map::from_iter([
            ("@odata.type".to_owned(), format!("Microsoft.Dynamics.CRM.{name}AttributeMetadata").into()),
            ("AttributeType".to_owned(), attribute_type.into()),
            ("AttributeTypeName".to_owned(), json!({ "Value": format!("{name}Type") })),
        ]);
        let more = match self {
            Self::Text { max_length } => {
                json!({ "MaxLength": max_length, "FormatName": { "Value": "Text" } })
            }
            Self::Memo { max_length } => json!({ "MaxLength": max_length, "Format": "TextArea" }),
            Self::Integer { min, max } => json!({ "MinValue": min, "MaxValue": max, "Format": "None" }),
            Self::BigInteger => json!({}),
            Self::Decimal { precision, min, max } | Self::Double { precision, min, max } => {
                json!({ "Precision": precision, "MinValue": min, "MaxValue": max })
            }
            Self::Money { precision, min, max } => {
                json!({ "Precision": precision, "PrecisionSource": 0, "MinValue": min, "MaxValue": max })
            }
            Self::Boolean { yes, no } => json!({
                "DefaultValue": false,
                "OptionSet": {
                    "@odata.type": "Microsoft.Dynamics.CRM.BooleanOptionSetMetadata",
                    "TrueOption": { "Value": 1, "Label": label(yes) },
                    "FalseOption": { "Value": 0, "Label": label(no) },
                    "OptionSetType": "Boolean",
                },
            }),
            Self::DateTime(behaviour) => json!({
                "Format": if *behaviour == TimeBehaviour::DateOnly { "DateOnly" } else { "DateAndTime" },
                "DateTimeBehavior": { "Value": behaviour.name() },
            }),
            Self::Choice(options) | Self::MultiChoice(options) => json!({
                "OptionSet": {
                    "@odata.type": "Microsoft.Dynamics.CRM.OptionSetMetadata",
                    "IsGlobal": false, "OptionSetType": "Picklist", "Options": options_json(options),
                },
            }),
            Self::GlobalChoice(choice) => json!({
                "GlobalOptionSet@odata.bind": format!("/GlobalOptionSetDefinitions(Name='{choice}')"),
            }),
        };
        if let Value::Object(more) = more {
            column.extend(more);
        }
        column
    }
}

impl TimeBehaviour {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::UserLocal => "UserLocal",
            Self::TimeZoneIndependent => "TimeZoneIndependent",
            Self::DateOnly => "DateOnly",
        }
    }
}

pub(super) fn options_json(options: &[ChoiceOption]) -> Value {
    options.iter().map(|option| json!({ "Value": option.value, "Label": label(&option.label) })).collect()
}
