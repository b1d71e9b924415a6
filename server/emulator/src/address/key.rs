//! Keys between parentheses: a GUID, or columns and values.

use uuid::Uuid;

use crate::query::{AddressLiteral, parse_literal};

/// How a row is addressed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RowAddress {
    Id(Uuid),
    Columns(Vec<(String, AddressLiteral)>),
}

pub(super) fn parse(text: &str) -> Option<RowAddress> {
    let bare = text.trim_matches('\'');
    if let Ok(id) = Uuid::try_parse(bare) {
        return Some(RowAddress::Id(id));
    }
    let mut columns = Vec::new();
    for part in split_outside_quotes(text) {
        let (name, value) = part.split_once('=')?;
        let name = name.trim();
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return None;
        }
        columns.push((name.to_owned(), parse_literal(value.trim()).ok()?));
    }
    Some(RowAddress::Columns(columns))
}

fn split_outside_quotes(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_ids_or_columns() {
        let id = Uuid::from_u128(5);
        assert_eq!(parse(&id.to_string()), Some(RowAddress::Id(id)));
        assert_eq!(
            parse("a='O''Neil, x',b=2"),
            Some(RowAddress::Columns(vec![
                ("a".to_owned(), AddressLiteral::Text("O'Neil, x".to_owned())),
                ("b".to_owned(), AddressLiteral::Number("2".to_owned())),
            ]))
        );
        assert_eq!(parse("nonsense"), None);
        assert_eq!(parse(""), None);
    }
}
