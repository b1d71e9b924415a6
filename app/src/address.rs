//! What a page's address asks for. The address is the state: the same link shows the same view.

use std::fmt::Write as _;

use model::{figures::Tile, range::Range};
use serde::{Deserialize, Serialize};

/// The view that an address names. What is left out is the default and stays out of the address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ViewQuery {
    pub range: Range,
    pub tile: Tile,
    pub campaign: Option<String>,
    /// The time zone, where the link itself names one.
    pub zone: Option<String>,
}

impl Default for ViewQuery {
    fn default() -> Self {
        Self { range: Range::Live, tile: Tile::Cost, campaign: None, zone: None }
    }
}

impl ViewQuery {
    /// Reads the query part of an address, with or without its `?`. What it cannot read is left at its default.
    #[must_use]
    pub fn of_query(query: &str) -> Self {
        let mut ask = Self::default();
        for pair in query.trim_start_matches('?').split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decoded(value);
            match key {
                "range" => ask.range = Range::of_key(&value).unwrap_or_default(),
                "tile" => ask.tile = Tile::of_key(&value).unwrap_or(Tile::Cost),
                "campaign" if is_possible(&value) => ask.campaign = Some(value),
                "tz" if is_possible(&value) => ask.zone = Some(value),
                _ => {}
            }
        }
        ask
    }

    /// The query part of this view's address, without its `?`.
    #[must_use]
    pub fn query(&self) -> String {
        let mut query = String::new();
        let mut push = |key: &str, value: &str| {
            query.push_str(if query.is_empty() { "" } else { "&" });
            query.push_str(key);
            query.push('=');
            encode(value, &mut query);
        };
        if self.range != Range::default() {
            push("range", self.range.key());
        }
        if self.tile != Tile::Cost {
            push("tile", self.tile.key());
        }
        if let Some(campaign) = &self.campaign {
            push("campaign", campaign);
        }
        if let Some(zone) = &self.zone {
            push("tz", zone);
        }
        query
    }

    /// A link to this view.
    #[must_use]
    pub fn href(&self) -> String {
        let query = self.query();
        if query.is_empty() { "/".to_owned() } else { format!("/?{query}") }
    }

    #[must_use]
    pub fn with_range(&self, range: Range) -> Self {
        Self { range, ..self.clone() }
    }

    #[must_use]
    pub fn with_tile(&self, tile: Tile) -> Self {
        Self { tile, ..self.clone() }
    }

    #[must_use]
    pub fn with_campaign(&self, campaign: Option<String>) -> Self {
        Self { campaign, ..self.clone() }
    }
}

/// Whether it may be an id. Whatever is longer names nothing here.
pub(crate) fn is_possible(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= 64 && !text.chars().any(char::is_control)
}

fn encode(value: &str, into: &mut String) {
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                into.push(char::from(byte));
            }
            // Writing to a String cannot fail.
            _ => _ = write!(into, "%{byte:02X}"),
        }
    }
}

fn decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let pair = (rest.next().and_then(hex), rest.next().and_then(hex));
                if let (Some(high), Some(low)) = pair {
                    bytes.push(high * 16 + low);
                }
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_a_round_trip() {
        let ask = ViewQuery {
            range: Range::Days60,
            tile: Tile::Tokens,
            campaign: Some("a&b=c %+ 名".to_owned()),
            zone: Some("Europe/Berlin".to_owned()),
        };
        assert_eq!(ViewQuery::of_query(&ask.query()), ask);
        assert_eq!(ViewQuery::of_query(""), ViewQuery::default());
        assert_eq!(ViewQuery::default().href(), "/");
    }

    #[test]
    fn what_cannot_be_read_is_the_default() {
        let ask = ViewQuery::of_query("?range=1y&tile=x&campaign=&tz=&%zz=%&x");
        assert_eq!(ask, ViewQuery::default());
        let long = "ü".repeat(65);
        assert_eq!(ViewQuery::of_query(&format!("campaign={long}&tz={long}")), ViewQuery::default());
        assert_eq!(ViewQuery::of_query("campaign=a%00b&tz=%0A"), ViewQuery::default());
        let fits = ViewQuery::default().with_campaign(Some("ü".repeat(64)));
        assert_eq!(ViewQuery::of_query(&fits.query()), fits);
    }
}
