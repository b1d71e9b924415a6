//! A stored record as programs see it.

use model::record::{self, Stored};
use serde_json::Value as Json;

/// Under its JSON names.
pub fn stored(stored: &Stored) -> Json {
    let mut members = record::shown(&stored.record);
    members.insert("id".to_owned(), Json::from(stored.id.to_string()));
    members.insert("receivedAt".to_owned(), Json::from(stored.received_at.to_string()));
    members.insert(
        "exportedAt".to_owned(),
        stored.exported_at.map_or(Json::Null, |at| Json::from(at.to_string())),
    );
    Json::Object(members)
}
