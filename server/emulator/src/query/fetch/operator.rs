//! Operators of conditions \[D:fetchxml/reference/operators.md\]: most are the query functions of OData under other names.

use crate::fault::{Fault, Result};
use crate::query::compare;
use crate::query::filter::{Argument, Operator};
use crate::query::functions;
use crate::query::lex::AddressLiteral;
use crate::query::resolver::{ResolvedColumn, Resolver};
use crate::query::wildcard;
use crate::schema::CellKind;
use crate::value::Cell;

pub(super) fn with_column(
    found: &ResolvedColumn<'_>,
    operator: &str,
    other: &ResolvedColumn<'_>,
) -> Result<String> {
    let operator = comparison(operator).ok_or_else(|| {
        Fault::bad("0x80041120", format!("The operator '{operator}' cannot compare two columns."))
    })?;
    compare::with_column(found, operator, other)
}

pub(super) fn with_values(
    cells: &mut Vec<Cell>,
    resolver: Resolver<'_>,
    found: &ResolvedColumn<'_>,
    operator: &str,
    values: &[String],
) -> Result<String> {
    let sql = &found.sql;
    if let Some(comparison) = comparison(operator) {
        let value = one(found, operator, values)?;
        let literal = match found.column.kind.decimal() {
            Some(_) => AddressLiteral::Number(value.to_owned()),
            None => AddressLiteral::Text(value.to_owned()),
        };
        return compare::with_value(cells, resolver.schema, found, comparison, &literal)
            .map_err(|_| unfit(found, value));
    }
    if let Some((function, not)) = pattern(operator) {
        if !matches!(found.column.kind, CellKind::Text { .. } | CellKind::Memo { .. }) {
            return Err(Fault::argument(format!(
                "The operator '{operator}' needs a text column, which '{}' is not.",
                found.column.logical
            )));
        }
        cells.push(wildcard::pattern(function, one(found, operator, values)?)?);
        return Ok(if not {
            format!("({sql} NOT GLOB ? OR {sql} IS NULL)")
        } else {
            format!("({sql} GLOB ?)")
        });
    }
    match operator {
        "null" => Ok(format!("({sql} IS NULL)")),
        "not-null" => Ok(format!("({sql} IS NOT NULL)")),
        _ => functions::condition(cells, resolver, found, &function(operator)?, &arguments(values)),
    }
}

fn comparison(operator: &str) -> Option<Operator> {
    Some(match operator {
        "eq" => Operator::Eq,
        "ne" | "neq" => Operator::Ne,
        "gt" => Operator::Gt,
        "ge" => Operator::Ge,
        "lt" => Operator::Lt,
        "le" => Operator::Le,
        _ => return None,
    })
}

/// Where the pattern may lie in the text, and whether it must not.
fn pattern(operator: &str) -> Option<(&'static str, bool)> {
    Some(match operator {
        "like" => ("like", false),
        "not-like" => ("like", true),
        "begins-with" => ("startswith", false),
        "not-begin-with" => ("startswith", true),
        "ends-with" => ("endswith", false),
        "not-end-with" => ("endswith", true),
        _ => return None,
    })
}

fn one<'v>(found: &ResolvedColumn<'_>, operator: &str, values: &'v [String]) -> Result<&'v str> {
    match values {
        [value] => Ok(value),
        _ => Err(Fault::argument(format!(
            "The condition operator '{operator}' on '{}' takes one value, not {}.",
            found.column.logical,
            values.len()
        ))),
    }
}

fn unfit(found: &ResolvedColumn<'_>, value: &str) -> Fault {
    Fault::argument(format!(
        "Condition for attribute '{}.{}': '{value}' is no value of the type '{}'.",
        found.table.logical,
        found.column.logical,
        found.column.kind.edm()
    ))
}

