//! `$expand`: navigation properties to follow, with options in parentheses, to any depth \[D:webapi/query/join-tables.md\].

use crate::address::encode;
use crate::fault::{Fault, Result};

use super::cursor::RowCursor;
use super::filter::{self, Expression};
use super::lex::AddressLiteral;
use super::options::top;
use super::order::{self, OrderTerm};

/// A navigation property to follow.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Expansion {
    pub(crate) navigation: String,
    pub(crate) select: Option<String>,
    pub(crate) inner: Vec<Expansion>,
    /// `Nav/$ref`: only where the row is, not what is in it.
    pub(super) reference: bool,
    pub(crate) filter: Option<Expression>,
    pub(super) order: Vec<OrderTerm>,
    pub(super) top: Option<u32>,
    /// The options as a request of their own would have them.
    pub(super) query: String,
}

impl Expansion {
    /// Whether it asks for no more than definitions know, at every depth: columns, and a filter.
    pub(crate) fn fits_definitions(&self) -> bool {
        let more = self.reference || !self.order.is_empty() || self.top.is_some();
        !more && self.inner.iter().all(Self::fits_definitions)
    }
}

/// The server's own limit.
const MOST: usize = 15;

pub(crate) fn parse(text: &str) -> Result<Vec<Expansion>> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mut cursor = RowCursor::new(text)?;
    let mut total = 0;
    let found = expansions(&mut cursor, &mut total)?;
    cursor.end()?;
    if found.iter().any(|one| !one.inner.is_empty()) {
        found.iter().try_for_each(check_nested)?;
    }
    Ok(found)
}

fn expansions(cursor: &mut RowCursor<'_>, total: &mut usize) -> Result<Vec<Expansion>> {
    let mut found = Vec::new();
    loop {
        // Nesting is bounded with it: every level is one more.
        *total += 1;
        if *total > MOST {
            return Err(Fault::bad(
                "0x80060888",
                format!("More than {MOST} $expand options; that is the most."),
            ));
        }
        found.push(expansion(cursor, total)?);
        if !cursor.take_cursor(',') {
            return Ok(found);
        }
    }
}

fn expansion(cursor: &mut RowCursor<'_>, total: &mut usize) -> Result<Expansion> {
    let path = cursor.path()?;
    let mut found = Expansion::default();
    match &path[..] {
        [navigation] => found.navigation.clone_from(navigation),
        [navigation, last] if last == "$ref" => {
            found.navigation.clone_from(navigation);
            found.reference = true;
        }
        _ => return Err(Fault::unsupported("paths in $expand")),
    }
    if !cursor.take_cursor('(') {
        return Ok(found);
    }
    let mut texts = Vec::new();
    loop {
        let start = cursor.position();
        option(cursor, &mut found, total)?;
        texts.push(encode(cursor.text_since(start)));
        if !cursor.take_cursor(';') {
            break;
        }
    }
    cursor.expect(')')?;
    found.query = texts.join("&");
    Ok(found)
}

fn option(cursor: &mut RowCursor<'_>, found: &mut Expansion, total: &mut usize) -> Result<()> {
    let here = cursor.here();
    let name = cursor.word()?;
    cursor.expect('=')?;
    match name.as_str() {
        "$select" => {
            let mut names = vec![cursor.word()?];
            while cursor.take_cursor(',') {
                names.push(cursor.word()?);
            }
            found.select = Some(names.join(","));
        }
        "$expand" => found.inner = expansions(cursor, total)?,
        // Parameter aliases mean nothing inside of $expand [D:webapi/query/filter-rows.md].
        "$filter" => found.filter = Some(filter::parse_part(cursor, &|_| None)?),
        "$orderby" => found.order = order::parse(cursor, &|_| None)?,
        "$top" => match cursor.literal() {
            Some(AddressLiteral::Number(digits)) => found.top = top(Some(&digits))?,
            _ => return Err(cursor.here()),
        },
        "$skip" | "$count" | "$search" | "$levels" => {
            let message = format!("The query option '{name}' is not supported inside $expand.");
            return Err(Fault::bad("0x80060888", message));
        }
        _ => return Err(here),
    }
    Ok(())
}

/// With one expansion inside another, all of them are paged, and none may be ordered or cut short.
fn check_nested(expansion: &Expansion) -> Result<()> {
    if expansion.top.is_some() || !expansion.order.is_empty() {
        return Err(only_select_and_filter());
    }
    expansion.inner.iter().try_for_each(check_nested)
}

pub(super) fn only_select_and_filter() -> Fault {
    let message = "Only $select and $filter clause can be provided while doing $expand on many-to-one relationship or \
                   nested one-to-many relationship.";
    Fault::bad("0x80060888", message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn options_are_read_to_any_depth() {
        let found = parse("A($select=x,y;$expand=B($select=z)),C/$ref").unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].select.as_deref(), Some("x,y"));
        assert_eq!(found[0].inner[0].navigation, "B");
        assert!(found[1].reference);
        let found = parse("A($filter=contains(x,';)') and y eq 1;$orderby=x desc,y;$top=3)").unwrap();
        assert_eq!((found[0].top, found[0].order.len()), (Some(3), 2));
        assert!(found[0].filter.is_some());
        assert_eq!(
            found[0].query,
            "$filter=contains(x,%27;)%27)%20and%20y%20eq%201&$orderby=x%20desc,y&$top=3"
        );
    }

    #[test]
    fn errors_say_where() {
        let check = |text: &str, part: &str| {
            let fault = parse(text).unwrap_err();
            assert!(fault.message.contains(part), "{text}: {}", fault.message);
        };
        check("A($select=x", "position 11");
        check("A($selekt=x)", "position 2");
        check("A()", "position 2");
        check("A,,B", "position 2");
        check("A($top=x)", "position 7");
        check("A($levels=2)", "not supported inside $expand");
        check(&"A,".repeat(16), "More than 15");
        check(&"A($expand=".repeat(5000), "More than 15");
        check("A($top=1),B($expand=C)", "Only $select and $filter");
        check("A($expand=B($orderby=c))", "Only $select and $filter");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), nested in 0_usize..200) {
            let _ = parse(&text);
            let _ = parse(&format!("{}{}", "A($expand=".repeat(nested), ")".repeat(nested)));
        }

        #[test]
        fn shuffled_words_never_panic(
            words in prop::collection::vec(prop::sample::select(vec![
                "A", "(", ")", ";", ",", "=", "$select", "$expand", "$filter", "$orderby", "$top", "/", "$ref", "eq",
                "1", "desc", "'x'", "*",
            ]), 0..30),
        ) {
            let _ = parse(&words.join(" "));
            let _ = parse(&words.concat());
        }
    }
}
