//! Texts for people, as Dataverse keeps them: one per language.

use serde_json::{Value, json};

/// English (United States), which every organisation has.
const LANGUAGE: u32 = 1033;

pub(super) fn label(text: &str) -> Value {
    json!({
        "@odata.type": "Microsoft.Dynamics.CRM.Label",
        "LocalizedLabels": [{
            "@odata.type": "Microsoft.Dynamics.CRM.LocalizedLabel", "Label": text, "LanguageCode": LANGUAGE,
        }],
    })
}

/// The text of a label, in whichever language comes first.
pub(super) fn text(label: Option<&Value>) -> Option<String> {
    let label = label?;
    let of = |v: &Value| v.get("Label").and_then(Value::as_str).map(str::to_owned);
    label
        .get("UserLocalizedLabel")
        .and_then(of)
        .or_else(|| label.get("LocalizedLabels").and_then(Value::as_array)?.iter().find_map(of))
}
