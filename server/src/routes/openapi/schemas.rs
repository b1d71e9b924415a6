//! The shapes that go over the wire. Those of records come out of the table of their fields.

use model::{
    decimal::{MONEY_SCALE, PERCENT_SCALE},
    note::{AUTHOR_CHARS, NOTE_CHARS},
    record::{Field, FieldType, JsonRoot, KINDS, Kind, Need, PersonalData},
};
use serde_json::{Map, Value, json};

use super::figures;
use crate::{problem, targets::TARGETS};

pub(super) const MONEY: &str = r"^[0-9]+\.[0-9]{5}$";
pub(super) const TWO_DECIMALS: &str = r"^[0-9]+\.[0-9]{2}$";

/// No control character, nothing invisible, no white space at the ends. What joins emoji is not among what is invisible.
const TEXT: &str = concat!(
    r"^[^\s\u0000-\u001F\u007F-\u009F\u00AD\u200B\u200C\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF]",
    r"([^\u0000-\u001F\u007F-\u009F\u00AD\u200B\u200C\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF]*",
    r"[^\s\u0000-\u001F\u007F-\u009F\u00AD\u200B\u200C\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF])?$",
);
/// As JSON writes a number, and never below 0.
const DECIMAL_TEXT: &str = r"^[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$";

const SIGNED_DECIMAL_TEXT: &str = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$";

pub fn schemas() -> Value {
    let mut schemas = general();
    for (kind, api) in KINDS.with_api() {
        let name = api.schema;
        let page = closed(json!({ api.plural: list(name), "next": nullable("string") }));
        schemas[format!("Sent{name}")] = sent(kind);
        schemas[name] = stored(kind);
        schemas[format!("{name}s")] = page;
    }
    schemas
}

fn general() -> Value {
    json!({
        "Fault": closed(json!({"field": {"type": "string"}, "message": {"type": "string"}})),
        "Taken": taken(&["stored", "duplicate"]),
        "Changed": taken(&["corrected", "unchanged", "withdrawn"]),
        "TakenArray": closed(json!({
            "stored": count(), "duplicate": count(), "conflict": count(), "refused": count(), "items": list("TakenItem"),
        })),
        "TakenItem": taken_item(),
        "Problem": problem(),
        "Figures": figures::figures(),
        "Bucket": figures::bucket(),
        "Recent": closed(json!({
            "asOf": time(), "range": range(), "figures": reference("Figures"), "runs": list("Run"),
            "pipeline": closed(json!({
                "state": state(), "reason": nullable("string"), "attention": {"type": "array", "items": {"type": "string"}},
                "pending": count(), "lagSeconds": count(), "unaccounted": count(), "unconfirmed": count(),
            })),
        })),
        "History": figures::history(),
        "Campaigns": figures::campaigns(),
        "Forecast": figures::forecast(),
        "Rollups": closed(json!({
            "range": closed(json!({
                "from": time(), "to": time(), "timeZone": {"type": "string"}, "grain": {"enum": ["day", "week"]},
            })),
            "rollups": list("MetricsRollup"),
        })),
        "MetricsRollup": figures::rollup(),
        "Recount": recount(),
        "Note": note(),
        "Notes": closed(json!({"notes": list("Note")})),
        "WrittenNote": written_note(),
        "Pipeline": pipeline(),
        "Target": target(),
        "Balance": closed(json!({
            "table": {"type": "string"}, "received": count(), "mirrored": count(), "durable": count(), "archived": count(), "delivered": count(),
            "confirmed": count(), "pending": count(), "dead": count(), "dropped": count(), "deleted": count(),
            "unsent": count(), "unaccounted": count(), "unconfirmed": count(),
        })),
        "DeadLetter": closed(dead_letter(json!({}))),
        "WholeDeadLetter": closed(dead_letter(json!({"request": nullable("string"), "response": nullable("string")}))),
        "LetterHandled": closed(json!({"id": id(), "status": {"enum": ["pending", "dropped"]}})),
        "ShareLinks": closed(json!({"links": list("ShareLink")})),
        "ShareLink": closed(json!({
            "id": id(), "url": {"type": "string"}, "view": {"type": "string"}, "expires": time(), "madeBy": {"type": "string"},
            "madeAt": time(), "hasPassword": {"type": "boolean"}, "visits": count(), "visitedAt": nullable("string"),
        })),
        "WishedShareLink": wished(&json!({
            "view": {"type": "string", "maxLength": 2000}, "days": {"type": "integer", "minimum": 1, "maximum": 366, "default": 7},
            "password": nullable("string"), "fixed": {"type": "boolean", "default": false},
        })),
        "MadeShareLink": closed(json!({"id": id(), "url": {"type": "string"}, "expires": time()})),
        "WishedEmbedToken": wished(&json!({
            "view": {"type": "string", "maxLength": 2000},
            "minutes": {"type": "integer", "minimum": 1, "maximum": 1440, "default": 10},
        })),
        "EmbedToken": closed(json!({"token": {"type": "string"}, "expires": time()})),
        "Session": closed(json!({
            "name": {"type": "string"}, "role": {"enum": ["reader", "admin", "read", "write"]}, "tenant": {"type": "string"},
        })),
        "Status": closed(json!({"status": {"enum": ["alive", "ready"]}})),
        "ProblemType": closed(json!({
            "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
        })),
    })
}

