//! What a page's address asks for. The address is the state: the same link shows the same view.

use std::fmt::Write as _;

use model::{breakdown::Dimension, calendar::Compare, figures::Tile, range::Range};
use serde::{Deserialize, Serialize};

/// The view that an address names. What is left out is the default and stays out of the address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ViewQuery {
    pub range: Range,
    /// Days of the calendar, instead of the range.
    pub days: Option<DateRange>,
    /// With what the figures are compared, where the link itself says so.
    pub compare: Option<Compare>,
    pub tile: Tile,
    /// Along what the figures are told apart.
    pub by: Dimension,
    /// The order of what they are told apart into.
    pub sort: PartOrder,
    pub campaign: Option<String>,
    /// Whether it is the campaign's own page.
    pub is_own: bool,
    /// The time zone, where the link itself names one.
    pub zone: Option<String>,
    /// Whether it is for a wall: the figures alone, as large as the screen.
    pub is_kiosk: bool,
}

/// The first and the last of some days, as `2026-11-21`. Whether the calendar has them is not known here.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DateRange {
    pub first: String,
    pub last: String,
}

impl DateRange {
    /// In whichever order they come; none where one of them is no day.
    #[must_use]
    pub fn of(one: String, other: String) -> Option<Self> {
        let (first, last) = if one <= other { (one, other) } else { (other, one) };
        (is_day(&first) && is_day(&last)).then_some(Self { first, last })
    }
}

fn is_day(text: &str) -> bool {
    let is_right =
        |(at, byte): (usize, u8)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() == 10 && text.bytes().enumerate().all(is_right)
}

/// By which column, and which end first: the largest, or the first of the alphabet, unless it is reversed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PartOrder {
    #[default]
    Figure,
    FigureReversed,
    Name,
    NameReversed,
    Runs,
    RunsReversed,
    Change,
    ChangeReversed,
}

impl PartOrder {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Figure, "figure"),
        (Self::FigureReversed, "-figure"),
        (Self::Name, "name"),
        (Self::NameReversed, "-name"),
        (Self::Runs, "runs"),
        (Self::RunsReversed, "-runs"),
        (Self::Change, "change"),
        (Self::ChangeReversed, "-change"),
    ];

    pub(crate) fn key(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, of)| *of == key).map(|(sort, _)| sort)
    }
}

impl Default for ViewQuery {
    fn default() -> Self {
        Self {
            range: Range::Live,
            days: None,
            compare: None,
            tile: Tile::Cost,
            by: Dimension::Campaign,
            sort: PartOrder::Figure,
            campaign: None,
            is_own: false,
            zone: None,
            is_kiosk: false,
        }
    }
}

/// Where each campaign has a page of its own.
pub const CAMPAIGNS: &str = "/campaigns/";

