//! Tables as they are, read back from the organisation, to be compared with what is wanted.

use serde_json::Value;
use uuid::Uuid;

use super::column::{ChoiceOption, ColumnDefinition, ColumnKind, TimeBehaviour};
use super::label::text;
use crate::error::Error;

/// A table as the organisation describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct TableMetadata {
    /// Its id among definitions.
    pub metadata_id: Uuid,
    /// The name in metadata.
    pub logical_name: String,
    /// The name as it was given, with its casing.
    pub schema_name: String,
    /// The name in addresses.
    pub entity_set_name: String,
    /// The primary key column.
    pub primary_id: String,
    /// The column that names a row to people.
    pub primary_name: String,
    /// Whether changes can be asked for.
    pub change_tracking: bool,
    /// All its columns, the server's own among them.
    pub columns: Vec<ColumnMetadata>,
    /// Its alternate keys.
    pub keys: Vec<TableKey>,
}

/// A column as the organisation describes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnMetadata {
    /// The name in rows and queries.
    pub logical_name: String,
    /// The name as it was given, with its casing.
    pub schema_name: String,
    /// What people see above it.
    pub display_name: String,
    /// `AttributeTypeName` without its `Type` at the end: `String`, `Picklist`, `MultiSelectPicklist`, `Lookup`, ….
    pub kind: String,
    /// For text: in characters.
    pub max_length: Option<u32>,
    /// For numbers: digits after the point.
    pub precision: Option<u8>,
    /// For numbers: the smallest.
    pub min: Option<f64>,
    /// For numbers: the largest.
    pub max: Option<f64>,
    /// What a time means: `UserLocal`, `TimeZoneIndependent`, `DateOnly`.
    pub behaviour: Option<String>,
    /// For choices: what there is to choose from.
    pub options: Vec<ChoiceOption>,
    /// The name of the global choice that it uses.
    pub global_choice: Option<String>,
    /// Tables that a lookup may point at.
    pub targets: Vec<String>,
    /// The navigation property to bind a lookup by, in its own casing.
    pub navigation: Option<String>,
    /// The schema name of the relationship that a lookup is the column of.
    pub relationship: Option<String>,
}

/// An alternate key as the organisation describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableKey {
    /// The name as it was given.
    pub schema_name: String,
    /// Logical names.
    pub columns: Vec<String>,
    /// How far its index is.
    pub status: IndexStatus,
}

/// How far the index of an alternate key is; it can be used once it is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexStatus {
    /// Not begun.
    Pending,
    /// Being built.
    InProgress,
    /// The key can be used.
    Active,
    /// Rows share the key's values; see [`TableKey`].
    Failed,
}

impl TableMetadata {
    pub(super) fn read(table: &Value) -> Result<Self, Error> {
        let logical_name = required(table, "LogicalName")?;
        let mut columns: Vec<ColumnMetadata> =
            array(table, "Attributes").iter().map(ColumnMetadata::read).collect::<Result<_, _>>()?;
        for relationship in array(table, "ManyToOneRelationships") {
            let referencing = string(relationship, "ReferencingAttribute");
            if let Some(column) = columns.iter_mut().find(|c| Some(&c.logical_name) == referencing.as_ref()) {
                column.navigation = string(relationship, "ReferencingEntityNavigationPropertyName");
                column.relationship = string(relationship, "SchemaName");
            }
        }
        Ok(Self {
            metadata_id: required(table, "MetadataId")?
                .parse()
                .map_err(|_| Error::Malformed("a MetadataId that is no id".to_owned()))?,
            schema_name: required(table, "SchemaName")?,
            entity_set_name: required(table, "EntitySetName")?,
            primary_id: required(table, "PrimaryIdAttribute")?,
            primary_name: string(table, "PrimaryNameAttribute").unwrap_or_default(),
            change_tracking: table.get("ChangeTrackingEnabled").and_then(Value::as_bool).unwrap_or_default(),
            keys: array(table, "Keys").iter().map(TableKey::read).collect::<Result<_, _>>()?,
            columns,
            logical_name,
        })
    }

    pub(super) fn add_choices(&mut self, columns: &[Value]) {
        for described in columns {
            let name = string(described, "LogicalName");
            let Some(column) = self.columns.iter_mut().find(|c| Some(&c.logical_name) == name.as_ref())
            else {
                continue;
            };
            let own = described.get("OptionSet").filter(|set| !set.is_null());
            let global = described.get("GlobalOptionSet").filter(|set| !set.is_null());
            if let Some(set) = global.or(own) {
                column.options = options(set.get("Options"));
            }
            column.global_choice = global.and_then(|set| string(set, "Name"));
        }
    }

