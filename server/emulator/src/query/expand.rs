//! `$expand`: lookups to follow, options in parentheses, to any depth.

use crate::fault::{Fault, Result};

use super::lex::syntax;

/// A navigation property to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expansion {
    pub(crate) navigation: String,
    pub(crate) select: Option<String>,
    pub(crate) inner: Vec<Expansion>,
}

/// The server's own limit \[D:webapi/query/join-tables.md\].
const MOST: usize = 15;

pub(crate) fn parse(text: &str) -> Result<Vec<Expansion>> {
    let mut total = 0;
    let expansions = expansions(text, &mut total, 0)?;
    if total > MOST {
        return Err(Fault::bad("0x80060888", format!("{total} $expand options; the most is {MOST}.")));
    }
    Ok(expansions)
}

fn expansions(text: &str, total: &mut usize, depth: usize) -> Result<Vec<Expansion>> {
    if depth > MOST {
        return Err(syntax(text, 0));
    }
    split(text, ',')
        .into_iter()
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            *total += 1;
            expansion(part, total, depth)
        })
        .collect()
}

fn expansion(part: &str, total: &mut usize, depth: usize) -> Result<Expansion> {
    let Some((navigation, rest)) = part.split_once('(') else {
        return Ok(Expansion { navigation: part.to_owned(), select: None, inner: Vec::new() });
    };
    let options = rest.strip_suffix(')').ok_or_else(|| syntax(part, part.len()))?;
    let mut found = Expansion { navigation: navigation.trim().to_owned(), select: None, inner: Vec::new() };
    for option in split(options, ';').into_iter().map(str::trim).filter(|option| !option.is_empty()) {
        match option.split_once('=') {
            Some(("$select", names)) => found.select = Some(names.to_owned()),
            Some(("$expand", inner)) => found.inner = expansions(inner, total, depth + 1)?,
            Some((name, _)) => return Err(Fault::unsupported(format!("{name} inside $expand"))),
            None => return Err(syntax(part, 0)),
        }
    }
    Ok(found)
}

/// Cuts at a sign outside of parentheses.
fn split(text: &str, sign: char) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if c == sign && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn options_are_read_to_any_depth() {
        let found = parse("A($select=x,y;$expand=B($select=z)),C").unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].select.as_deref(), Some("x,y"));
        assert_eq!(found[0].inner[0].navigation, "B");
        assert!(parse("A($select=x").is_err());
        assert!(parse(&"A,".repeat(16)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), nested in 0_usize..200) {
            let _ = parse(&text);
            let _ = parse(&format!("{}{}", "A($expand=".repeat(nested), ")".repeat(nested)));
        }
    }
}
