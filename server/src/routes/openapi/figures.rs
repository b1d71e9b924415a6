//! The shapes of figures, of their parts, and of why they moved.

use model::{breakdown::Dimension, figures::Tile};
use serde_json::{Map, Value, json};

use super::schemas::{
    MONEY, TWO_DECIMALS, closed, count, count_or_null, decimal_or_null, list, money_or_null, nullable,
    reference, time,
};

/// A difference in hundred-thousandths, or in hundredths.
const SIGNED_MONEY: &str = r"^-?[0-9]+\.[0-9]{5}$";
const SIGNED_TWO_DECIMALS: &str = r"^-?[0-9]+\.[0-9]{2}$";

pub fn figures() -> Value {
    closed(json!({
        "cost": closed(json!({
            "value": money_or_null(), "previous": money_or_null(), "rows": count(),
            "total": {"type": "string", "pattern": MONEY}, "campaigns": count(),
        })),
        "latency": closed(json!({
            "value": count_or_null(), "previous": count_or_null(), "rows": count(), "average": count_or_null(),
            "bound": {"type": "number"},
        })),
        "success": closed(json!({
            "value": decimal_or_null(), "previous": decimal_or_null(), "successful": count(), "agents": count(),
        })),
        "assets": closed(json!({
            "value": decimal_or_null(), "previous": decimal_or_null(), "assets": count(), "runs": count(),
        })),
        "tokens": closed(json!({
            "in": count_or_null(), "out": count_or_null(), "previousIn": count_or_null(), "previousOut": count_or_null(),
        })),
    }))
}

pub fn bucket() -> Value {
    closed(json!({
        "from": time(), "to": time(), "partial": {"type": "boolean"}, "runs": count(), "cost": money_or_null(),
        "latencyP50Ms": count_or_null(), "latencyP95Ms": count_or_null(), "latencyP99Ms": count_or_null(),
        "latencyAvgMs": count_or_null(), "success": decimal_or_null(), "assets": count_or_null(), "tokensIn": count_or_null(), "tokensOut": count_or_null(),
    }))
}

/// A bucket that has a name, and what its rates are made of.
pub fn rollup() -> Value {
    let mut rollup = bucket()["properties"].clone();
    for (name, schema) in [
        ("period", json!({"type": "string"})),
        ("agents", count_or_null()),
        ("agentsSuccessful", count_or_null()),
    ] {
        rollup[name] = schema;
    }
    closed(rollup)
}

pub fn history() -> Value {
    let history = closed(json!({
        "range": closed(json!({
            "from": time(), "to": time(), "timeZone": {"type": "string"}, "bucket": {"enum": ["hour", "day"]},
        })),
        "previousRange": or_null(&closed(json!({"from": time(), "to": time()}))),
        "figures": reference("Figures"),
        "buckets": list("Bucket"),
        "previous": list("Bucket"),
        "forecast": {"oneOf": [reference("Forecast"), closed(json!({"none": {"type": "string"}}))]},
    }));
    with(history, json!({"breakdown": {"type": "array", "maxItems": 101, "items": part()}, "why": why()}))
}

pub fn forecast() -> Value {
    let money = || json!({"type": "string", "pattern": MONEY});
    let percent = || json!({"type": "string", "pattern": TWO_DECIMALS});
    let point =
        closed(json!({"from": time(), "to": time(), "value": money(), "low": money(), "high": money()}));
    let mut budget =
        closed(json!({"amount": money(), "crossed": {"type": ["string", "null"], "format": "date"}}));
    budget["type"] = json!(["object", "null"]);
    closed(json!({
        "method": {"type": "string"},
        "points": {"type": "array", "items": point},
        "monthEnd": closed(json!({"value": money(), "low": money(), "high": money()})),
        "budget": budget,
        "score": closed(json!({"error": percent(), "naive": percent(), "forecasts": count()})),
    }))
}

pub fn campaigns() -> Value {
    let campaign = closed(json!({
        "id": {"type": "string"}, "name": nullable("string"), "lastRunAt": time(), "figures": reference("Figures"),
    }));
    closed(json!({
        "range": closed(json!({"from": time(), "to": time()})),
        "campaigns": {"type": "array", "items": campaign},
        "next": nullable("string"),
    }))
}

/// One campaign or phase, or all others.
fn part() -> Value {
    let changes: Map<String, Value> =
        Tile::ALL.map(|tile| (tile.key().to_owned(), change(tile))).into_iter().collect();
    let part = closed(json!({
        "key": {"type": "string"}, "name": {"type": "string"}, "share": decimal_or_null(),
        "figures": reference("Figures"), "change": closed(Value::Object(changes)),
    }));
    with(part, json!({"others": {"type": "integer", "minimum": 1, "description": "For how many it stands"}}))
}

fn change(tile: Tile) -> Value {
    match tile {
        Tile::Cost => json!({"type": ["string", "null"], "pattern": SIGNED_MONEY}),
        Tile::Success | Tile::Assets => json!({"type": ["string", "null"], "pattern": SIGNED_TWO_DECIMALS}),
        Tile::Latency | Tile::Tokens => nullable("integer"),
    }
}

fn why() -> Value {
    let any = || json!({"type": ["string", "integer", "null"]});
    let part = closed(json!({
        "dimension": {"enum": Dimension::ALL.map(Dimension::key)}, "key": {"type": "string"},
        "name": {"type": "string"}, "part": any(),
    }));
    let part = with(part, json!({"rate": any(), "mix": any(), "others": {"type": "integer", "minimum": 1}}));
    let why = closed(json!({
        "figure": {"enum": Tile::ALL.map(Tile::key)}, "change": any(), "parts": {"type": "array", "items": part},
    }));
    with(why, json!({"none": {"type": "string", "description": "Why nothing is claimed"}}))
}

fn or_null(schema: &Value) -> Value {
    json!({"oneOf": [schema, {"type": "null"}]})
}

/// Members that may be missing.
fn with(mut object: Value, optional: Value) -> Value {
    if let (Some(all), Value::Object(optional)) = (object["properties"].as_object_mut(), optional) {
        all.extend(optional);
    }
    object
}
