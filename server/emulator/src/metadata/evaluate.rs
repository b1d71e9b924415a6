//! `$filter` on definitions: the same grammar as for rows, evaluated on JSON, as far as the cloud allows it there.

use serde_json::Value;

use crate::fault::{Fault, Result};
use crate::query::{AddressLiteral, Expression, Operand, Operator};

/// Whether a definition satisfies a filter.
pub(super) fn holds(filter: &Expression, thing: &Value) -> Result<bool> {
    Ok(match filter {
        Expression::And(parts) => all(parts, thing, true)?,
        Expression::Or(parts) => !all(parts, thing, false)?,
        Expression::Not(inner) => !holds(inner, thing)?,
        Expression::Path(path) => find(path, thing)?.as_bool().unwrap_or(false),
        Expression::Compare(operator, Operand::Path(path), Operand::Value(value)) => {
            let found = find(path, thing)?;
            let same = same(found, value);
            match operator {
                Operator::Eq => same,
                Operator::Ne => !same,
                _ => ordered(*operator, found, value)?,
            }
        }
        // The cloud answers 501 here as well.
        _ => return Err(Fault::unsupported("this $filter on definitions")),
    })
}

/// Numbers stand in an order, as the maker portal's own filter on `ObjectTypeCode` has it; nothing else does.
fn ordered(operator: Operator, found: &Value, literal: &AddressLiteral) -> Result<bool> {
    let AddressLiteral::Number(digits) = literal else {
        return Err(Fault::unsupported("ordering comparisons on definitions, but for numbers"));
    };
    let (Some(found), Ok(wanted)) = (found.as_f64(), digits.parse::<f64>()) else { return Ok(false) };
    Ok(match operator {
        Operator::Gt => found > wanted,
        Operator::Ge => found >= wanted,
        Operator::Lt => found < wanted,
        _ => found <= wanted,
    })
}

/// Whether all parts come out so.
fn all(parts: &[Expression], thing: &Value, so: bool) -> Result<bool> {
    for part in parts {
        if holds(part, thing)? != so {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `Microsoft.Dynamics.CRM.OwnershipTypes'UserOwned'` becomes `'UserOwned'`: definitions hold such values as text
/// \[D:webapi/query-metadata-web-api.md\].
pub(super) fn plain_enums(filter: &str) -> String {
    const NAMESPACE: &str = "Microsoft.Dynamics.CRM.";
    let (mut out, mut rest) = (String::with_capacity(filter.len()), filter);
    while let Some((before, after)) = rest.split_once(NAMESPACE) {
        out.push_str(before);
        let name = after.chars().take_while(char::is_ascii_alphanumeric).count();
        if !after[name..].starts_with('\'') {
            out.push_str(NAMESPACE);
            rest = after;
        } else {
            rest = &after[name..];
        }
    }
    out + rest
}

fn find<'a>(path: &[String], thing: &'a Value) -> Result<&'a Value> {
    let mut value = thing;
    for name in path {
        value = value.get(name).ok_or_else(|| Fault::no_property(name, "EntityMetadata"))?;
    }
    Ok(value)
}

fn same(found: &Value, literal: &AddressLiteral) -> bool {
    match literal {
        AddressLiteral::Null => found.is_null(),
        AddressLiteral::Boolean(value) => found.as_bool() == Some(*value),
        AddressLiteral::Number(digits) => found.as_f64().is_some_and(|has| digits.parse() == Ok(has)),
        AddressLiteral::Text(text) | AddressLiteral::Time(text) => found.as_str() == Some(text),
        AddressLiteral::Id(id) => found.as_str().is_some_and(|has| has.parse() == Ok(*id)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn enums_are_text() {
        let check = |filter: &str, expect: &str| assert_eq!(plain_enums(filter), expect);
        check("a eq Microsoft.Dynamics.CRM.OwnershipTypes'UserOwned' and b", "a eq 'UserOwned' and b");
        check("Microsoft.Dynamics.CRM.In(PropertyName='a')", "Microsoft.Dynamics.CRM.In(PropertyName='a')");
        check("a eq 1", "a eq 1");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "(Microsoft\\.Dynamics\\.CRM\\.|'|\\PC)*") {
            let _ = plain_enums(&text);
        }
    }
}
