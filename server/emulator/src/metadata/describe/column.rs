//! Columns as JSON: what all have, and what each type adds.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::schema::{Behaviour, CellKind, ChoiceOf, Column, Table};

use super::{UNKNOWN_TIME, label, managed, merge};

/// `AttributeTypeName` without `Type`.
fn column_type(column: &Column) -> &'static str {
    match (column.logical.as_str(), column.custom) {
        ("statecode", false) => "State",
        ("statuscode", false) => "Status",
        ("ownerid", false) => "Owner",
        _ => column.kind.name(),
    }
}

/// The type of the definition, without `AttributeMetadata`: an owner's is a lookup's, an id's has a capital more.
pub(super) fn definition_type(column: &Column) -> &'static str {
    match column_type(column) {
        "Owner" => "Lookup",
        "Uniqueidentifier" => "UniqueIdentifier",
        other => other,
    }
}

pub(super) fn column_json(table: &Table, column: &Column) -> Value {
    let name = column_type(column);
    let attribute_type = if name == "MultiSelectPicklist" { "Virtual" } else { name };
    let mut json = json!({
        "@odata.type": format!("#Microsoft.Dynamics.CRM.{}AttributeMetadata", definition_type(column)),
        "MetadataId": column.id,
        "LogicalName": column.logical,
        "SchemaName": column.schema_name,
        "EntityLogicalName": table.logical,
        "DisplayName": label(&column.display),
        "Description": label(&column.description),
        "AttributeType": attribute_type,
        "AttributeTypeName": { "Value": format!("{name}Type") },
        "AttributeOf": null,
        "ColumnNumber": table.columns.iter().position(|known| known.id == column.id).map(|at| at + 1),
        "RequiredLevel": {
            "Value": column.required, "CanBeChanged": true,
            "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings",
        },
        "IsCustomAttribute": column.custom,
        "IsManaged": false,
        "IsPrimaryId": column.kind == CellKind::Id,
        "IsPrimaryName": column.logical == table.primary_name,
        "IsValidForCreate": column.writable,
        "IsValidForUpdate": column.writable && column.kind != CellKind::Id,
        "IsValidForRead": true,
        "IsCustomizable": managed("IsCustomizable", true),
        "IsLogical": !column.is_stored(),
    });
    merge(&mut json, settings(column));
    let more = match &column.kind {
        CellKind::Text { max_length } => {
            let format = column.format.as_deref().unwrap_or("Text");
            json!({
                "MaxLength": max_length, "Format": format, "FormatName": { "Value": format }, "ImeMode": "Auto",
                "AutoNumberFormat": "", "IsLocalizable": false, "DatabaseLength": max_length * 2, "YomiOf": null,
                "FormulaDefinition": "", "SourceTypeMask": 0,
            })
        }
        CellKind::Memo { max_length } => {
            let format = column.format.as_deref().unwrap_or("TextArea");
            json!({
                "MaxLength": max_length, "Format": format, "FormatName": { "Value": format }, "ImeMode": "Auto",
                "IsLocalizable": false,
            })
        }
        CellKind::Integer { min, max } => {
            json!({
                "MinValue": min, "MaxValue": max, "Format": column.format.as_deref().unwrap_or("None"),
                "FormulaDefinition": "", "SourceTypeMask": 0,
            })
        }
        CellKind::BigInteger | CellKind::Version => json!({ "MinValue": i64::MIN, "MaxValue": i64::MAX }),
        CellKind::Decimal { scale, min, max } => {
            json!({
                "Precision": scale, "MinValue": min, "MaxValue": max, "ImeMode": "Disabled",
                "FormulaDefinition": "", "SourceTypeMask": 0,
            })
        }
        CellKind::Money { precision, min, max } => {
            json!({
                "Precision": precision, "PrecisionSource": 0, "MinValue": min, "MaxValue": max, "ImeMode": "Disabled",
                "IsBaseCurrency": column.logical.ends_with("_base") && !column.writable, "CalculationOf": null,
                "FormulaDefinition": "", "SourceTypeMask": 0,
            })
        }
        CellKind::Double { precision, min, max } => {
            json!({ "Precision": precision, "MinValue": min, "MaxValue": max, "ImeMode": "Disabled" })
        }
        CellKind::Boolean { default, .. } => {
            json!({ "DefaultValue": default, "FormulaDefinition": "", "SourceTypeMask": 0 })
        }
        CellKind::DateTime(behaviour) => json!({
            "Format": match column.format.as_deref() {
                Some(format) => format,
                None if *behaviour == Behaviour::DateOnly => "DateOnly",
                None => "DateAndTime",
            },
            "DateTimeBehavior": { "Value": format!("{behaviour:?}") },
            "CanChangeDateTimeBehavior": managed("CanChangeDateTimeBehavior", column.custom),
            "ImeMode": "Inactive",
            "MinSupportedValue": "1753-01-01T00:00:00Z",
            "MaxSupportedValue": "9999-12-31T23:59:59Z",
            "FormulaDefinition": "",
            "SourceTypeMask": 0,
        }),
        CellKind::Choice(ChoiceOf::Own { default, .. }) => choice(default.unwrap_or(-1)),
        CellKind::Choice(_) | CellKind::MultiChoice(_) => choice(-1),
        CellKind::Lookup { .. } | CellKind::Fixed(_) => {
            json!({ "Targets": targets(column), "Format": "None" })
        }
        CellKind::Id | CellKind::Guid => json!({}),
    };
    merge(&mut json, more);
    json
}