    /// The column of this logical name.
    pub fn column(&self, logical_name: &str) -> Option<&ColumnMetadata> {
        self.columns.iter().find(|column| column.logical_name == logical_name)
    }
}

impl ColumnMetadata {
    fn read(column: &Value) -> Result<Self, Error> {
        let behaviour = column.get("DateTimeBehavior").and_then(|b| string(b, "Value"));
        Ok(Self {
            logical_name: required(column, "LogicalName")?,
            schema_name: string(column, "SchemaName").unwrap_or_default(),
            display_name: text(column.get("DisplayName")).unwrap_or_default(),
            kind: column
                .get("AttributeTypeName")
                .and_then(|t| string(t, "Value"))
                .map(|t| t.trim_end_matches("Type").to_owned())
                .or_else(|| string(column, "AttributeType"))
                .unwrap_or_default(),
            max_length: number(column, "MaxLength"),
            precision: number(column, "Precision").and_then(|p| u8::try_from(p).ok()),
            min: column.get("MinValue").and_then(Value::as_f64),
            max: column.get("MaxValue").and_then(Value::as_f64),
            behaviour,
            options: Vec::new(),
            global_choice: None,
            targets: array(column, "Targets").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            navigation: None,
            relationship: None,
        })
    }

    /// What stands in the way of using this column as the one wanted; `None` if nothing does. Wider limits than wanted
    /// are no obstacle.
    pub fn conflict(&self, wanted: &ColumnDefinition) -> Option<String> {
        let kind = wanted.kind.attribute_type();
        if self.kind != kind {
            return Some(format!("`{}` is {}, not {kind}", self.logical_name, self.kind));
        }
        let narrow = |what: &str| Some(format!("`{}` has too small a {what}", self.logical_name));
        match &wanted.kind {
            ColumnKind::Text { max_length } | ColumnKind::Memo { max_length }
                if self.max_length.is_some_and(|has| has < *max_length) =>
            {
                narrow("length")
            }
            ColumnKind::Decimal { precision, min, max }
            | ColumnKind::Double { precision, min, max }
            | ColumnKind::Money { precision, min, max } => {
                if self.precision.is_some_and(|has| has < *precision) {
                    return narrow("precision");
                }
                self.narrower_than(*min, *max)
            }
            ColumnKind::Integer { min, max } => self.narrower_than(f64::from(*min), f64::from(*max)),
            ColumnKind::DateTime(wanted) => self
                .behaviour
                .as_deref()
                .filter(|has| *has != wanted.name())
                .map(|has| format!("`{}` holds times as {has}, not {}", self.logical_name, wanted.name())),
            _ => None,
        }
    }

    fn narrower_than(&self, min: f64, max: f64) -> Option<String> {
        let narrow = self.min.is_some_and(|has| has > min) || self.max.is_some_and(|has| has < max);
        narrow.then(|| format!("`{}` has too small a range", self.logical_name))
    }

    /// What a time in this column means, if it holds times.
    pub fn date_behaviour(&self) -> Option<TimeBehaviour> {
        match self.behaviour.as_deref()? {
            "UserLocal" => Some(TimeBehaviour::UserLocal),
            "TimeZoneIndependent" => Some(TimeBehaviour::TimeZoneIndependent),
            "DateOnly" => Some(TimeBehaviour::DateOnly),
            _ => None,
        }
    }
}

impl TableKey {
    fn read(key: &Value) -> Result<Self, Error> {
        Ok(Self {
            schema_name: required(key, "SchemaName")?,
            columns: array(key, "KeyAttributes")
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            status: match string(key, "EntityKeyIndexStatus").as_deref() {
                Some("Active") => IndexStatus::Active,
                Some("InProgress") => IndexStatus::InProgress,
                Some("Failed") => IndexStatus::Failed,
                _ => IndexStatus::Pending,
            },
        })
    }
}

pub(super) fn options(list: Option<&Value>) -> Vec<ChoiceOption> {
    let list = list.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    list.iter()
        .filter_map(|option| {
            let value = option.get("Value")?.as_i64().and_then(|v| i32::try_from(v).ok())?;
            Some(ChoiceOption { value, label: text(option.get("Label")).unwrap_or_default() })
        })
        .collect()
}

fn array<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn string(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(str::to_owned)
}

fn number(value: &Value, name: &str) -> Option<u32> {
    value.get(name)?.as_u64().and_then(|n| u32::try_from(n).ok())
}

fn required(value: &Value, name: &str) -> Result<String, Error> {
    string(value, name).ok_or_else(|| Error::Malformed(format!("a definition without {name}")))
}