impl ViewQuery {
    /// Reads the query part of an address, with or without its `?`. What it cannot read is left at its default.
    #[must_use]
    pub fn of_query(query: &str) -> Self {
        let mut ask = Self::default();
        let (mut first, mut last) = (String::new(), String::new());
        for pair in query.trim_start_matches('?').split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decoded(value);
            match key {
                "range" => ask.range = Range::of_key(&value).unwrap_or_default(),
                "from" => first = value,
                "to" => last = value,
                "compare" => ask.compare = Compare::of_key(&value),
                "tile" => ask.tile = Tile::of_key(&value).unwrap_or(Tile::Cost),
                "by" => ask.by = Dimension::of_key(&value).unwrap_or_default(),
                "sort" => ask.sort = PartOrder::of_key(&value).unwrap_or_default(),
                "campaign" if is_possible(&value) => ask.campaign = Some(value),
                "tz" if is_possible(&value) => ask.zone = Some(value),
                "own" => ask.is_own = true,
                "kiosk" => ask.is_kiosk = true,
                _ => {}
            }
        }
        ask.is_own &= ask.campaign.is_some();
        ask.days = DateRange::of(first, last);
        if ask.days.is_some() {
            ask.range = Range::default();
        }
        ask
    }

    /// Reads the address of a page: of a campaign's own one the campaign stands in its path.
    #[must_use]
    pub fn of_page(path: &str, query: &str) -> Self {
        match path.strip_prefix(CAMPAIGNS).map(decoded).filter(|id| is_possible(id)) {
            Some(id) => Self { campaign: Some(id), is_own: true, ..Self::of_query(query) },
            None => Self { is_own: false, ..Self::of_query(query) },
        }
    }

    /// This view as the poll asks for it, without its `?`.
    #[must_use]
    pub fn query(&self) -> String {
        let mut query = String::new();
        self.write(&mut query, |_| true);
        query
    }

    fn write(&self, into: &mut String, wanted: impl Fn(&str) -> bool) {
        for (key, value) in self.pairs().into_iter().filter(|(key, _)| wanted(key)) {
            push(into, key, value);
        }
    }

    /// The same as names and values.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, &str)> {
        let mut pairs = Vec::new();
        let mut push = |key, value: Option<_>| pairs.extend(value.map(|value| (key, value)));
        match &self.days {
            Some(DateRange { first, last }) => {
                push("from", Some(first.as_str()));
                push("to", Some(last.as_str()));
            }
            None => push("range", (self.range != Range::default()).then(|| self.range.key())),
        }
        push("compare", self.compare.map(Compare::key));
        push("tile", (self.tile != Tile::Cost).then(|| self.tile.key()));
        push("by", (self.by != Dimension::default()).then(|| self.by.key()));
        push("sort", (self.sort != PartOrder::default()).then(|| self.sort.key()));
        push("campaign", self.campaign.as_deref());
        push("own", self.is_own.then_some("1"));
        push("tz", self.zone.as_deref());
        push("kiosk", self.is_kiosk.then_some("1"));
        pairs
    }

    /// A part of nothing but points would lead elsewhere, however it is written.
    pub(crate) fn has_path(&self) -> bool {
        self.is_own && self.campaign.as_ref().is_some_and(|id| id.bytes().any(|byte| byte != b'.'))
    }

    /// The page that shows it.
    pub(crate) fn path(&self) -> String {
        let mut path = "/".to_owned();
        if let Some(id) = self.campaign.as_ref().filter(|_| self.has_path()) {
            CAMPAIGNS.clone_into(&mut path);
            encode_all(id, &mut path);
        }
        path
    }

    /// A link to this view.
    #[must_use]
    pub fn href(&self) -> String {
        let mut href = self.path() + "?";
        // What the path says already.
        self.write(&mut href, |key| !self.has_path() || !matches!(key, "campaign" | "own"));
        href.trim_end_matches('?').to_owned()
    }

    #[must_use]
    pub fn with_range(&self, range: Range) -> Self {
        Self { range, days: None, ..self.clone() }
    }

    #[must_use]
    pub fn with_tile(&self, tile: Tile) -> Self {
        Self { tile, ..self.clone() }
    }

    #[must_use]
    pub fn with_campaign(&self, campaign: Option<String>) -> Self {
        Self { campaign, is_own: false, ..self.clone() }
    }
}

/// Names and values as the query part of an address.
#[cfg(feature = "ssr")]
pub(crate) fn query_of(pairs: &[(&str, String)]) -> String {
    let mut query = String::new();
    pairs.iter().for_each(|(key, value)| push(&mut query, key, value));
    query
}

/// A text as one part of a path, or a cookie's value.
#[cfg(feature = "ssr")]
#[must_use]
pub fn part_of_path(text: &str) -> String {
    let mut part = String::new();
    encode_all(text, &mut part);
    part
}

fn push(into: &mut String, key: &str, value: &str) {
    into.push_str(if into.is_empty() || into.ends_with('?') { "" } else { "&" });
    into.push_str(key);
    into.push('=');
    encode(value, into);
}

