//! What a visitor's cookies say: light or dark, on which calendar, with what compared, and whether single keys do anything.

use app::{address::decoded, pages::Theme};
use http::{HeaderMap, HeaderValue, header};
use model::{
    calendar::{Compare, Zone},
    note::is_author,
};

use crate::{app_state::AppState, settings::PublicUrl};

/// The cookie that holds as whom a visitor writes notes, written as a part of a path.
pub const AUTHOR: &str = "author";

#[derive(Clone, Debug, Default)]
pub struct Visitor {
    pub theme: Theme,
    pub zone: Option<Zone>,
    pub compare: Option<Compare>,
    pub are_keys_off: bool,
    /// As whom the visitor writes notes; empty where that was not said.
    pub author: String,
}

impl Visitor {
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        Self {
            theme: cookie(headers, "theme").map_or(Theme::System, |key| Theme::of_key(&key)),
            zone: cookie(headers, "tz").and_then(|name| Zone::of_name(&name)),
            compare: cookie(headers, "compare").and_then(|key| Compare::of_key(&key)),
            are_keys_off: cookie(headers, "keys").is_some_and(|keys| keys == "off"),
            author: cookie(headers, AUTHOR)
                .map(|author| decoded(&author))
                .filter(|author| is_author(author))
                .unwrap_or_default(),
        }
    }
}

/// A choice that outlives the visit, for a year; an empty one is forgotten.
pub fn kept(state: &AppState, name: &str, value: &str) -> Option<HeaderValue> {
    let age = if value.is_empty() { 0 } else { 31_536_000 };
    let secure =
        if state.settings.public_url.as_ref().is_some_and(PublicUrl::is_secure) { "; Secure" } else { "" };
    HeaderValue::from_str(&format!("{name}={value}; Path=/; Max-Age={age}; SameSite=Lax{secure}")).ok()
}

/// A cookie's value; a zone's name may have its slash written as `%2F`.
fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.trim_matches('"').replace("%2F", "/").replace("%2f", "/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_read_and_strangers_passed_over() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "a=b; theme=dark; xtz=UTC; keys=off".parse().unwrap());
        headers.append(header::COOKIE, "tz=Europe%2FBerlin; author=J%C3%A4n%22%3B%20x".parse().unwrap());
        let visitor = Visitor::of(&headers);
        assert_eq!((visitor.theme, visitor.are_keys_off), (Theme::Dark, true));
        assert_eq!(visitor.author, "Jän\"; x");
        assert_eq!(visitor.zone.map(|zone| zone.name().to_owned()).as_deref(), Some("Europe/Berlin"));
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "theme=pink; tz=Mars; keys=on; author=a%0Ab; =; ;".parse().unwrap());
        let visitor = Visitor::of(&headers);
        assert_eq!((visitor.theme, visitor.zone, visitor.are_keys_off), (Theme::System, None, false));
        assert_eq!(visitor.author, "");
    }
}
