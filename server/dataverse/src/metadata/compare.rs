//! What a table lacks of what it should be, and what stands in the way. Wider than wanted is never in the way.

use super::column::{ChoiceOption, ColumnDefinition, ColumnKind};
use super::definition::{KeyDefinition, LookupDefinition, TableDefinition};
use super::table::{ColumnMetadata, IndexStatus, TableMetadata};

/// One thing in which a table is not what it should be.
#[derive(Clone, Debug, PartialEq)]
pub enum TableDifference {
    /// The column is missing.
    Column(ColumnDefinition),
    /// The choice of this column lacks an option, which can have this number.
    Option {
        /// The column's logical name.
        column: String,
        /// The option that is missing.
        choice: ChoiceOption,
    },
    /// The alternate key is missing.
    Key(KeyDefinition),
    /// Change tracking is off.
    ChangeTracking,
    /// Something is there that cannot hold what it should: a sentence that names it. It has to be mended by hand.
    Conflict(String),
}

impl TableMetadata {
    /// Everything in which this table is not what is wanted. What it has beyond that is left alone.
    pub fn compare(&self, wanted: &TableDefinition) -> Vec<TableDifference> {
        let mut found = Vec::new();
        for column in &wanted.columns {
            match self.column(&column.logical_name()) {
                None => found.push(TableDifference::Column(column.clone())),
                Some(standing) => match standing.conflict(column) {
                    Some(reason) => {
                        found.push(TableDifference::Conflict(format!("{}: {reason}", self.logical_name)));
                    }
                    None => found.extend(standing.missing_options(&column.kind)),
                },
            }
        }
        for key in &wanted.keys {
            found.extend(self.compare_key(key));
        }
        if wanted.change_tracking && !self.change_tracking {
            found.push(TableDifference::ChangeTracking);
        }
        found
    }

    fn compare_key(&self, wanted: &KeyDefinition) -> Option<TableDifference> {
        let mut columns: Vec<&str> = wanted.columns.iter().map(String::as_str).collect();
        columns.sort_unstable();
        let standing = self.keys.iter().find(|key| {
            let mut theirs: Vec<&str> = key.columns.iter().map(String::as_str).collect();
            theirs.sort_unstable();
            theirs == columns
        });
        match standing {
            None => Some(TableDifference::Key(wanted.clone())),
            Some(key) if key.status == IndexStatus::Failed => Some(TableDifference::Conflict(format!(
                "{}: the index of key `{}` could not be built, since rows share its values",
                self.logical_name, key.schema_name
            ))),
            Some(_) => None,
        }
    }

    /// Whether the lookup is there: `None` if it is missing, and a sentence if something else has its name.
    pub fn compare_lookup(&self, wanted: &LookupDefinition) -> Option<Result<(), String>> {
        let column = self.column(&wanted.lookup_schema_name.to_ascii_lowercase())?;
        let name = format!("{}: `{}`", self.logical_name, column.logical_name);
        if !matches!(column.kind.as_str(), "Lookup" | "Customer" | "Owner") {
            return Some(Err(format!("{name} is {}, not Lookup", column.kind)));
        }
        if !column.targets.contains(&wanted.referenced) {
            let targets = column.targets.join(", ");
            return Some(Err(format!("{name} points at {targets}, not at {}", wanted.referenced)));
        }
        Some(Ok(()))
    }
}

impl ColumnMetadata {
    /// Options are known by their labels, whatever number each has; a number that is taken is replaced by the next free.
    fn missing_options(&self, wanted: &ColumnKind) -> Vec<TableDifference> {
        let (ColumnKind::Choice(wanted) | ColumnKind::MultiChoice(wanted)) = wanted else {
            return Vec::new();
        };
        let mut numbers: Vec<i32> = self.options.iter().map(|option| option.value).collect();
        let known = |label: &str| self.options.iter().any(|option| option.label.eq_ignore_ascii_case(label));
        let mut found = Vec::new();
        for option in wanted.iter().filter(|option| !known(&option.label)) {
            let mut value = option.value;
            if numbers.contains(&value) {
                value = numbers.iter().max().map_or(value, |highest| highest.saturating_add(1));
            }
            numbers.push(value);
            let choice = ChoiceOption::new(value, option.label.clone());
            found.push(TableDifference::Option { column: self.logical_name.clone(), choice });
        }
        found
    }