/// Whether it may be an id. Whatever is longer names nothing here.
pub(crate) fn is_possible(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= 64 && !text.chars().any(char::is_control)
}

fn encode(value: &str, into: &mut String) {
    for (at, part) in value.split('/').enumerate() {
        into.push_str(if at > 0 { "/" } else { "" });
        encode_all(part, into);
    }
}

/// As one part of a path.
fn encode_all(value: &str, into: &mut String) {
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' | b'.' => {
                into.push(char::from(byte));
            }
            // Writing to a String cannot fail.
            _ => _ = write!(into, "%{byte:02X}"),
        }
    }
}

/// What such a part says.
#[must_use]
pub fn decoded(value: &str) -> String {
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
            days: None,
            compare: Some(Compare::Year),
            tile: Tile::Tokens,
            by: Dimension::Phase,
            sort: PartOrder::RunsReversed,
            campaign: Some("a&b=c %+ 名".to_owned()),
            is_own: false,
            zone: Some("Europe/Berlin".to_owned()),
            is_kiosk: true,
        };
        assert_eq!(ViewQuery::of_query(&ask.query()), ask);
        let days = DateRange::of("2026-02-28".to_owned(), "2026-03-01".to_owned());
        let ask = ViewQuery { days, range: Range::Live, ..ask };
        assert_eq!(ViewQuery::of_query(&ask.query()), ask);
        assert!(ask.days.is_some() && ask.with_range(Range::Live).days.is_none());
        assert!(ViewQuery::of_query("?kiosk").is_kiosk);
        assert_eq!(ViewQuery::of_query(""), ViewQuery::default());
        assert_eq!(ViewQuery::default().href(), "/");
    }

    #[test]
    fn campaigns_have_pages_of_their_own() {
        for id in ["autumn-launch", "a/b?c#d", "a.b", "名 %"] {
            let ask = ViewQuery { is_own: true, range: Range::Days30, ..ViewQuery::default() };
            let ask = ViewQuery { campaign: Some(id.to_owned()), ..ask };
            let href = ask.href();
            let (path, query) = href.split_once('?').unwrap();
            assert_eq!(path.matches('/').count(), 2, "{path}");
            assert_eq!(query, "range=30d");
            assert_eq!(ViewQuery::of_page(path, query), ask);
            assert_eq!(ViewQuery::of_query(&ask.query()), ask);
            assert_eq!(ask.with_campaign(None).href(), "/?range=30d");
        }
        assert_eq!(ViewQuery::of_page("/", "own=1"), ViewQuery::default());
        let dots = ViewQuery { campaign: Some("..".to_owned()), is_own: true, ..ViewQuery::default() };
        assert_eq!(dots.href(), "/?campaign=..&own=1");
    }

    #[test]
    fn what_cannot_be_read_is_the_default() {
        let ask = ViewQuery::of_query("?range=1y&tile=x&campaign=&tz=&%zz=%&x");
        assert_eq!(ask, ViewQuery::default());
        for days in ["from=2026-02-28", "from=2026-3-1&to=2026-03-02"] {
            assert_eq!(ViewQuery::of_query(days), ViewQuery::default(), "{days}");
        }
        for (at, (sort, key)) in PartOrder::ALL.into_iter().enumerate() {
            assert_eq!((sort as usize, PartOrder::of_key(key)), (at, Some(sort)));
        }
        let long = "ü".repeat(65);
        assert_eq!(ViewQuery::of_query(&format!("campaign={long}&tz={long}")), ViewQuery::default());
        assert_eq!(ViewQuery::of_query("campaign=a%00b&tz=%0A"), ViewQuery::default());
        let fits = ViewQuery::default().with_campaign(Some("ü".repeat(64)));
        assert_eq!(ViewQuery::of_query(&fits.query()), fits);
    }
}
