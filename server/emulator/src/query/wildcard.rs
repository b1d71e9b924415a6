//! `contains` and its kin: SQL Server's wildcards without regard to case, said in the words of SQLite's GLOB.

use crate::fault::{Fault, Result};
use crate::value::Cell;

/// No text column holds more; longer patterns would take SQLite deeper than its stack may go.
const LONGEST: usize = 4000;

/// The pattern for a value that a client sent.
pub(super) fn pattern(function: &str, value: &str) -> Result<Cell> {
    if value.chars().count() > LONGEST {
        return Err(Fault::argument(format!(
            "A text of more than {LONGEST} characters cannot be searched for."
        )));
    }
    Ok(Cell::Text(glob(function, value)))
}

/// The GLOB pattern for a text function, or for `like`, whose pattern is the whole text. SQL's wildcards are live inside the value \[D:webapi/query/filter-rows.md\].
fn glob(function: &str, value: &str) -> String {
    let mut out = String::new();
    if matches!(function, "contains" | "endswith") {
        out.push('*');
    }
    let mut rest = value.chars();
    while let Some(c) = rest.next() {
        match c {
            '%' => out.push('*'),
            '_' => out.push('?'),
            '[' => match class(rest.as_str()) {
                Some((glob, length)) => {
                    out.push_str(&glob);
                    rest = rest.as_str()[length..].chars();
                }
                None => out.push_str("[[]"),
            },
            _ => any_case(&mut out, c),
        }
    }
    if matches!(function, "contains" | "startswith") {
        out.push('*');
    }
    out
}

/// A class after its `[`: the same in GLOB, but for case, and how long it is in the value.
fn class(rest: &str) -> Option<(String, usize)> {
    let (negated, body) = match rest.strip_prefix('^') {
        Some(body) => (true, body),
        None => (false, rest),
    };
    // A `]` or `[` standing first is a member.
    let end = body.char_indices().skip(1).find(|(_, c)| *c == ']')?.0;
    let members = &body[..end];
    let mut out = String::from(if negated { "[^" } else { "[" });
    if members.contains('-') {
        // A range keeps its sense in both cases for letters.
        out.push_str(&members.to_lowercase());
        out.push_str(&members.to_uppercase());
    } else {
        let mut all: Vec<char> = members.chars().flat_map(cases).collect();
        all.sort_unstable();
        all.dedup();
        // GLOB takes a `]` for a member only in first place, and a `^` for one only in another.
        all.sort_by_key(|c| match c {
            ']' => 0,
            '^' => 2,
            _ => 1,
        });
        if all == ['^'] && !negated {
            return Some(("^".to_owned(), end + 1));
        }
        out.extend(all);
    }
    out.push(']');
    Some((out, usize::from(negated) + end + 1))
}

/// One character, whichever case the row has it in; GLOB's own signs made harmless.
fn any_case(out: &mut String, c: char) {
    match c {
        '*' | '?' => {
            out.push('[');
            out.push(c);
            out.push(']');
        }
        _ => {
            let mut all = cases(c);
            all.dedup();
            match &all[..] {
                [one] => out.push(*one),
                several => {
                    out.push('[');
                    out.extend(several);
                    out.push(']');
                }
            }
        }
    }
}

/// A character in both cases, where each is one character.
fn cases(c: char) -> Vec<char> {
    let single = |mut chars: Box<dyn Iterator<Item = char>>| match (chars.next(), chars.next()) {
        (Some(one), None) => one,
        _ => c,
    };
    let (lower, upper) = (single(Box::new(c.to_lowercase())), single(Box::new(c.to_uppercase())));
    if lower == upper { vec![c] } else { vec![lower, upper] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_become_globs() {
        let check =
            |value: &str, expect: &str| assert_eq!(glob("contains", value), format!("*{expect}*"), "{value}");
        check("a1é", "[aA]1[éÉ]");
        check("50%_", "50*?");
        check("50[%][_]", "50[%][_]");
        check("[a-c]x", "[a-cA-C][xX]");
        check("[^ab]", "[^ABab]");
        check("[[]x]", "[[][xX]]");
        check("a[", "[aA][[]");
        check("*?", "[*][?]");
        assert_eq!(glob("startswith", "1"), "1*");
        assert_eq!(glob("endswith", "1"), "*1");
        assert_eq!(glob("like", "1%2"), "1*2");
    }
}
