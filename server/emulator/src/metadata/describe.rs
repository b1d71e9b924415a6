//! Definitions as JSON, in the metadata API's own words.

mod column;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::organisation::Organisation;
use crate::schema::{
    AlternateKey, CellKind, ChoiceOf, Column, GlobalChoice, KeyState, OnDelete, OptionItem, Schema, Table,
};
use crate::security::of_table;

use column::{column_json, column_type, yes_no_json};

/// Anything that has a definition.
#[derive(Clone, Copy)]
pub(super) enum Thing<'a> {
    Table(&'a Table),
    Column(&'a Table, &'a Column),
    Key(&'a Table, &'a AlternateKey),
    /// A lookup column, seen as the relationship that it is.
    Relationship(&'a Table, &'a Column),
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
                let lookups = table.columns.iter().filter(|c| matches!(c.kind, CellKind::Lookup { .. }));
                Related::Many(lookups.map(|column| Thing::Relationship(table, column)).collect())
            }
            (Self::Table(table), "OneToManyRelationships") => {
                let lookups = schema
                    .referencing(&table.logical)
                    .filter(|(_, c)| matches!(c.kind, CellKind::Lookup { .. }));
                Related::Many(lookups.map(|(child, column)| Thing::Relationship(child, column)).collect())
            }
            (Self::Table(_), "ManyToManyRelationships") => Related::Many(Vec::new()),
            (Self::Column(_, column), "OptionSet") => Related::One(choice_of(schema, column, true)),
            (Self::Column(_, column), "GlobalOptionSet") => Related::One(choice_of(schema, column, false)),
            _ => return None,
        })
    }

    /// The type's name without `Microsoft.Dynamics.CRM.`, by which it can be cast to.
    pub(super) fn type_name(self) -> String {
        match self {
            Self::Table(_) => "EntityMetadata".to_owned(),
            Self::Column(_, column) => format!("{}AttributeMetadata", column_type(column)),
            Self::Key(..) => "EntityKeyMetadata".to_owned(),
            Self::Relationship(..) => "OneToManyRelationshipMetadata".to_owned(),
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

pub(super) fn label(text: &str) -> Value {
    let localized = json!({ "Label": text, "LanguageCode": 1033, "IsManaged": false, "HasChanged": null });
    json!({ "LocalizedLabels": [localized.clone()], "UserLocalizedLabel": localized })
}

fn managed(value: bool) -> Value {
    json!({ "Value": value, "CanBeChanged": true })
}

fn table_json(table: &Table) -> Value {
    json!({
        "MetadataId": table.id,
        "LogicalName": table.logical,
        "SchemaName": table.schema_name,
        "EntitySetName": table.set,
        "LogicalCollectionName": table.set,
        "CollectionSchemaName": format!("{}s", table.schema_name),
        "DisplayName": label(&table.display),
        "DisplayCollectionName": label(&table.display_collection),
        "Description": label(&table.description),
        "OwnershipType": if table.user_owned { "UserOwned" } else { "OrganizationOwned" },
        "PrimaryIdAttribute": table.primary_id(),
        "PrimaryNameAttribute": table.primary_name,
        "ObjectTypeCode": 10_000 + table.number,
        "TableType": "Standard",
        "ChangeTrackingEnabled": table.change_tracking,
        "IsCustomEntity": table.custom,
        "IsManaged": false,
        "IsActivity": false,
        "IsPrivate": false,
        "IsIntersect": false,
        "IsLogicalEntity": false,
        "IsValidForAdvancedFind": true,
        "IsOptimisticConcurrencyEnabled": true,
        "IsCustomizable": managed(true),
        "CanCreateAttributes": managed(true),
        "HasActivities": false,
        "HasNotes": false,
        "DataProviderId": null,
        "Privileges": of_table(table).map(|privilege| privilege.to_json()).collect::<Vec<_>>(),
    })
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
    })
}

fn relationship_json(table: &Table, column: &Column) -> Value {
    let CellKind::Lookup { target, navigation, relationship, relationship_id, on_delete } = &column.kind
    else {
        return Value::Null;
    };
    let delete = match on_delete {
        OnDelete::RemoveLink => "RemoveLink",
        OnDelete::Restrict => "Restrict",
        OnDelete::Cascade => "Cascade",
    };
    json!({
        "@odata.type": "#Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata",
        "MetadataId": relationship_id,
        "SchemaName": relationship,
        "RelationshipType": "OneToManyRelationship",
        "IsCustomRelationship": column.custom,
        "IsManaged": false,
        "ReferencedEntity": target,
        "ReferencedAttribute": format!("{target}id"),
        "ReferencedEntityNavigationPropertyName": relationship,
        "ReferencingEntity": table.logical,
        "ReferencingAttribute": column.logical,
        "ReferencingEntityNavigationPropertyName": navigation,
        "CascadeConfiguration": {
            "Assign": "NoCascade", "Delete": delete, "Merge": "NoCascade", "Reparent": "NoCascade",
            "Share": "NoCascade", "Unshare": "NoCascade",
        },
    })
}

fn choice_json(id: Uuid, name: &str, display: &str, global: bool, options: &[OptionItem]) -> Value {
    let options: Vec<Value> = options
        .iter()
        .map(|option| {
            json!({
                "Value": option.value, "Label": label(&option.label), "Description": label(""), "Color": null,
                "IsManaged": false,
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
    })
}
