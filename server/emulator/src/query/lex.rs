//! Words, numbers and signs of a filter, each with its position.

use uuid::Uuid;

use crate::fault::{Fault, Result};

/// A value as it stands in an address.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AddressLiteral {
    Null,
    Text(String),
    /// Digits, read when it is known against what.
    Number(String),
    Boolean(bool),
    Id(Uuid),
    /// A time or a day, read when it is known against what.
    Time(String),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sign {
    Word(String),
    Value(AddressLiteral),
    /// `( ) , / = [ ] : ;`
    Mark(char),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct LexToken {
    pub(super) at: usize,
    pub(super) sign: Sign,
}

impl LexToken {
    pub(super) fn literal(&self) -> Option<AddressLiteral> {
        match &self.sign {
            Sign::Value(literal) => Some(literal.clone()),
            Sign::Word(word) => match word.as_str() {
                "null" => Some(AddressLiteral::Null),
                "true" => Some(AddressLiteral::Boolean(true)),
                "false" => Some(AddressLiteral::Boolean(false)),
                _ => None,
            },
            Sign::Mark(_) => None,
        }
    }
}

/// OData's own words for what it cannot read.
pub(super) fn syntax(text: &str, at: usize) -> Fault {
    Fault::syntax(format!("Syntax error at position {at} in '{text}'."))
}

pub(super) fn lex(text: &str) -> Result<Vec<LexToken>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (sign, length) = next(text, at, c)?;
        tokens.push(LexToken { at, sign });
        at += length;
    }
    Ok(tokens)
}

/// What begins here, and how long it is.
fn next(text: &str, at: usize, first: char) -> Result<(Sign, usize)> {
    let rest = &text[at..];
    match first {
        '(' | ')' | ',' | '/' | '=' | '[' | ']' | ':' | ';' => Ok((Sign::Mark(first), 1)),
        // All columns.
        '*' => Ok((Sign::Word("*".to_owned()), 1)),
        '\'' => {
            let (value, length) = quoted(rest).ok_or_else(|| {
                Fault::syntax(format!(
                    "There is an unterminated string literal at position {} in '{text}'.",
                    text.len()
                ))
            })?;
            Ok((Sign::Value(AddressLiteral::Text(value)), length))
        }
        '"' => {
            let mut values = serde_json::Deserializer::from_str(rest).into_iter::<String>();
            let value = values.next().and_then(std::result::Result::ok).ok_or_else(|| syntax(text, at))?;
            Ok((Sign::Value(AddressLiteral::Text(value)), values.byte_offset()))
        }
        _ => word(rest).ok_or_else(|| syntax(text, at)),
    }
}

/// Text in single quotes, doubled inside.
fn quoted(rest: &str) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != '\'' {
            value.push(c);
        } else if chars.peek().is_some_and(|(_, next)| *next == '\'') {
            value.push('\'');
            chars.next();
        } else {
            return Some((value, at + 1));
        }
    }
    None
}

fn word(rest: &str) -> Option<(Sign, usize)> {
    let run = |more: &str| {
        rest.find(|c: char| !(c.is_ascii_alphanumeric() || more.contains(c))).unwrap_or(rest.len())
    };
    if let Some(id) = rest.get(..36).and_then(|text| Uuid::try_parse(text).ok())
        && run("-") == 36
    {
        return Some((Sign::Value(AddressLiteral::Id(id)), 36));
    }
    let first = rest.chars().next()?;
    if first.is_ascii_digit() || first == '-' {
        // Longest first: a time holds signs that a number does not.
        let length = run("-+.:");
        let text = &rest[..length];
        let is_time = text.len() >= 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
        if is_time {
            return Some((Sign::Value(AddressLiteral::Time(text.to_owned())), length));
        }
        crate::value::decimal::Decimal::parse(text)?;
        return Some((Sign::Value(AddressLiteral::Number(text.to_owned())), length));
    }
    if first.is_ascii_alphabetic() || "_@$".contains(first) {
        let length = run("_.@$");
        let (word, after) = rest.split_at(length);
        // A member of an enumeration, `Namespace.Type'Member'`, is its name [D:webapi/query-metadata-web-api.md].
        if word.contains('.') && after.starts_with('\'') {
            let (member, more) = quoted(after)?;
            return Some((Sign::Value(AddressLiteral::Text(member)), length + more));
        }
        return Some((Sign::Word(word.to_owned()), length));
    }
    None
}

/// Reads one literal and nothing else.
pub(crate) fn parse_literal(text: &str) -> Result<AddressLiteral> {
    let tokens = lex(text)?;
    match &tokens[..] {
        [token] => token.literal().ok_or_else(|| syntax(text, 0)),
        _ => Err(Fault::syntax(format!("Syntax error at position 0 in '{text}'."))),
    }
}
