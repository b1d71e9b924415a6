//! Definitions out of JSON: `StringAttributeMetadata` and its kin, with or without `Complex` in front, both of which
//! `server/exchanges/metadata.http` records.

use serde_json::Value;
use uuid::Uuid;

use crate::fault::{Fault, Result};
use crate::schema::{Behaviour, CellKind, ChoiceOf, Column, OnDelete, OptionItem, Schema};

use super::{checked, checked_relationship};

/// The first value of a choice whose publisher's prefix is 10000.
const FIRST_OPTION: i32 = 100_000_000;

pub(super) fn text(json: &Value, name: &str) -> Option<String> {
    json.get(name)?.as_str().map(str::to_owned)
}

/// A label's text, in whichever language comes first.
pub(super) fn label(json: Option<&Value>) -> Option<String> {
    let json = json?;
    let user = json.get("UserLocalizedLabel").and_then(|label| text(label, "Label"));
    user.or_else(|| json.get("LocalizedLabels")?.as_array()?.iter().find_map(|label| text(label, "Label")))
}

/// `true`, or `{"Value": true}`.
pub(super) fn flag(json: &Value, name: &str) -> Option<bool> {
    let value = json.get(name)?;
    value.as_bool().or_else(|| value.get("Value")?.as_bool())
}

pub(super) fn managed_text(json: &Value, name: &str) -> Option<String> {
    let value = json.get(name)?;
    value.as_str().map(str::to_owned).or_else(|| text(value, "Value"))
}

/// A column as it is asked for.
pub(super) fn column(schema: &Schema, json: &Value, id: &mut dyn FnMut() -> Uuid) -> Result<Column> {
    let schema_name =
        text(json, "SchemaName").ok_or_else(|| Fault::argument("A column without SchemaName."))?;
    checked(&schema_name)?;
    Ok(Column {
        id: id(),
        logical: schema_name.to_ascii_lowercase(),
        display: label(json.get("DisplayName")).unwrap_or_else(|| schema_name.clone()),
        description: label(json.get("Description")).unwrap_or_default(),
        required: managed_text(json, "RequiredLevel").unwrap_or_else(|| "None".to_owned()),
        kind: kind(schema, json, id)?,
        format: format(json)?,
        schema_name,
        custom: true,
        writable: true,
    })
}

/// `String` out of `#Microsoft.Dynamics.CRM.ComplexStringAttributeMetadata`.
fn type_name(json: &Value) -> String {
    let full = text(json, "@odata.type").unwrap_or_default();
    let short = full.rsplit('.').next().unwrap_or_default();
    let short = short.strip_prefix("Complex").unwrap_or(short);
    match short.strip_suffix("AttributeMetadata") {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => text(json, "AttributeType").unwrap_or_default(),
    }
}

