//! The grammar of `$apply`, as much of it as Dataverse documents; every error says where.

use crate::fault::{Fault, Result};
use crate::query::aggregate::Function;
use crate::query::cursor::{Aliases, RowCursor};
use crate::query::filter::{self, Expression};

/// Filters, then groups, then what is worked out over each.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Transformation {
    pub(super) filters: Vec<Expression>,
    pub(super) keys: Vec<Vec<String>>,
    pub(super) aggregates: Vec<AggregateExpression>,
}

/// `path with function as name`, or `$count as name`, which has no path.
#[derive(Debug, PartialEq)]
pub(super) struct AggregateExpression {
    pub(super) path: Vec<String>,
    pub(super) function: Function,
    pub(super) name: String,
}

pub(super) fn parse(text: &str, alias: Aliases<'_>) -> Result<Transformation> {
    let mut cursor = RowCursor::new(text)?;
    let mut found = Transformation::default();
    while cursor.take_word("filter") {
        cursor.expect('(')?;
        found.filters.push(filter::parse_part(&mut cursor, alias)?);
        cursor.expect(')')?;
        cursor.expect('/')?;
    }
    match cursor.word_ahead() {
        Some("groupby") => group_by(&mut cursor, &mut found)?,
        Some("aggregate") => found.aggregates = aggregates(&mut cursor)?,
        Some(other @ ("compute" | "concat" | "expand" | "identity" | "search" | "topcount")) => {
            return Err(Fault::unsupported(format!("the transformation '{other}' in $apply")));
        }
        _ => return Err(cursor.here()),
    }
    if cursor.take_cursor('/') {
        return Err(Fault::unsupported("transformations after groupby or aggregate in $apply"));
    }
    cursor.end()?;
    Ok(found)
}

/// `groupby((a,b/c))`, or with `,aggregate(…)` in it.
fn group_by(cursor: &mut RowCursor<'_>, found: &mut Transformation) -> Result<()> {
    cursor.expect_word("groupby")?;
    cursor.expect('(')?;
    cursor.expect('(')?;
    loop {
        found.keys.push(cursor.path()?);
        if !cursor.take_cursor(',') {
            break;
        }
    }
    cursor.expect(')')?;
    if cursor.take_cursor(',') {
        found.aggregates = aggregates(cursor)?;
    }
    cursor.expect(')')
}

fn aggregates(cursor: &mut RowCursor<'_>) -> Result<Vec<AggregateExpression>> {
    cursor.expect_word("aggregate")?;
    cursor.expect('(')?;
    let mut found = Vec::new();
    loop {
        found.push(aggregate(cursor)?);
        if !cursor.take_cursor(',') {
            break;
        }
    }
    cursor.expect(')')?;
    Ok(found)
}

fn aggregate(cursor: &mut RowCursor<'_>) -> Result<AggregateExpression> {
    let (path, function) = if cursor.take_word("$count") {
        (Vec::new(), Function::Count)
    } else {
        let path = cursor.path()?;
        cursor.expect_word("with")?;
        (path, function(cursor)?)
    };
    cursor.expect_word("as")?;
    Ok(AggregateExpression { path, function, name: cursor.word()? })
}

fn function(cursor: &mut RowCursor<'_>) -> Result<Function> {
    let function = match cursor.word_ahead() {
        Some("sum") => Function::Sum,
        Some("average") => Function::Average,
        Some("min") => Function::Min,
        Some("max") => Function::Max,
        // The documentation sends those who want it to FetchXML.
        Some("countdistinct") => return Err(Fault::unsupported("countdistinct in $apply")),
        _ => return Err(cursor.here()),
    };
    cursor.word()?;
    Ok(function)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Transformation> {
        parse(text, &|_| None)
    }

    #[test]
    fn the_documented_forms_are_read() {
        let found = read(
            "filter(a eq 'x' and contains(b,')'))/groupby((c,d/e),aggregate(f with sum as total, $count as n))",
        )
        .unwrap();
        assert_eq!(found.filters.len(), 1);
        assert_eq!(found.keys, [vec!["c".to_owned()], vec!["d".to_owned(), "e".to_owned()]]);
        let names: Vec<_> = found.aggregates.iter().map(|one| (one.name.as_str(), one.function)).collect();
        assert_eq!(names, [("total", Function::Sum), ("n", Function::Count)]);
        assert!(read("groupby((a))").unwrap().aggregates.is_empty());
        assert!(read("aggregate(a with average as b)").unwrap().keys.is_empty());
    }

    #[test]
    fn errors_say_where() {
        let check = |text: &str, part: &str| {
            let fault = read(text).unwrap_err();
            assert!(fault.message.contains(part), "{text}: {}", fault.message);
        };
        check("groupby(a)", "position 8");
        check("groupby((a)", "position 11");
        check("aggregate(a with sum)", "position 20");
        check("aggregate(a with median as b)", "position 17");
        check("filter(a eq 1)", "position 14");
        check("filter(a eq)/groupby((b))", "position 11");
        check("groupby((a))/filter(a eq 1)", "does not support");
        check("nonsense", "position 0");
        check("", "position 0");
        check(&format!("filter({}", "(".repeat(50_000)), "limit");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = read(&text);
        }

        #[test]
        fn shuffled_words_never_panic(
            words in prop::collection::vec(prop::sample::select(vec![
                "filter", "groupby", "aggregate", "(", ")", "((", "))", ",", "/", "a", "eq", "1", "with", "sum", "as",
                "$count", "'x'", "é",
            ]), 0..40),
        ) {
            let _ = read(&words.join(" "));
            let _ = read(&words.concat());
        }

        /// What is written out is read back the same.
        #[test]
        fn what_is_written_is_read(
            keys in prop::collection::vec("[a-z]{1,5}(/[a-z]{1,5})?", 0..4),
            works in prop::collection::vec(("[a-z]{1,5}", 0_usize..4, "[a-z]{1,5}"), 0..4),
        ) {
            prop_assume!(!keys.is_empty() || !works.is_empty());
            let functions = ["sum", "average", "min", "max"];
            let written: Vec<String> =
                works.iter().map(|(path, at, name)| format!("{path} with {} as {name}", functions[*at])).collect();
            let work = format!("aggregate({})", written.join(","));
            let text = match (keys.is_empty(), works.is_empty()) {
                (true, _) => work,
                (false, true) => format!("groupby(({}))", keys.join(",")),
                (false, false) => format!("groupby(({}),{work})", keys.join(",")),
            };
            let found = read(&text).unwrap();
            prop_assert_eq!(found.keys.iter().map(|key| key.join("/")).collect::<Vec<_>>(), keys);
            let names: Vec<_> = found.aggregates.into_iter().map(|one| one.name).collect();
            prop_assert_eq!(names, works.into_iter().map(|(_, _, name)| name).collect::<Vec<_>>());
        }
    }
}
