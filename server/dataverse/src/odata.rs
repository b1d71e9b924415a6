//! What an address is made of: names, values by their types, escapes, and the server's own links.

use std::fmt::Write as _;

use uuid::Uuid;

use crate::error::Error;

/// A value to compare with, or a part of a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// Nothing.
    Null,
    /// Text; quotes are doubled.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Digits with a sign, a point and an exponent at most: exact, since it never passes through a float.
    Decimal(String),
    /// True or false.
    Boolean(bool),
    /// An id.
    Id(Uuid),
    /// An instant.
    Time(jiff::Timestamp),
    /// A calendar day, for columns that hold dates alone.
    Date(jiff::civil::Date),
}

impl Literal {
    /// An exact number, by its digits.
    pub fn decimal(digits: impl Into<String>) -> Self {
        Self::Decimal(digits.into())
    }

    /// As OData writes it, not yet percent-encoded.
    pub(crate) fn to_odata(&self) -> Result<String, Error> {
        Ok(match self {
            Self::Null => "null".to_owned(),
            Self::Text(text) => format!("'{}'", text.replace('\'', "''")),
            Self::Integer(number) => number.to_string(),
            Self::Decimal(digits) if is_decimal(digits) => digits.clone(),
            Self::Decimal(digits) => return Err(Error::Misuse(format!("`{digits}` is no decimal number"))),
            Self::Boolean(value) => value.to_string(),
            Self::Id(id) => id.to_string(),
            Self::Time(time) => time.to_string(),
            Self::Date(date) => date.to_string(),
        })
    }
}

fn is_decimal(digits: &str) -> bool {
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let all = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    all(whole) && all(fraction)
}

impl From<&str> for Literal {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Literal {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i32> for Literal {
    fn from(number: i32) -> Self {
        Self::Integer(i64::from(number))
    }
}

impl From<u32> for Literal {
    fn from(number: u32) -> Self {
        Self::Integer(i64::from(number))
    }
}

impl From<i64> for Literal {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Literal {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<Uuid> for Literal {
    fn from(id: Uuid) -> Self {
        Self::Id(id)
    }
}

impl From<jiff::Timestamp> for Literal {
    fn from(time: jiff::Timestamp) -> Self {
        Self::Time(time)
    }
}

impl From<jiff::civil::Date> for Literal {
    fn from(date: jiff::civil::Date) -> Self {
        Self::Date(date)
    }
}

/// A name that can stand in an address as it is: of a set, column or navigation property.
pub(crate) fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Names joined by `/`: a column reached over a lookup.
pub(crate) fn is_path(path: &str) -> bool {
    path.split('/').all(is_name)
}

/// Refuses what is no name.
pub(crate) fn named(name: &str) -> Result<(), Error> {
    if is_name(name) { Ok(()) } else { Err(Error::Misuse(format!("`{name}` is no name of a set or column"))) }
}

/// Refuses what is no path.
pub(crate) fn path(name: &str) -> Result<(), Error> {
    if is_path(name) { Ok(()) } else { Err(Error::Misuse(format!("`{name}` is no path to a column"))) }
}

/// Percent-encodes all but RFC 3986's unreserved characters and a few that are safe in a query and help the eye.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'('
            | b')'
            | b','
            | b'$' => {
                out.push(char::from(byte));
            }
            _ => write!(out, "%{byte:02X}").expect("writing to a string"),
        }
    }
    out
}

/// What follows `/api/data/v9.2/` in a link that the server gave. Only the path is taken: the token never goes to
/// another host, whatever a link says.
pub(crate) fn path_of_link(link: &str) -> Result<String, Error> {
    let after = link.split_once("/api/data/v").and_then(|(_, rest)| rest.split_once('/'));
    match after {
        Some((_, path)) => Ok(path.to_owned()),
        None => Err(Error::Malformed("a link that leads out of the Web API".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_within_the_organisation_only() {
        let path = path_of_link("https://elsewhere/api/data/v9.2/sets?$skiptoken=%3Ca%3E").unwrap();
        assert_eq!(path, "sets?$skiptoken=%3Ca%3E");
        assert!(path_of_link("https://elsewhere/steal").is_err());
    }
}
