//! Definitions as JSON, in the metadata API's own words.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::organisation::Organisation;
use crate::schema::{
    Behaviour, ChoiceOf, Column, FixedLookup, GlobalChoice, Key, KeyState, Kind, OnDelete, OptionItem,
    Schema, Table,
};
use crate::security::of_table;

/// Anything that has a definition.
#[derive(Clone, Copy)]
pub(super) enum Thing<'a> {
    Table(&'a Table),
    Column(&'a Table, &'a Column),
    Key(&'a Table, &'a Key),
    /// A lookup column, seen as the relationship that it is.
    Relationship(&'a Table, &'a Column),
    Choice(&'a GlobalChoice),
    /// A choice that belongs to one column.
    OwnChoice(&'a Column, Uuid, &'a [OptionItem]),
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
                let lookups = table.columns.iter().filter(|c| matches!(c.kind, Kind::Lookup { .. }));
                Related::Many(lookups.map(|column| Thing::Relationship(table, column)).collect())
            }
            (Self::Table(table), "OneToManyRelationships") => {
                let lookups =
                    schema.referencing(&table.logical).filter(|(_, c)| matches!(c.kind, Kind::Lookup { .. }));
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
        }
    }
}

fn choice_of<'a>(schema: &'a Schema, column: &'a Column, own_too: bool) -> Option<Thing<'a>> {
    let (Kind::Choice(choice) | Kind::MultiChoice(choice)) = &column.kind else { return None };
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

/// `AttributeTypeName` without `Type`.
fn column_type(column: &Column) -> &'static str {
    match (column.logical.as_str(), column.custom) {
        ("statecode", false) => "State",
        ("statuscode", false) => "Status",
        ("ownerid", false) => "Owner",
        _ => column.kind.name(),
    }
}

fn column_json(table: &Table, column: &Column) -> Value {
    let name = column_type(column);
    let attribute_type = if name == "MultiSelectPicklist" { "Virtual" } else { name };
    let mut json = json!({
        "@odata.type": format!("#Microsoft.Dynamics.CRM.{name}AttributeMetadata"),
        "MetadataId": column.id,
        "LogicalName": column.logical,
        "SchemaName": column.schema_name,
        "EntityLogicalName": table.logical,
        "DisplayName": label(&column.display),
        "Description": label(&column.description),
        "AttributeType": attribute_type,
        "AttributeTypeName": { "Value": format!("{name}Type") },
        "AttributeOf": null,
        "RequiredLevel": { "Value": column.required, "CanBeChanged": true },
        "IsCustomAttribute": column.custom,
        "IsManaged": false,
        "IsPrimaryId": column.kind == Kind::Id,
        "IsPrimaryName": column.logical == table.primary_name,
        "IsValidForCreate": column.writable,
        "IsValidForUpdate": column.writable && column.kind != Kind::Id,
        "IsValidForRead": true,
        "IsCustomizable": managed(true),
        "IsLogical": !column.is_stored(),
    });
    let more = match &column.kind {
        Kind::Text { max_length } => {
            json!({ "MaxLength": max_length, "Format": "Text", "FormatName": { "Value": "Text" } })
        }
        Kind::Memo { max_length } => json!({ "MaxLength": max_length, "Format": "TextArea" }),
        Kind::Integer { min, max } => json!({ "MinValue": min, "MaxValue": max, "Format": "None" }),
        Kind::BigInteger | Kind::Version => json!({ "MinValue": i64::MIN, "MaxValue": i64::MAX }),
        Kind::Decimal { scale, min, max } => json!({ "Precision": scale, "MinValue": min, "MaxValue": max }),
        Kind::Money { precision, min, max } => {
            json!({ "Precision": precision, "PrecisionSource": 0, "MinValue": min, "MaxValue": max })
        }
        Kind::Double { precision, min, max } => {
            json!({ "Precision": precision, "MinValue": min, "MaxValue": max })
        }
        Kind::Boolean { yes, no, default } => json!({
            "DefaultValue": default,
            "OptionSet": {
                "TrueOption": { "Value": 1, "Label": label(yes) },
                "FalseOption": { "Value": 0, "Label": label(no) },
            },
        }),
        Kind::DateTime(behaviour) => json!({
            "Format": if *behaviour == Behaviour::DateOnly { "DateOnly" } else { "DateAndTime" },
            "DateTimeBehavior": { "Value": format!("{behaviour:?}") },
            "MinSupportedValue": "1753-01-01T00:00:00Z",
        }),
        Kind::Choice(ChoiceOf::Own { default, .. }) => json!({ "DefaultFormValue": default.unwrap_or(-1) }),
        Kind::Choice(_) | Kind::MultiChoice(_) => json!({ "DefaultFormValue": -1 }),
        Kind::Lookup { .. } => json!({ "Targets": [column.target()] }),
        Kind::Fixed(FixedLookup::Nobody) => json!({ "Targets": [] }),
        Kind::Fixed(fixed) => json!({ "Targets": [fixed.target()] }),
        Kind::Id | Kind::Guid => json!({}),
    };
    merge(&mut json, more);
    json
}

fn merge(into: &mut Value, more: Value) {
    if let (Some(into), Value::Object(more)) = (into.as_object_mut(), more) {
        into.extend(more);
    }
}

fn key_json(organisation: &Organisation, table: &Table, key: &Key) -> Value {
    json!({
        "MetadataId": key.id,
        "LogicalName": key.logical,
        "SchemaName": key.schema_name,
        "EntityLogicalName": table.logical,
        "DisplayName": label(&key.display),
        "KeyAttributes": key.columns,
        "EntityKeyIndexStatus": match organisation.key_state(key) {
            KeyState::Pending(_) => "Pending",
            KeyState::Active => "Active",
            KeyState::Failed => "Failed",
        },
        "IsManaged": false,
    })
}

fn relationship_json(table: &Table, column: &Column) -> Value {
    let Kind::Lookup { target, navigation, relationship, relationship_id, on_delete } = &column.kind else {
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
