//! What rows add up to, in whatever order they come and whichever store writes them down.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value as Json;

/// Two tables with the same digest hold the same rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Digest {
    pub(super) rows: i64,
    pub(super) checksum: u64,
}

impl Digest {
    /// `row` is an object with a member for each column.
    pub(super) fn with(self, row: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        match serde_json::from_str(row) {
            Ok(row) => add(&row, &mut hasher),
            Err(_) => row.hash(&mut hasher),
        }
        Self { rows: self.rows + 1, checksum: self.checksum.wrapping_add(hasher.finish()) }
    }
}

/// Members come in the order of their names: each store has an order of its own.
fn add(value: &Json, hasher: &mut DefaultHasher) {
    match value {
        Json::Null => 0_u8.hash(hasher),
        // SQLite has numbers where PostgreSQL may have truth.
        Json::Bool(is) => add(&Json::from(i64::from(*is)), hasher),
        Json::Number(number) => (1_u8, number.to_string()).hash(hasher),
        Json::String(text) => (2_u8, text).hash(hasher),
        Json::Array(items) => {
            (3_u8, items.len()).hash(hasher);
            items.iter().for_each(|item| add(item, hasher));
        }
        Json::Object(members) => {
            (4_u8, members.len()).hash(hasher);
            let mut names: Vec<&String> = members.keys().collect();
            names.sort_unstable();
            for name in names {
                name.hash(hasher);
                add(&members[name], hasher);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(rows: &[&str]) -> Digest {
        rows.iter().fold(Digest::default(), |digest, row| digest.with(row))
    }

    #[test]
    fn only_order_does_not_matter() {
        let rows = [r#"{"a": 1, "b": {"x": null, "y": "1"}}"#, r#"{"a": 2, "b": [true]}"#];
        let same = [r#"{"b":[1],"a":2}"#, r#"{"b":{"y":"1","x":null},"a":1}"#];
        assert_eq!(digest(&rows), digest(&same));
        for other in
            [r#"{"b":[1],"a":3}"#, r#"{"b":["1"],"a":2}"#, r#"{"b":[1],"c":2}"#, r#"{"b":[1,1],"a":2}"#]
        {
            assert_ne!(digest(&rows), digest(&[same[1], other]), "{other}");
        }
        assert_ne!(digest(&rows), digest(&[same[0], same[0]]));
    }
}