    /// The number of the option that people see under this label.
    pub fn option(&self, label: &str) -> Option<i32> {
        self.options.iter().find(|option| option.label.eq_ignore_ascii_case(label)).map(|option| option.value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::metadata::column::TimeBehaviour;

    fn table() -> TableMetadata {
        let column = |name: &str, kind: &str, more: serde_json::Value| {
            let mut column =
                json!({ "LogicalName": name, "AttributeTypeName": { "Value": format!("{kind}Type") } });
            column.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            column
        };
        let mut table = TableMetadata::read(&json!({
            "MetadataId": uuid::Uuid::nil(), "LogicalName": "x_t", "SchemaName": "x_T", "EntitySetName": "x_ts",
            "PrimaryIdAttribute": "x_tid", "ChangeTrackingEnabled": false,
            "Attributes": [
                column("x_text", "String", json!({ "MaxLength": 50 })),
                column("x_level", "Picklist", json!({})),
                column("x_at", "DateTime", json!({ "DateTimeBehavior": { "Value": "UserLocal" } })),
                column("x_other", "Lookup", json!({ "Targets": ["x_a"] })),
            ],
            "Keys": [{ "SchemaName": "x_k", "KeyAttributes": ["b", "a"], "EntityKeyIndexStatus": "Active" }],
        }))
        .unwrap();
        table.columns[1].options = vec![ChoiceOption::new(1, "Low"), ChoiceOption::new(3, "High")];
        table
    }

    fn wanted(column: ColumnDefinition) -> TableDefinition {
        TableDefinition::new("x_T", "T", "Ts", "x_name").column(column)
    }

    #[test]
    fn missing_is_told_from_conflicting() {
        let check = |kind: ColumnKind, name: &str, part: Option<&str>| {
            let found = table().compare(&wanted(ColumnDefinition::new(name, "n", kind)));
            match part {
                None => assert!(found.is_empty(), "{found:?}"),
                Some(part) => assert!(format!("{found:?}").contains(part), "{found:?}"),
            }
        };
        check(ColumnKind::Text { max_length: 50 }, "x_Text", None);
        check(
            ColumnKind::Text { max_length: 51 },
            "x_Text",
            Some("Conflict(\"x_t: `x_text` has too small a length"),
        );
        check(ColumnKind::BigInteger, "x_Text", Some("is String, not BigInt"));
        check(ColumnKind::BigInteger, "x_New", Some("Column("));
        check(ColumnKind::DateTime(TimeBehaviour::DateOnly), "x_at", Some("not DateOnly"));
        let mut tracked =
            wanted(ColumnDefinition::new("x_text", "n", ColumnKind::Text { max_length: 5 })).tracked();
        tracked.keys = vec![
            KeyDefinition {
                schema_name: "x_k".into(),
                display_name: "k".into(),
                columns: vec!["a".into(), "b".into()],
            },
            KeyDefinition { schema_name: "x_l".into(), display_name: "l".into(), columns: vec!["a".into()] },
        ];
        let found = table().compare(&tracked);
        assert!(
            matches!(&found[..], [TableDifference::Key(key), TableDifference::ChangeTracking] if key.schema_name == "x_l"),
            "{found:?}"
        );
    }

    #[test]
    fn options_are_matched_by_label() {
        let options = ["low", "middle", "top"]
            .iter()
            .zip(1..)
            .map(|(label, at)| ChoiceOption::new(at, *label))
            .collect();
        let found =
            table().compare(&wanted(ColumnDefinition::new("x_level", "n", ColumnKind::Choice(options))));
        let option = |value, label: &str| TableDifference::Option {
            column: "x_level".into(),
            choice: ChoiceOption::new(value, label),
        };
        assert_eq!(found, [option(2, "middle"), option(4, "top")]);
        assert_eq!(table().column("x_level").unwrap().option("HIGH"), Some(3));
    }

    #[test]
    fn lookups_exist_lack_or_conflict() {
        let lookup = |name: &str, to: &str| LookupDefinition {
            schema_name: "x_r".into(),
            referenced: to.into(),
            referencing: "x_t".into(),
            lookup_schema_name: name.into(),
            display_name: "n".into(),
        };
        assert_eq!(table().compare_lookup(&lookup("x_new", "x_a")), None);
        assert_eq!(table().compare_lookup(&lookup("x_Other", "x_a")), Some(Ok(())));
        assert!(
            table().compare_lookup(&lookup("x_other", "x_b")).unwrap().unwrap_err().contains("points at x_a")
        );
        assert!(
            table().compare_lookup(&lookup("x_text", "x_a")).unwrap().unwrap_err().contains("not Lookup")
        );
    }
}