pub fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// What is sent for a view: that has to be named.
fn wished(properties: &Value) -> Value {
    json!({"type": "object", "required": ["view"], "properties": properties, "additionalProperties": false})
}

/// An object with exactly these members.
pub(super) fn closed(properties: Value) -> Value {
    let required: Vec<String> =
        properties.as_object().map(|all| all.keys().cloned().collect()).unwrap_or_default();
    let mut object = json!({"type": "object", "required": required, "additionalProperties": false});
    object["properties"] = properties;
    object
}

pub(super) fn list(name: &str) -> Value {
    json!({"type": "array", "items": reference(name)})
}

pub(super) fn nullable(kind: &str) -> Value {
    json!({"type": [kind, "null"]})
}

pub(super) fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

pub(super) fn count_or_null() -> Value {
    json!({"type": ["integer", "null"], "minimum": 0})
}

pub(super) fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

fn time_or_null() -> Value {
    json!({"type": ["string", "null"], "format": "date-time"})
}

pub(super) fn money_or_null() -> Value {
    json!({"type": ["string", "null"], "pattern": MONEY})
}

pub(super) fn decimal_or_null() -> Value {
    json!({"type": ["string", "null"], "pattern": TWO_DECIMALS})
}

fn id() -> Value {
    json!({"type": "string", "format": "uuid"})
}

fn range() -> Value {
    json!({"enum": model::range::Range::ALL.map(model::range::Range::key)})
}

fn state() -> Value {
    json!({"enum": ["ok", "behind", "stopped"]})
}

/// What a sender may say.
fn sent(kind: &Kind) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in kind.fields.iter().filter(|field| field.need != Need::Derived) {
        let mut schema = sent_field(field);
        schema["title"] = json!(field.label);
        if let Some(default) = default_of(field) {
            schema["default"] = default;
        }
        properties.insert(field.json.to_owned(), schema);
        if field.need == Need::Required {
            required.push(field.json);
        }
    }
    for pointer in kind.pointers {
        let Some(name) = pointer.name else { continue };
        let mut schema = text(name.max_chars);
        schema["description"] =
            json!(format!("What people see instead of {}", kind.fields[pointer.field].json));
        properties.insert(name.json.to_owned(), schema);
    }
    if let Some(given) = kind.identity.given() {
        let mut schema = id();
        schema["description"] = json!("What the sender calls it; left out, it gets an id of its own");
        properties.insert(given.to_owned(), schema);
    }
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// What a field holds that a sender leaves out.
fn default_of(field: &Field) -> Option<Value> {
    if field.need != Need::DefaultZero {
        return None;
    }
    Some(match field.ty {
        FieldType::Decimal { .. } => json!("0"),
        FieldType::Flag => json!(false),
        _ => json!(0),
    })
}