/// What OData calls the operator.
fn function(operator: &str) -> Result<String> {
    Ok(match operator {
        "eq-userid" => "EqualUserId",
        "ne-userid" => "NotEqualUserId",
        "eq-businessid" => "EqualBusinessId",
        "ne-businessid" => "NotEqualBusinessId",
        "eq-userlanguage" => "EqualUserLanguage",
        "contain-values" => "ContainValues",
        "not-contain-values" => "DoesNotContainValues",
        "last-seven-days" => "Last7Days",
        "next-seven-days" => "Next7Days",
        "above"
        | "eq-or-above"
        | "under"
        | "not-under"
        | "eq-or-under"
        | "eq-userteams"
        | "eq-useroruserteams"
        | "eq-useroruserhierarchy"
        | "eq-useroruserhierarchyandteams" => {
            return Err(Fault::unsupported(format!("the condition operator '{operator}'")));
        }
        _ if OPERATORS.contains(&operator) => return Ok(pascal(operator)),
        _ => {
            let message = format!("'{operator}' is no condition operator.");
            return Err(Fault::bad("0x80041120", message));
        }
    }
    .to_owned())
}

/// Operators whose words are those of the function.
const OPERATORS: &[&str] = &[
    "in",
    "not-in",
    "between",
    "not-between",
    "on",
    "not-on",
    "on-or-after",
    "on-or-before",
    "today",
    "yesterday",
    "tomorrow",
    "last-week",
    "this-week",
    "next-week",
    "last-month",
    "this-month",
    "next-month",
    "last-year",
    "this-year",
    "next-year",
    "last-x-hours",
    "next-x-hours",
    "last-x-days",
    "next-x-days",
    "last-x-weeks",
    "next-x-weeks",
    "last-x-months",
    "next-x-months",
    "last-x-years",
    "next-x-years",
    "olderthan-x-minutes",
    "olderthan-x-hours",
    "olderthan-x-days",
    "olderthan-x-weeks",
    "olderthan-x-months",
    "olderthan-x-years",
    "last-fiscal-period",
    "this-fiscal-period",
    "next-fiscal-period",
    "last-fiscal-year",
    "this-fiscal-year",
    "next-fiscal-year",
    "last-x-fiscal-periods",
    "next-x-fiscal-periods",
    "last-x-fiscal-years",
    "next-x-fiscal-years",
    "in-fiscal-year",
    "in-fiscal-period",
    "in-fiscal-period-and-year",
    "in-or-after-fiscal-period-and-year",
    "in-or-before-fiscal-period-and-year",
];

/// `last-x-days` as `LastXDays`.
fn pascal(operator: &str) -> String {
    let words = operator.split('-').map(|word| match word {
        "olderthan" => "OlderThan".to_owned(),
        _ => word[..1].to_ascii_uppercase() + &word[1..],
    });
    words.collect()
}

/// The values under every name by which the functions ask for them.
fn arguments(values: &[String]) -> Vec<(String, Argument)> {
    let text = |value: &String| AddressLiteral::Text(value.clone());
    let mut arguments =
        vec![("PropertyValues".to_owned(), Argument::Many(values.iter().map(text).collect()))];
    for (at, value) in values.iter().take(2).enumerate() {
        arguments.push((format!("PropertyValue{}", at + 1), Argument::One(text(value))));
    }
    if let [value] = values {
        arguments.push(("PropertyValue".to_owned(), Argument::One(text(value))));
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_called_as_in_odata() {
        let check = |operator: &str, expect: &str| assert_eq!(function(operator).unwrap(), expect);
        check("in", "In");
        check("last-x-fiscal-periods", "LastXFiscalPeriods");
        check("olderthan-x-minutes", "OlderThanXMinutes");
        check("in-or-after-fiscal-period-and-year", "InOrAfterFiscalPeriodAndYear");
        check("on-or-before", "OnOrBefore");
        assert_eq!(function("under").unwrap_err().status, 501);
        assert_eq!(function("equals").unwrap_err().code, "0x80041120");
    }
}