fn kind(schema: &Schema, json: &Value, id: &mut dyn FnMut() -> Uuid) -> Result<CellKind> {
    let whole = |name: &str| json.get(name).and_then(Value::as_f64);
    let length = |most: u32, default: u32| -> Result<u32> {
        let length = json.get("MaxLength").and_then(Value::as_u64).unwrap_or(u64::from(default));
        u32::try_from(length)
            .ok()
            .filter(|n| (1..=most).contains(n))
            .ok_or_else(|| Fault::argument(format!("The maximum length must lie between 1 and {most}.")))
    };
    let precision = |most: u32, default: u32| -> Result<u32> {
        let precision = json.get("Precision").and_then(Value::as_u64).unwrap_or(u64::from(default));
        u32::try_from(precision)
            .ok()
            .filter(|n| *n <= most)
            .ok_or_else(|| Fault::argument(format!("The precision must lie between 0 and {most}.")))
    };
    let (least, most) = (whole("MinValue"), whole("MaxValue"));
    const FAR: f64 = 100_000_000_000.0;
    #[expect(clippy::cast_possible_truncation, reason = "a cast from float ends at the type's bounds")]
    let bound = |value: Option<f64>, default: i32| value.map_or(default, |value| value as i32);
    Ok(match type_name(json).as_str() {
        "String" => CellKind::Text { max_length: length(4000, 100)? },
        "Memo" => CellKind::Memo { max_length: length(1_048_576, 2000)? },
        "Integer" => CellKind::Integer { min: bound(least, i32::MIN), max: bound(most, i32::MAX) },
        "BigInt" => CellKind::BigInteger,
        "Decimal" => CellKind::Decimal {
            scale: precision(10, 2)?,
            min: least.unwrap_or(-FAR),
            max: most.unwrap_or(FAR),
        },
        "Money" => {
            let far = 922_337_203_685_477.0;
            CellKind::Money {
                precision: precision(4, 2)?,
                min: least.unwrap_or(-far),
                max: most.unwrap_or(far),
            }
        }
        "Double" => CellKind::Double {
            precision: precision(5, 5)?,
            min: least.unwrap_or(-FAR),
            max: most.unwrap_or(FAR),
        },
        "Boolean" => {
            let options = json.get("OptionSet");
            let option = |name: &str| options?.get(name).and_then(|option| label(option.get("Label")));
            CellKind::Boolean {
                yes: option("TrueOption").unwrap_or_else(|| "Yes".to_owned()),
                no: option("FalseOption").unwrap_or_else(|| "No".to_owned()),
                default: flag(json, "DefaultValue").unwrap_or(false),
            }
        }
        "DateTime" => CellKind::DateTime(behaviour(json)?),
        "Picklist" => CellKind::Choice(choice(schema, json, id)?),
        "MultiSelectPicklist" => CellKind::MultiChoice(choice(schema, json, id)?),
        "Lookup" => {
            return Err(Fault::argument("A lookup column is made by POST RelationshipDefinitions."));
        }
        "File" | "Image" => return Err(Fault::unsupported("file and image columns")),
        other => return Err(Fault::unsupported(format!("columns of type '{other}'"))),
    })
}

/// The format asked for, if the type has it \[D:webapi/reference/stringformat, integerformat, datetimeformat\].
pub(super) fn format(json: &Value) -> Result<Option<String>> {
    let known: &[&str] = match type_name(json).as_str() {
        "String" => &[
            "Email",
            "Text",
            "TextArea",
            "Url",
            "TickerSymbol",
            "PhoneticGuide",
            "VersionNumber",
            "Phone",
            "Json",
            "RichText",
        ],
        "Memo" => &["Text", "TextArea", "Email", "Json", "RichText", "InternalExtentData"],
        "Integer" => &["None", "Duration", "TimeZone", "Language", "Locale"],
        "DateTime" => &["DateOnly", "DateAndTime"],
        _ => return Ok(None),
    };
    let given = managed_text(json, "FormatName").or_else(|| text(json, "Format"));
    let Some(given) = given else { return Ok(None) };
    if !known.contains(&given.as_str()) {
        return Err(Fault::argument(format!("'{given}' is no format of this type of column.")));
    }
    if given == "DateAndTime" && managed_text(json, "DateTimeBehavior").as_deref() == Some("DateOnly") {
        return Err(Fault::argument("A column with the behaviour DateOnly has the format DateOnly."));
    }
    Ok(Some(given))
}

/// A date without a behaviour is the user's local time, whatever its format \[D:behavior-format-date-time-attribute.md\].
fn behaviour(json: &Value) -> Result<Behaviour> {
    match managed_text(json, "DateTimeBehavior").as_deref() {
        None | Some("UserLocal") => Ok(Behaviour::UserLocal),
        Some("TimeZoneIndependent") => Ok(Behaviour::TimeZoneIndependent),
        Some("DateOnly") => Ok(Behaviour::DateOnly),
        Some(other) => Err(Fault::argument(format!("'{other}' is no DateTimeBehavior."))),
    }
}