fn choice(default: i32) -> Value {
    json!({
        "DefaultFormValue": default, "ParentPicklistLogicalName": null, "ChildPicklistLogicalNames": [],
        "FormulaDefinition": "", "SourceTypeMask": 0,
    })
}

/// An owner is a user or a team, though no team owns anything here.
fn targets(column: &Column) -> Vec<&str> {
    let team = (column_type(column) == "Owner").then_some("team");
    column.target().into_iter().chain(team).collect()
}

/// What the cloud lets administrators set, and the emulator does not heed.
fn settings(column: &Column) -> Value {
    json!({
        "IsAuditEnabled": managed("CanModifyAuditSettings", false),
        "IsGlobalFilterEnabled": managed("CanModifyGlobalFilterSettings", false),
        "IsSortableEnabled": managed("CanModifyIsSortableSettings", false),
        "IsValidForAdvancedFind": managed("CanModifySearchSettings", true),
        "IsRenameable": managed("IsRenameable", column.custom),
        "CanModifyAdditionalSettings": managed("CanModifyAdditionalSettings", true),
        "IsSecured": false,
        "CanBeSecuredForRead": false,
        "CanBeSecuredForCreate": false,
        "CanBeSecuredForUpdate": false,
        "IsFilterable": false,
        "IsSearchable": false,
        "IsRetrievable": column.kind == CellKind::Id,
        "IsDataSourceSecret": false,
        "IsRequiredForForm": false,
        "IsValidForForm": true,
        "IsValidForGrid": true,
        "SourceType": if column.kind == CellKind::Id || column.is_lookup() { Value::Null } else { 0.into() },
        "AutoNumberFormat": null,
        "CreatedOn": UNKNOWN_TIME,
        "DeprecatedVersion": null,
        "ExternalName": null,
        "HasChanged": null,
        "InheritsFrom": null,
        "IntroducedVersion": "1.0",
        "IsValidODataAttribute": true,
        "LinkedAttributeId": null,
        "ModifiedOn": UNKNOWN_TIME,
    })
}

pub(super) fn yes_no_json(column: &Column) -> Value {
    let CellKind::Boolean { yes, no, .. } = &column.kind else { return Value::Null };
    let option = |value: i32, text: &str| json!({ "Value": value, "Label": label(text), "Description": label(""), "Color": null, "IsManaged": false, "ExternalValue": null, "ParentValues": [], "Tag": null, "IsHidden": false, "MetadataId": null, "HasChanged": null });
    json!({
        "@odata.type": "#Microsoft.Dynamics.CRM.BooleanOptionSetMetadata",
        "MetadataId": Uuid::new_v5(&column.id, b"OptionSet"),
        "Name": format!("own_{}", column.logical),
        "DisplayName": label(&column.display),
        "IsGlobal": false,
        "IsManaged": false,
        "IsCustomOptionSet": true,
        "OptionSetType": "Boolean",
        "TrueOption": option(1, yes),
        "FalseOption": option(0, no),
        "Description": label(""),
        "ExternalTypeName": null,
        "HasChanged": null,
        "IntroducedVersion": "1.0",
        "IsCustomizable": managed("IsCustomizable", true),
    })
}
