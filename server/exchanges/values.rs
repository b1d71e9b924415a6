//! Variables and wildcards: `{ship:guid}` takes a value along, `{ship}` uses it, `{guid}` is any value of that kind.

use std::collections::BTreeMap;

use super::compare::decoded;

/// What the variables of a file stand for so far.
#[derive(Clone, Debug, Default)]
pub struct Values(BTreeMap<String, String>);

/// A piece of a text: plain, or a variable or wildcard with the kind it is of (none for one that must be known).
#[derive(Debug, PartialEq)]
enum Piece<'a> {
    Plain(&'a str),
    Open { name: Option<&'a str>, kind: Option<&'a str> },
}

const KINDS: &[&str] =
    &["guid", "etag", "time", "number", "text", "any", "absent", "nextlink", "deltalink", "cookie"];

impl Values {
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// A cookie comes encoded twice, and goes back plain: into XML, which goes into an address
    /// \[D:fetchxml/page-results.md\].
    fn take(&mut self, name: &str, kind: &str, value: &str) {
        if kind == "cookie" {
            let plain = decoded(&decoded(value)).replace('&', "&amp;").replace('"', "&quot;");
            let xml = plain.replace('<', "&lt;").replace('>', "&gt;");
            self.set(
                &format!("{name}-plain"),
                xml.replace('%', "%25").replace('&', "%26").replace('+', "%2B"),
            );
        }
        self.set(name, value);
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("no value has come for {{{name}}}"))
    }

    /// The text with values in place of variables. What has none yet gets a sample of its kind, for good.
    pub fn fill(&mut self, text: &str) -> Result<String, String> {
        let mut filled = String::new();
        for piece in pieces(text) {
            match piece {
                Piece::Plain(plain) => filled.push_str(plain),
                Piece::Open { name: Some(name), .. } if self.0.contains_key(name) => {
                    filled.push_str(&self.0[name]);
                }
                Piece::Open { name, kind: Some(kind) } => {
                    let value = self.sample(kind, name.unwrap_or_default());
                    filled.push_str(&value);
                    if let Some(name) = name {
                        self.take(name, kind, &value);
                    }
                }
                Piece::Open { name, .. } => {
                    return Err(format!("no value has come for {{{}}}", name.unwrap_or_default()));
                }
            }
        }
        Ok(filled)
    }

    /// Whether the text is what the pattern says; its new variables take their values from it.
    pub fn matches(&mut self, pattern: &str, text: &str) -> bool {
        let mut taken = self.clone();
        let fits = taken.fits(&pieces(pattern), text);
        if fits {
            *self = taken;
        }
        fits
    }

    fn fits(&mut self, pieces: &[Piece<'_>], text: &str) -> bool {
        let Some((first, rest)) = pieces.split_first() else { return text.is_empty() };
        let (name, kind) = match first {
            Piece::Plain(plain) => {
                return text.strip_prefix(plain).is_some_and(|text| self.fits(rest, text));
            }
            Piece::Open { name, kind } => (*name, *kind),
        };
        if let Some(known) = name.and_then(|name| self.0.get(name)).cloned() {
            return text.strip_prefix(known.as_str()).is_some_and(|text| self.fits(rest, text));
        }
        let Some(kind) = kind else { return false };
        let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        for end in ends {
            let mut taken = self.clone();
            if taken.is_of(kind, &text[..end]) {
                if let Some(name) = name {
                    taken.take(name, kind, &text[..end]);
                }
                if taken.fits(rest, &text[end..]) {
                    *self = taken;
                    return true;
                }
            }
        }
        false
    }

    fn is_of(&self, kind: &str, text: &str) -> bool {
        let shaped = |shape: &str| {
            text.len() == shape.len()
                && text.bytes().zip(shape.bytes()).all(|(byte, shape)| match shape {
                    b'x' => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
                    b'0' => byte.is_ascii_digit(),
                    other => byte == other,
                })
        };
        match kind {
            "guid" => shaped("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"),
            "time" => shaped("0000-00-00T00:00:00Z"),
            "etag" => {
                text.strip_prefix("W/\"").and_then(|rest| rest.strip_suffix('"')).is_some_and(is_number)
            }
            "number" => is_number(text),
            "nextlink" => self.is_link(text, "skiptoken"),
            "deltalink" => self.is_link(text, "deltatoken"),
            "cookie" => text.contains("%25") && !text.contains(['"', '<', ' ']),
            "text" => !text.is_empty(),
            _ => kind == "any",
        }
    }

    /// A link on the address that was asked, with its token encoded.
    fn is_link(&self, text: &str, token: &str) -> bool {
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"');
        text.starts_with(self.get("base")) && text.contains(&format!("${token}=")) && text.chars().all(plain)
    }

    fn sample(&self, kind: &str, name: &str) -> String {
        let number = name.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let base = || self.get("base");
        match kind {
            "guid" => format!("5a3b1e00-0000-4000-8000-{:012x}", number & 0xffff_ffff_ffff),
            "etag" => format!("W/\"{}\"", number % 1_000_000),
            "time" => "2026-03-01T12:34:56Z".to_owned(),
            "number" => (number % 1000).to_string(),
            "nextlink" => format!(
                "{}port_ships?$select=port_name&$skiptoken=%3Ccookie%20pagenumber=%222%22%20pagingcookie=%22%253ccookie%2520page%253d%25221%2522%253e%22%20istracking=%22False%22%20/%3E",
                base()
            ),
            "deltalink" => {
                format!(
                    "{}port_ships?$select=port_name&$deltatoken=919042%2108%2f22%2f2026%2008%3a10%3a44",
                    base()
                )
            }
            "cookie" => "%253ccookie%2520page%253d%25221%2522%253e%253c%252fcookie%253e".to_owned(),
            "any" => String::new(),
            _ => format!("sample{number}"),
        }
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Cuts a text at its variables: a word in braces, without spaces or quotes. JSON's braces are never that.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut plain) = (Vec::new(), 0);
    for (open, _) in text.match_indices('{') {
        let Some(close) = text[open..].find('}').map(|at| open + at) else { break };
        let inside = &text[open + 1..close];
        let (name, kind) = inside.split_once(':').map_or((inside, None), |(name, kind)| (name, Some(kind)));
        let is_word = |word: &str| {
            !word.is_empty()
                && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        if open < plain || !is_word(name) || kind.is_some_and(|kind| !KINDS.contains(&kind)) {
            continue;
        }
        pieces.push(Piece::Plain(&text[plain..open]));
        pieces.push(match kind {
            None if KINDS.contains(&name) => Piece::Open { name: None, kind: Some(name) },
            kind => Piece::Open { name: Some(name), kind },
        });
        plain = close + 1;
    }
    pieces.push(Piece::Plain(&text[plain..]));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        let mut values = Values::default();
        values.set("base", "http://here/api/data/v9.2/");
        values
    }

    #[test]
    fn what_is_taken_along_is_used() {
        let mut values = values();
        let id = "5a3b1e00-0000-4000-8000-00000000000a";
        assert!(
            values.matches("{base}ships({ship:guid})", &format!("http://here/api/data/v9.2/ships({id})"))
        );
        assert_eq!(values.fill("/ships({ship})").unwrap(), format!("/ships({id})"));
        assert!(!values.matches("{ship}", "5a3b1e00-0000-4000-8000-00000000000b"));
        assert!(values.fill("{nobody}").is_err());
    }

    #[test]
    fn kinds_are_told_apart() {
        let check = |pattern: &str, text: &str, expect: bool| {
            assert_eq!(values().matches(pattern, text), expect, "{pattern} {text}");
        };
        check("{guid}", "5A3B1E00-0000-4000-8000-00000000000A", false);
        check("{etag}", "W/\"12\"", true);
        check("{etag}", "\"12\"", false);
        check("{time}", "2026-03-01T12:34:56Z", true);
        check("{time}", "2026-03-01T12:34:56.000Z", false);
        check("a{text}c", "abc", true);
        check("a{text}c", "ac", false);
        check("{nextlink}", "http://here/api/data/v9.2/ships?$skiptoken=%3Ca%3E", true);
        check("{nextlink}", "http://there/api/data/v9.2/ships?$skiptoken=%3Ca%3E", false);
        check("{ \"a\": 1 }", "{ \"a\": 1 }", true);
    }

    #[test]
    fn samples_are_of_their_kind() {
        for kind in KINDS.iter().filter(|kind| **kind != "absent") {
            let sample = values().fill(&format!("{{{kind}}}")).unwrap();
            assert!(values().matches(&format!("{{{kind}}}"), &sample), "{kind}: {sample}");
        }
    }
}