fn choice(schema: &Schema, json: &Value, id: &mut dyn FnMut() -> Uuid) -> Result<ChoiceOf> {
    let own = json.get("OptionSet").filter(|set| !set.is_null());
    let by_name = own.filter(|set| flag(set, "IsGlobal") == Some(true)).and_then(|set| text(set, "Name"));
    let bound = text(json, "GlobalOptionSet@odata.bind");
    if let Some(reference) = bound {
        let key = reference.split(['(', ')']).nth(1).unwrap_or_default();
        let name = key.split('\'').nth(1).unwrap_or_default();
        let found = schema.choices().find(|c| c.name == name || key.parse() == Ok(c.id));
        let found = found.ok_or_else(|| no_choice(&reference))?;
        return Ok(ChoiceOf::Global(found.name.clone()));
    }
    if let Some(name) = by_name {
        return match schema.choice(&name) {
            Some(choice) => Ok(ChoiceOf::Global(choice.name.clone())),
            None => Err(no_choice(&name)),
        };
    }
    let own = own.ok_or_else(|| Fault::argument("A choice column without OptionSet."))?;
    let default = json.get("DefaultFormValue").and_then(Value::as_i64).filter(|value| *value >= 0);
    Ok(ChoiceOf::Own {
        id: id(),
        options: options(own)?,
        default: default.and_then(|value| i32::try_from(value).ok()),
    })
}

fn no_choice(name: &str) -> Fault {
    Fault::new(http::StatusCode::NOT_FOUND, "0x80040217", format!("The choice '{name}' does not exist."))
}

/// Options of a choice; one without a value gets the next.
pub(super) fn options(set: &Value) -> Result<Vec<OptionItem>> {
    let mut found: Vec<OptionItem> = Vec::new();
    for option in set.get("Options").and_then(Value::as_array).map_or(&[][..], Vec::as_slice) {
        let given = option.get("Value").and_then(Value::as_i64).and_then(|value| i32::try_from(value).ok());
        let next = found.iter().map(|option| option.value + 1).max().unwrap_or(FIRST_OPTION);
        let value = given.unwrap_or(next);
        if found.iter().any(|option| option.value == value) {
            return Err(Fault::argument(format!("The option value {value} is there twice.")));
        }
        found.push(OptionItem { value, label: label(option.get("Label")).unwrap_or_default() });
    }
    Ok(found)
}

/// What `CascadeConfiguration` says of deletes.
pub(super) fn cascade(json: &Value) -> Option<OnDelete> {
    match text(json.get("CascadeConfiguration")?, "Delete")?.as_str() {
        "Restrict" => Some(OnDelete::Restrict),
        "Cascade" => Some(OnDelete::Cascade),
        "RemoveLink" | "NoCascade" => Some(OnDelete::RemoveLink),
        _ => None,
    }
}

/// A lookup column and its relationship, as they are asked for.
pub(super) fn lookup(json: &Value, id: &mut dyn FnMut() -> Uuid) -> Result<(String, Column)> {
    let needs = |name: &str| {
        text(json, name).ok_or_else(|| Fault::argument(format!("A relationship without {name}.")))
    };
    let (relationship, target, referencing) =
        (needs("SchemaName")?, needs("ReferencedEntity")?, needs("ReferencingEntity")?);
    let lookup = json.get("Lookup").ok_or_else(|| Fault::argument("A relationship without Lookup."))?;
    let schema_name =
        text(lookup, "SchemaName").ok_or_else(|| Fault::argument("A lookup without SchemaName."))?;
    checked(&schema_name)?;
    checked_relationship(&relationship)?;
    let on_delete = cascade(json).unwrap_or(OnDelete::RemoveLink);
    let navigation =
        text(json, "ReferencingEntityNavigationPropertyName").unwrap_or_else(|| schema_name.clone());
    let column = Column {
        id: id(),
        logical: schema_name.to_ascii_lowercase(),
        display: label(lookup.get("DisplayName")).unwrap_or_else(|| schema_name.clone()),
        description: label(lookup.get("Description")).unwrap_or_default(),
        required: managed_text(lookup, "RequiredLevel").unwrap_or_else(|| "None".to_owned()),
        kind: CellKind::Lookup { target, navigation, relationship, relationship_id: id(), on_delete },
        format: None,
        schema_name,
        custom: true,
        writable: true,
    };
    Ok((referencing, column))
}
