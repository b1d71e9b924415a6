//! Columns as JSON: what all have, and what each type adds.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::schema::{Behaviour, CellKind, ChoiceOf, Column, FixedLookup, Table};

use super::{label, managed};

/// `AttributeTypeName` without `Type`.
pub(super) fn column_type(column: &Column) -> &'static str {
    match (column.logical.as_str(), column.custom) {
        ("statecode", false) => "State",
        ("statuscode", false) => "Status",
        ("ownerid", false) => "Owner",
        _ => column.kind.name(),
    }
}

pub(super) fn column_json(table: &Table, column: &Column) -> Value {
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
        "IsPrimaryId": column.kind == CellKind::Id,
        "IsPrimaryName": column.logical == table.primary_name,
        "IsValidForCreate": column.writable,
        "IsValidForUpdate": column.writable && column.kind != CellKind::Id,
        "IsValidForRead": true,
        "IsCustomizable": managed(true),
        "IsLogical": !column.is_stored(),
    });
    merge(&mut json, settings(column));
    let more = match &column.kind {
        CellKind::Text { max_length } => {
            let format = column.format.as_deref().unwrap_or("Text");
            json!({
                "MaxLength": max_length, "Format": format, "FormatName": { "Value": format }, "ImeMode": "Auto",
                "AutoNumberFormat": "", "IsLocalizable": false, "DatabaseLength": max_length * 2, "YomiOf": null,
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
            json!({ "MinValue": min, "MaxValue": max, "Format": column.format.as_deref().unwrap_or("None") })
        }
        CellKind::BigInteger | CellKind::Version => json!({ "MinValue": i64::MIN, "MaxValue": i64::MAX }),
        CellKind::Decimal { scale, min, max } => {
            json!({ "Precision": scale, "MinValue": min, "MaxValue": max, "ImeMode": "Disabled" })
        }
        CellKind::Money { precision, min, max } => {
            json!({ "Precision": precision, "PrecisionSource": 0, "MinValue": min, "MaxValue": max, "ImeMode": "Disabled", "IsBaseCurrency": false,
                "CalculationOf": null })
        }
        CellKind::Double { precision, min, max } => {
            json!({ "Precision": precision, "MinValue": min, "MaxValue": max, "ImeMode": "Disabled" })
        }
        CellKind::Boolean { default, .. } => json!({
            "DefaultValue": default,
        }),
        CellKind::DateTime(behaviour) => json!({
            "Format": match column.format.as_deref() {
                Some(format) => format,
                None if *behaviour == Behaviour::DateOnly => "DateOnly",
                None => "DateAndTime",
            },
            "DateTimeBehavior": { "Value": format!("{behaviour:?}") },
            "CanChangeDateTimeBehavior": managed(column.custom),
            "ImeMode": "Inactive",
            "MinSupportedValue": "1753-01-01T00:00:00Z",
            "MaxSupportedValue": "9999-12-31T23:59:59Z",
        }),
        CellKind::Choice(ChoiceOf::Own { default, .. }) => {
            json!({ "DefaultFormValue": default.unwrap_or(-1) })
        }
        CellKind::Choice(_) | CellKind::MultiChoice(_) => json!({ "DefaultFormValue": -1 }),
        CellKind::Lookup { .. } => json!({ "Targets": [column.target()] }),
        CellKind::Fixed(FixedLookup::Nobody) => json!({ "Targets": [] }),
        CellKind::Fixed(fixed) => json!({ "Targets": [fixed.target()] }),
        CellKind::Id | CellKind::Guid => json!({}),
    };
    merge(&mut json, more);
    json
}

/// What the cloud lets administrators set, and the emulator does not heed.
fn settings(column: &Column) -> Value {
    json!({
        "IsAuditEnabled": managed(false),
        "IsGlobalFilterEnabled": managed(false),
        "IsSortableEnabled": managed(false),
        "IsValidForAdvancedFind": managed(true),
        "IsRenameable": managed(column.custom),
        "CanModifyAdditionalSettings": managed(true),
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
        "LinkedAttributeId": null,
        "DeprecatedVersion": null,
        "ExternalName": null,
        "HasChanged": null,
    })
}

fn merge(into: &mut Value, more: Value) {
    if let (Some(into), Value::Object(more)) = (into.as_object_mut(), more) {
        into.extend(more);
    }
}

pub(super) fn yes_no_json(column: &Column) -> Value {
    let CellKind::Boolean { yes, no, .. } = &column.kind else { return Value::Null };
    let option = |value: i32, text: &str| json!({ "Value": value, "Label": label(text), "Description": label(""), "Color": null, "IsManaged": false });
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
    })
}
