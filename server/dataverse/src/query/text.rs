//! Names and escapes: what may stand in an address as it is, and how everything else is written.

use std::fmt::Write as _;

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
