//! Relationships as JSON: lookups, seen as what they are to the tables on both ends, and the one of many to many
//! \[D:webapi/reference/onetomanyrelationshipmetadata, manytomanyrelationshipmetadata\].

use serde_json::{Value, json};
use uuid::Uuid;

use crate::schema::{CellKind, Column, FixedLookup, OnDelete, Schema, Table, system_relationships};

use super::{Thing, label, managed, merge};

/// The one relationship of many to many.
const ROLES: &str = "systemuserroles_association";
const ROLES_ID: Uuid = Uuid::from_u128(0x5a3c_1fe2_8a0d_4e7b_9b52_c1d0_7e55_0002);

/// All of the organisation.
pub(in crate::metadata) fn all(schema: &Schema) -> impl Iterator<Item = Thing<'_>> {
    schema.tables().flat_map(|table| of(table)).chain([Thing::UserRoles])
}

/// Those of a table's lookups; the system's own come last.
pub(super) fn of(table: &Table) -> impl Iterator<Item = Thing<'_>> {
    let (own, system): (Vec<_>, Vec<_>) = table
        .columns
        .iter()
        .filter(|column| column.is_lookup())
        .partition(|column| matches!(column.kind, CellKind::Lookup { .. }));
    own.into_iter().chain(system).map(move |column| Thing::Relationship(table, column))
}

/// Those by which rows point at a table's.
pub(super) fn pointing_at<'a>(schema: &'a Schema, table: &'a Table) -> impl Iterator<Item = Thing<'a>> {
    schema
        .referencing(&table.logical)
        .filter(|(child, column)| system_relationships::partner(child, column).is_some())
        .map(|(child, column)| Thing::Relationship(child, column))
}

/// Those of many to many.
pub(super) fn many_to_many(table: &Table) -> impl Iterator<Item = Thing<'_>> {
    matches!(table.logical.as_str(), "systemuser" | "role").then_some(Thing::UserRoles).into_iter()
}

/// The name by which a relationship is asked for.
pub(in crate::metadata) fn name(thing: Thing<'_>) -> Option<String> {
    match thing {
        Thing::Relationship(table, column) => {
            system_relationships::name(table, column).map(std::borrow::Cow::into_owned)
        }
        Thing::UserRoles => Some(ROLES.to_owned()),
        _ => None,
    }
}

/// One of the system's own has no id but that which follows from its column's.
pub(in crate::metadata) fn id(column: &Column) -> Uuid {
    match &column.kind {
        CellKind::Lookup { relationship_id, .. } => *relationship_id,
        _ => Uuid::new_v5(&column.id, b"relationship"),
    }
}

pub(in crate::metadata) fn user_roles_id() -> Uuid {
    ROLES_ID
}

pub(super) fn relationship_json(table: &Table, column: &Column) -> Value {
    let name = system_relationships::name(table, column);
    let target = system_relationships::target(column).unwrap_or_default();
    let mut json = json!({
        "@odata.type": "#Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata",
        "MetadataId": id(column),
        "SchemaName": name,
        "RelationshipType": "OneToManyRelationship",
        "IsCustomRelationship": column.custom,
        "ReferencedEntity": target,
        "ReferencedAttribute": format!("{target}id"),
        "ReferencedEntityNavigationPropertyName": name,
        "ReferencingEntity": table.logical,
        "ReferencingAttribute": column.logical,
        "ReferencingEntityNavigationPropertyName": column.navigation(),
        "CascadeConfiguration": {
            "Archive": "NoCascade", "Assign": "NoCascade", "Delete": on_delete(column), "Merge": "NoCascade",
            "Reparent": "NoCascade", "RollupView": "NoCascade", "Share": "NoCascade", "Unshare": "NoCascade",
        },
        "AssociatedMenuConfiguration": menu(column.custom),
        "DenormalizedAttributeName": null,
        "EntityKey": null,
        "IsDenormalizedLookup": false,
        "IsHierarchical": false,
        "IsRelationshipAttributeDenormalized": false,
        "RelationshipAttributes": [],
        "RelationshipBehavior": 0,
    });
    merge(&mut json, settings(column.custom));
    json
}

pub(super) fn user_roles_json() -> Value {
    let mut json = json!({
        "@odata.type": "#Microsoft.Dynamics.CRM.ManyToManyRelationshipMetadata",
        "MetadataId": ROLES_ID,
        "SchemaName": ROLES,
        "RelationshipType": "ManyToManyRelationship",
        "IsCustomRelationship": false,
        "IntersectEntityName": "systemuserroles",
        "Entity1LogicalName": "systemuser",
        "Entity1IntersectAttribute": "systemuserid",
        "Entity1NavigationPropertyName": ROLES,
        "Entity1AssociatedMenuConfiguration": menu(false),
        "Entity2LogicalName": "role",
        "Entity2IntersectAttribute": "roleid",
        "Entity2NavigationPropertyName": ROLES,
        "Entity2AssociatedMenuConfiguration": menu(false),
    });
    merge(&mut json, settings(false));
    json
}

fn on_delete(column: &Column) -> &'static str {
    match &column.kind {
        CellKind::Lookup { on_delete: OnDelete::RemoveLink, .. } => "RemoveLink",
        CellKind::Lookup { on_delete: OnDelete::Restrict, .. }
        | CellKind::Fixed(FixedLookup::BusinessUnit) => "Restrict",
        CellKind::Lookup { on_delete: OnDelete::Cascade, .. } => "Cascade",
        _ => "NoCascade",
    }
}

/// What all relationships have, and the emulator does not heed.
fn settings(custom: bool) -> Value {
    json!({
        "HasChanged": null,
        "IntroducedVersion": "1.0",
        "IsCustomizable": managed("IsCustomizable", custom),
        "IsManaged": false,
        "IsValidForAdvancedFind": true,
        "SecurityTypes": if custom { "Append" } else { "None" },
    })
}

/// Where a page would show the rows on the other side: nothing is shown here.
fn menu(shown: bool) -> Value {
    json!({
        "Behavior": if shown { "UseCollectionName" } else { "DoNotDisplay" },
        "Group": "Details", "Label": label(""), "Order": if shown { 10_000.into() } else { Value::Null },
        "IsCustomizable": true, "Icon": null, "ViewId": Uuid::nil(), "AvailableOffline": true, "MenuId": null,
        "QueryApi": null,
    })
}
