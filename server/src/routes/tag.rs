//! Entity tags of answers, leaving out what moves by itself, and the 304 for a client that holds the same.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use crate::http::headers::none_match;

/// Moments that move with the clock though nothing happened.
const MOVES: &[&str] = &["asOf", "lagSeconds"];
/// A relative window's ends, and its unfinished buckets', move as well.
const ENDS: &[&str] = &["from", "to"];

/// The answer, or a 304 when its reader has it already. `relative`: the window was asked for by name.
pub fn answer(body: &Json, relative: bool, asked: &HeaderMap) -> Response {
    let tag = tag(body, relative);
    let mut answer = if none_match(asked, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        axum::Json(body).into_response()
    };
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    answer
}

fn tag(body: &Json, relative: bool) -> String {
    let mut hash = Sha256::new();
    feed(&mut hash, body, relative, false);
    let hex: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

fn feed(hash: &mut Sha256, value: &Json, relative: bool, window: bool) {
    match value {
        Json::Object(members) => {
            let moving = relative && (window || members.get("partial") == Some(&Json::Bool(true)));
            hash.update(b"{");
            for (name, value) in members {
                if MOVES.contains(&name.as_str()) || (moving && ENDS.contains(&name.as_str())) {
                    continue;
                }
                hash.update(name.as_bytes());
                hash.update(b":");
                feed(hash, value, relative, matches!(name.as_str(), "range" | "previousRange"));
            }
            hash.update(b"}");
        }
        Json::Array(items) => {
            hash.update(b"[");
            for item in items {
                feed(hash, item, relative, false);
                hash.update(b",");
            }
            hash.update(b"]");
        }
        plain => hash.update(plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_moves_by_itself_is_left_out() {
        let at = |as_of: &str, lag: i64, to: &str, cost: &str| {
            json!({"asOf": as_of, "range": {"from": "a", "to": to}, "pipeline": {"lagSeconds": lag},
                   "buckets": [{"from": "x", "to": to, "partial": true, "cost": cost}]})
        };
        let first = at("1", 1, "5", "0.1");
        assert_eq!(tag(&first, true), tag(&at("2", 9, "6", "0.1"), true));
        assert_ne!(tag(&first, true), tag(&at("1", 1, "5", "0.2"), true));
        assert_ne!(tag(&first, false), tag(&at("1", 1, "6", "0.1"), false));
    }
}
