//! A path cut into segments, each a name and perhaps a key in parentheses.

use super::decode;
use super::key::{self, RowAddress};
use crate::fault::{Fault, Result};

/// One segment, such as `accounts(name='a/b')`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Segment {
    pub(crate) name: String,
    /// What stands in the parentheses, decoded; `None` without parentheses.
    pub(crate) arguments: Option<String>,
}

impl Segment {
    /// The arguments read as a row's key.
    pub(crate) fn key(&self) -> Result<Option<RowAddress>> {
        match self.arguments.as_deref().map(str::trim) {
            None => Ok(None),
            Some(text) => key::parse(text).map(Some).ok_or_else(|| {
                Fault::bad(
                    "0x80060888",
                    format!("Bad Request - Error in query syntax: the key '({text})' is malformed."),
                )
            }),
        }
    }
}

/// Cuts a path at the slashes that are neither in quotes nor in parentheses.
pub(crate) fn segments(path: &str) -> Result<Vec<Segment>> {
    let path = decode(path);
    let mut found = Vec::new();
    let (mut start, mut depth, mut quoted) = (0, 0_usize, false);
    for (at, c) in path.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            '/' if !quoted && depth == 0 => {
                found.extend(segment(&path[start..at])?);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.extend(segment(&path[start..])?);
    Ok(found)
}

fn segment(text: &str) -> Result<Option<Segment>> {
    if text.is_empty() {
        return Ok(None);
    }
    let Some((name, rest)) = text.split_once('(') else {
        return Ok(Some(Segment { name: text.to_owned(), arguments: None }));
    };
    let arguments = rest.strip_suffix(')').ok_or_else(|| {
        Fault::bad(
            "0x80060888",
            format!("Bad Request - Error in query syntax: '{text}' has no closing parenthesis."),
        )
    })?;
    Ok(Some(Segment { name: name.to_owned(), arguments: Some(arguments.to_owned()) }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slashes_in_keys_do_not_cut() {
        let found = segments("sets(a='x/y''(z')/Nav/$ref").unwrap();
        let names: Vec<&str> = found.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["sets", "Nav", "$ref"]);
        assert_eq!(found[0].arguments.as_deref(), Some("a='x/y''(z'"));
        assert!(segments("sets(a").is_err());
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in any::<String>()) {
            for segment in segments(&text).into_iter().flatten() {
                let _ = segment.key();
            }
        }
    }
}