fn text(most: usize) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": most, "pattern": TEXT,
        "description": "Its length counts UTF-16 units, as Dataverse does; personal data is refused"})
}

fn sent_field(field: &Field) -> Value {
    match field.ty {
        FieldType::Text { max_chars } => text(max_chars),
        FieldType::LongText { max_chars, personal_data } => json!({
            "type": "string", "minLength": 1, "maxLength": max_chars,
            "description": format!("Lines of text, counted in UTF-16 units, as Dataverse does{}", match personal_data {
                PersonalData::Refused => "; personal data is refused",
                PersonalData::Allowed => "",
            }),
        }),
        FieldType::Whole { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        FieldType::Decimal { scale, min, max } => json!({
            "type": ["number", "string"],
            "minimum": min / 10_i64.pow(u32::from(scale)),
            "pattern": if min < 0 { SIGNED_DECIMAL_TEXT } else { DECIMAL_TEXT },
            "description": format!("From {} to {}; digits past the last place are rounded half to even",
                min / 10_i64.pow(u32::from(scale)), model::decimal::format(max, scale)),
        }),
        FieldType::Time => {
            let mut schema = time();
            schema["description"] = json!(match field.need {
                Need::DefaultNow =>
                    "From the year 2000 to one day ahead; left out, it is the time of arrival",
                _ => "From the year 2000 to one day ahead",
            });
            schema
        }
        FieldType::Uuid => id(),
        FieldType::Choice(labels) => json!({"enum": labels}),
        FieldType::Flag => json!({"type": "boolean"}),
        FieldType::Json { root: JsonRoot::Object, .. } => json!({"type": "object"}),
        FieldType::Json { root: JsonRoot::Array, .. } => json!({"type": "array"}),
    }
}

/// What is handed out of a stored record.
fn stored(kind: &Kind) -> Value {
    let mut properties = Map::new();
    for field in kind.fields {
        properties.insert(field.json.to_owned(), stored_field(field));
    }
    for name in kind.pointers.iter().filter_map(|pointer| pointer.name) {
        properties.insert(name.json.to_owned(), nullable("string"));
    }
    properties.insert("id".to_owned(), id());
    properties.insert("receivedAt".to_owned(), time());
    properties.insert("exportedAt".to_owned(), time_or_null());
    closed(Value::Object(properties))
}

fn stored_field(field: &Field) -> Value {
    let empty = field.may_be_empty();
    let or_null = |mut schema: Value| {
        if empty {
            schema["type"] = json!([schema["type"].clone(), "null"]);
        }
        schema
    };
    match field.ty {
        FieldType::Text { .. } | FieldType::LongText { .. } => or_null(json!({"type": "string"})),
        FieldType::Choice(labels) if empty => {
            json!({"enum": labels.iter().map(|label| json!(label)).chain([Value::Null]).collect::<Vec<_>>()})
        }
        FieldType::Choice(labels) => json!({"enum": labels}),
        FieldType::Whole { min, .. } => or_null(json!({"type": "integer", "minimum": min})),
        FieldType::Decimal { scale: MONEY_SCALE, .. } => or_null(json!({"type": "string", "pattern": MONEY})),
        FieldType::Decimal { scale: PERCENT_SCALE, .. } => {
            or_null(json!({"type": "string", "pattern": TWO_DECIMALS}))
        }
        FieldType::Decimal { .. } => or_null(json!({"type": "string"})),
        FieldType::Time => or_null(time()),
        FieldType::Uuid => or_null(id()),
        FieldType::Flag => or_null(json!({"type": "boolean"})),
        FieldType::Json { root: JsonRoot::Object, .. } => or_null(json!({"type": "object"})),
        FieldType::Json { root: JsonRoot::Array, .. } => or_null(json!({"type": "array"})),
    }
}

/// What became of one record; warnings only where there are some.
fn taken(words: &[&str]) -> Value {
    json!({
        "type": "object",
        "properties": {"id": id(), "status": {"enum": words}, "warnings": list("Fault")},
        "required": ["id", "status"],
        "additionalProperties": false,
    })
}

fn taken_item() -> Value {
    json!({
        "type": "object",
        "properties": {
            "index": count(),
            "id": {"type": ["string", "null"], "format": "uuid"},
            "status": {"enum": ["stored", "duplicate", "conflict", "refused"]},
            "errors": list("Fault"),
            "warnings": list("Fault"),
        },
        "required": ["index", "id", "status", "errors"],
        "additionalProperties": false,
    })
}

/// A stored record of whichever kind.
fn any_record() -> Value {
    let records: Vec<Value> = KINDS.with_api().map(|(_, api)| reference(api.schema)).collect();
    if let [record] = records.as_slice() { record.clone() } else { json!({"anyOf": records}) }
}

fn problem() -> Value {
    let types: Vec<String> =
        problem::ProblemType::ALL.iter().map(|kind| format!("/problems/{}", kind.parts().0)).collect();
    json!({
        "type": "object",
        "properties": {
            "type": {"enum": types},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "requestId": {"type": "string", "description": "As in the header x-request-id"},
            "errors": list("Fault"),
            "stored": any_record(),
            "sent": {"type": "object"},
        },
        "required": ["type", "title", "status", "detail", "requestId"],
        "additionalProperties": false,
    })
}

fn recount() -> Value {
    let tokens = closed(json!({"in": count_or_null(), "out": count_or_null()}));
    let figure = json!({"description": "As in a history's figures; null where the source does not tell it", "anyOf": [
        money_or_null(), decimal_or_null(), count_or_null(), tokens,
    ]});
    let took = json!({"type": ["number", "null"], "minimum": 0});
    closed(json!({
        "range": closed(json!({
            "from": time(), "to": time(), "timeZone": {"type": "string"}, "bucket": {"enum": ["hour", "day"]},
        })),
        "equal": {"type": ["boolean", "null"], "description": "Null where there is nothing to hold the records against"},
        "figures": {"type": "array", "items": closed(json!({
            "figure": {"enum": model::figures::Tile::ALL.map(model::figures::Tile::key)},
            "rollups": figure.clone(), "rows": figure.clone(), "dataverse": figure,
            "differs": {"type": "array", "description": "The buckets in which rollups and rows differ",
                "items": closed(json!({"from": time(), "to": time()}))},
        }))},
        "tookMs": closed(json!({"rollups": took.clone(), "rows": took.clone(), "dataverse": took})),
        "note": nullable("string"),
    }))
}

/// What a dead letter says, and more.
fn dead_letter(mut more: Value) -> Value {
    let letter = json!({
        "table": {"type": "string"}, "kind": {"type": "string"}, "id": id(), "reason": {"type": "string"},
        "attempts": count(), "enqueuedAt": time(), "diedAt": time(),
    });
    if let (Value::Object(all), Value::Object(letter)) = (&mut more, letter) {
        all.extend(letter);
    }
    more
}

fn pipeline() -> Value {
    let text = || json!({"type": "string"});
    let items = |properties: Value| json!({"type": "array", "items": closed(properties)});
    let or_null = |properties: Value| {
        let mut part = closed(properties);
        part["type"] = json!(["object", "null"]);
        part
    };
    let ledger = closed(json!({
        "state": {"enum": ["ok", "stopped"]}, "reason": nullable("string"), "since": time_or_null(),
    }));
    let worker = json!({"worker": text(), "fellAt": time(), "times": count(), "isUp": {"type": "boolean"}});
    let mirror = json!({
        "state": {"enum": ["reading", "watching", "asking", "paused"]}, "reason": nullable("string"),
        "pausedSince": time_or_null(), "rowsRead": count(), "fullReadSince": time_or_null(), "lastPass": time_or_null(), "added": count(),
        "changed": count(), "withdrawn": count(), "keptOut": count(), "resent": count(), "rejected": count(),
        "rejects": items(json!({"table": text(), "id": id(), "reason": text(), "at": time()})),
        "questions": items(json!({
            "table": text(), "gone": count(), "unseen": count(), "of": count(), "askedAt": time(),
            "answer": {"enum": ["withdraw", "send-again", null]},
        })),
        "policies": items(json!({"table": text(), "answer": {"enum": ["withdraw", "send-again"]}})),
    });
    closed(json!({
        "asOf": time(), "balance": list("Balance"), "state": state(), "reason": nullable("string"),
        "attention": {"type": "array", "items": text()}, "pending": count(), "lagSeconds": count(),
        "unaccounted": count(), "unconfirmed": count(), "unconfirmedSeconds": count(),
        "ledger": ledger, "workers": items(worker),
        "organisation": text(), "warnings": {"type": "array", "items": text()},
        "hours": items(json!({
            "table": text(), "hour": time(), "received": count(), "mirrored": count(), "durable": count(), "archived": count(),
            "delivered": count(), "confirmed": {"type": "integer"}, "pending": count(), "dead": count(), "unaccounted": count(),
        })),
        "deadLetters": list("DeadLetter"),
        "handlings": items(json!({
            "at": time(), "by": text(), "what": {"enum": ["mended", "resent", "dropped", "answered"]}, "table": text(),
            "id": {"type": ["string", "null"], "format": "uuid"}, "reason": text(),
        })),
        "relay": or_null(json!({
            "lastDelivery": time_or_null(), "lastReadBack": time_or_null(), "sent": count(), "differing": count(),
            "readBackFault": nullable("string"),
            "postponed": count(), "pauses": count(), "batch": count(), "lanes": count(),
        })),
        "mirror": or_null(mirror),
        "tokenCache": or_null(json!({
            "hits": count(), "misses": count(), "fetches": count(), "failures": count(), "hitRate": decimal_or_null(),
            "renewals": count(), "ageSeconds": count_or_null(), "renewsInSeconds": count_or_null(),
            "expiresInSeconds": count_or_null(),
        })),
        "limits": closed(json!({"heldBackSeconds": count_or_null()})),
        "budget": or_null(json!({
            "limit": count(), "spent": count(), "byMidnight": count(), "heldUntil": time_or_null(),
        })),
        "targets": list("Target"),
    }))
}

fn target() -> Value {
    const DECIMAL: &str = r"^[0-9]+\.[0-9]{2,3}$";
    let told = |schema: Value, description: &str| {
        let mut schema = schema;
        schema["description"] = json!(description);
        schema
    };
    let text = || json!({"type": "string"});
    closed(json!({
        "name": {"enum": TARGETS.each_ref().map(|target| target.name)},
        "label": told(text(), "Its name for people, with the statistic"),
        "meaning": told(text(), "What exactly is measured"),
        "unit": {"enum": ["ms", "percent"]},
        "limit": told(json!({"type": "string", "pattern": DECIMAL}), "Milliseconds stay below it, percent above it"),
        "measured": told(json!({"type": ["string", "null"], "pattern": DECIMAL}), "Off by 1.6 % at most; null while there is nothing"),
        "samples": count(),
        "windowSeconds": told(count(), "How far back is looked"),
        "coveredSeconds": told(count(), "How far back could be looked, which is less after a start"),
        "held": told(json!({"type": ["boolean", "null"]}), "null while there is too little to say"),
    }))
}

fn note() -> Value {
    closed(json!({
        "id": {"type": "string", "format": "uuid"}, "day": {"type": "string", "format": "date"}, "text": {"type": "string"},
        "author": nullable("string"), "madeAt": time(),
    }))
}

fn written_note() -> Value {
    let text = |least: usize, most: usize| json!({"type": "string", "minLength": least, "maxLength": most});
    json!({
        "type": "object",
        "required": ["day", "text"],
        "properties": {
            "day": {"type": "string", "format": "date"},
            "text": text(1, NOTE_CHARS),
            "author": text(0, AUTHOR_CHARS),
        },
        "additionalProperties": false,
    })
}
