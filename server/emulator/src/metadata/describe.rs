//! Definitions as JSON, in the metadata API's own words.

mod column;
pub(super) mod relationship;
mod table;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::organisation::Organisation;
use crate::schema::{
    AlternateKey, CellKind, ChoiceOf, Column, GlobalChoice, KeyState, OptionItem, Schema, Table,
};

use column::{column_json, definition_type, yes_no_json};
use relationship::{relationship_json, user_roles_json};
use table::table_json;

/// Anything that has a definition.
#[derive(Clone, Copy)]
pub(super) enum Thing<'a> {
    Table(&'a Table),
    Column(&'a Table, &'a Column),
    Key(&'a Table, &'a AlternateKey),
    /// A lookup column, seen as the relationship that it is.
    Relationship(&'a Table, &'a Column),
    /// The relationship of many to many between users and roles.
    UserRoles,
    Choice(&'a GlobalChoice),
    /// A choice that belongs to one column.
    OwnChoice(&'a Column, Uuid, &'a [OptionItem]),
    /// The two options of a yes or no.
    YesNo(&'a Column),
}

/// What is expanded from a definition.
pub(super) enum Related<'a> {
    Many(Vec<Thing<'a>>),
    One(Option<Thing<'a>>),
}

impl<'a> Thing<'a> {
    pub(super) fn to_json(self, organisation: &Organisation) -> Value {
        match self {
            Self::Table(table) => table_json(table),
            Self::Column(table, column) => column_json(table, column),
            Self::Key(table, key) => key_json(organisation, table, key),
            Self::Relationship(table, column) => relationship_json(table, column),
            Self::UserRoles => user_roles_json(),
            Self::Choice(choice) => {
                choice_json(choice.id, &choice.name, &choice.display, true, &choice.options)
            }
            Self::OwnChoice(column, id, options) => {
                let name = format!("own_{}", column.logical);
                choice_json(id, &name, &column.display, false, options)
            }
            Self::YesNo(column) => yes_no_json(column),
        }
    }

    /// What `$expand` or a further segment leads to.
    pub(super) fn related(self, schema: &'a Schema, name: &str) -> Option<Related<'a>> {
        Some(match (self, name) {
            (Self::Table(table), "Attributes") => {
                Related::Many(table.columns.iter().map(|c| Thing::Column(table, c)).collect())
            }
            (Self::Table(table), "Keys") => {
                Related::Many(table.keys.iter().map(|key| Thing::Key(table, key)).collect())
            }
            (Self::Table(table), "ManyToOneRelationships") => {
                Related::Many(relationship::of(table).collect())
            }
            (Self::Table(table), "OneToManyRelationships") => {
                Related::Many(relationship::pointing_at(schema, table).collect())
            }
            (Self::Table(table), "ManyToManyRelationships") => {
                Related::Many(relationship::many_to_many(table).collect())
            }
            (Self::Relationship(table, column), "Lookup") => Related::One(Some(Thing::Column(table, column))),
            (Self::Column(_, column), "OptionSet") => Related::One(choice_of(schema, column, true)),
            (Self::Column(_, column), "GlobalOptionSet") => Related::One(choice_of(schema, column, false)),
            _ => return None,
        })
    }

    /// Whether it can be cast to a type: its own, or one that is the base of that.
    pub(super) fn is_a(self, kind: &str) -> bool {
        let own = self.type_name();
        own == kind
            || kind == "MetadataBase"
            || match self {
                Self::Column(_, column) => {
                    let of_options = matches!(column.kind, CellKind::Choice(_) | CellKind::MultiChoice(_));
                    kind == "AttributeMetadata" || (kind == "EnumAttributeMetadata" && of_options)
                }
                Self::Relationship(..) | Self::UserRoles => kind == "RelationshipMetadataBase",
                Self::Choice(_) | Self::OwnChoice(..) | Self::YesNo(_) => kind == "OptionSetMetadataBase",
                Self::Table(_) | Self::Key(..) => false,
            }
    }

    /// The type's name without `Microsoft.Dynamics.CRM.`.
    pub(super) fn type_name(self) -> String {
        match self {
            Self::Table(_) => "EntityMetadata".to_owned(),
            Self::Column(_, column) => format!("{}AttributeMetadata", definition_type(column)),
            Self::Key(..) => "EntityKeyMetadata".to_owned(),
            Self::Relationship(..) => "OneToManyRelationshipMetadata".to_owned(),
            Self::UserRoles => "ManyToManyRelationshipMetadata".to_owned(),
            Self::Choice(_) | Self::OwnChoice(..) => "OptionSetMetadata".to_owned(),
            Self::YesNo(_) => "BooleanOptionSetMetadata".to_owned(),
        }
    }
}

fn choice_of<'a>(schema: &'a Schema, column: &'a Column, own_too: bool) -> Option<Thing<'a>> {
    if matches!(column.kind, CellKind::Boolean { .. }) {
        return own_too.then_some(Thing::YesNo(column));
    }
    let (CellKind::Choice(choice) | CellKind::MultiChoice(choice)) = &column.kind else { return None };
    match choice {
        ChoiceOf::Own { id, options, .. } => own_too.then_some(Thing::OwnChoice(column, *id, options)),
        ChoiceOf::Global(name) => schema.choice(name).map(|choice| Thing::Choice(choice)),
    }
}

/// What Dataverse says of definitions that are older than its memory.
const UNKNOWN_TIME: &str = "1900-01-01T00:00:00Z";

/// A label that nothing was written on is in no language.
pub(super) fn label(text: &str) -> Value {
    if text.is_empty() {
        return json!({ "LocalizedLabels": [], "UserLocalizedLabel": null });
    }
    let localized = json!({ "Label": text, "LanguageCode": 1033, "IsManaged": false, "HasChanged": null });
    json!({ "LocalizedLabels": [localized], "UserLocalizedLabel": localized })
}

/// A managed property, which nothing manages here. Its own name is the property's in lower case unless said otherwise.
fn managed(name: &str, value: bool) -> Value {
    json!({ "Value": value, "CanBeChanged": true, "ManagedPropertyLogicalName": name.to_ascii_lowercase() })
}

fn merge(into: &mut Value, more: Value) {
    if let (Some(into), Value::Object(more)) = (into.as_object_mut(), more) {
        into.extend(more);
    }
}

fn key_json(organisation: &Organisation, table: &Table, key: &AlternateKey) -> Value {
    json!({
        "MetadataId": key.id,
        "LogicalName": key.logical,
        "SchemaName": key.schema_name,
        "EntityLogicalName": table.logical,
        "DisplayName": label(&key.display),
        "KeyAttributes": key.columns,
        "EntityKeyIndexStatus": match organisation.key_state(key) {
            KeyState::Pending(_) | KeyState::Failing(_) => "Pending",
            KeyState::InProgress => "InProgress",
            KeyState::Active => "Active",
            KeyState::Failed => "Failed",
        },
        "IsManaged": false,
        "IsCustomizable": managed("IsCustomizable", true),
        "IsSecondaryKey": false,
        "IsSynchronous": false,
        "AsyncJob": null,
        "IntroducedVersion": "1.0",
        "HasChanged": null,
    })
}

fn choice_json(id: Uuid, name: &str, display: &str, global: bool, options: &[OptionItem]) -> Value {
    let options: Vec<Value> = options
        .iter()
        .map(|option| {
            json!({
                "Value": option.value, "Label": label(&option.label), "Description": label(""), "Color": null,
                "IsManaged": false, "ExternalValue": null, "ParentValues": [], "Tag": null, "IsHidden": false,
                "MetadataId": null, "HasChanged": null,
            })
        })
        .collect();
    json!({
        "@odata.type": "#Microsoft.Dynamics.CRM.OptionSetMetadata",
        "MetadataId": id,
        "Name": name,
        "DisplayName": label(display),
        "IsGlobal": global,
        "IsManaged": false,
        "IsCustomOptionSet": true,
        "OptionSetType": "Picklist",
        "Options": options,
        "Description": label(""),
        "ExternalTypeName": null,
        "HasChanged": null,
        "IntroducedVersion": "1.0",
        "IsCustomizable": managed("IsCustomizable", true),
        "ParentOptionSetName": null,
    })
}
