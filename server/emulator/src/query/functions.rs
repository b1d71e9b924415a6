//! Dataverse's own query functions, `Microsoft.Dynamics.CRM.…` \[D:webapi/query/filter-rows.md; mt607718\].

use crate::fault::{Fault, Result};
use crate::schema::{Behaviour, Kind};
use crate::value::{Cell, time};

use super::compare;
use super::condition::Where;
use super::filter::{Argument, Operator};
use super::lex::Literal;
use super::names::{Found, Names};

/// The column that a function is about.
pub(super) fn column(name: &str, arguments: &[(String, Argument)]) -> Result<String> {
    match argument(arguments, "PropertyName") {
        Some(Argument::One(Literal::Text(column))) => Ok(column.clone()),
        _ => Err(Fault::syntax(format!("The function '{name}' needs the parameter 'PropertyName' as text."))),
    }
}

fn argument<'a>(arguments: &'a [(String, Argument)], name: &str) -> Option<&'a Argument> {
    arguments.iter().find(|(key, _)| key == name).map(|(_, argument)| argument)
}

/// The function as SQL.
pub(super) fn condition(
    query: &mut Where,
    names: Names<'_>,
    found: &Found<'_>,
    name: &str,
    arguments: &[(String, Argument)],
) -> Result<String> {
    let sql = &found.sql;
    match name {
        "In" | "NotIn" => {
            let cells = many(names, found, name, arguments)?;
            let marks = vec!["?"; cells.len()].join(", ");
            query.cells.extend(cells);
            Ok(match name {
                "In" => format!("({sql} IN ({marks}))"),
                _ => format!("({sql} NOT IN ({marks}) OR {sql} IS NULL)"),
            })
        }
        "Between" | "NotBetween" => {
            let cells = many(names, found, name, arguments)?;
            if cells.len() != 2 {
                return Err(Fault::syntax(format!("The function '{name}' takes two values.")));
            }
            query.cells.extend(cells);
            let not = if name == "NotBetween" { "NOT " } else { "" };
            Ok(format!("({sql} {not}BETWEEN ? AND ?)"))
        }
        "ContainValues" | "DoesNotContainValues" => {
            let values = texts(name, arguments)?;
            let mut parts = Vec::new();
            for value in values {
                query.cells.push(Cell::Text(format!("*,{value},*")));
                parts.push(format!("(',' || {sql} || ',') GLOB ?"));
            }
            let any = parts.join(" OR ");
            Ok(if name == "ContainValues" { format!("({any})") } else { format!("(NOT coalesce({any}, 0))") })
        }
        "EqualUserId" | "NotEqualUserId" => {
            query.cells.push(Cell::Id(names.caller.user));
            Ok(if name == "EqualUserId" { format!("({sql} = ?)") } else { format!("({sql} <> ?)") })
        }
        "On" | "NotOn" | "OnOrAfter" | "OnOrBefore" => on(query, found, name, arguments),
        _ => relative(query, names, found, name, arguments),
    }
}

fn many(
    names: Names<'_>,
    found: &Found<'_>,
    name: &str,
    arguments: &[(String, Argument)],
) -> Result<Vec<Cell>> {
    let Some(Argument::Many(values)) = argument(arguments, "PropertyValues") else {
        return Err(Fault::syntax(format!(
            "The function '{name}' needs the parameter 'PropertyValues' as a list."
        )));
    };
    values
        .iter()
        .map(|value| {
            compare::cell(names.schema, found.column, value).ok_or_else(|| {
                Fault::argument(format!(
                    "A value of '{name}' does not fit the type of '{}'.",
                    found.column.logical
                ))
            })
        })
        .collect()
}

fn texts(name: &str, arguments: &[(String, Argument)]) -> Result<Vec<i32>> {
    let values = match argument(arguments, "PropertyValues") {
        Some(Argument::Many(values)) => values.clone(),
        _ => Vec::new(),
    };
    let numbers: Option<Vec<i32>> = values
        .iter()
        .map(|value| match value {
            Literal::Text(text) | Literal::Number(text) => text.parse().ok(),
            _ => None,
        })
        .collect();
    numbers.filter(|numbers| !numbers.is_empty()).ok_or_else(|| {
        Fault::syntax(format!("The function '{name}' needs option values in 'PropertyValues'."))
    })
}

/// Against a calendar day (UTC).
fn on(query: &mut Where, found: &Found<'_>, name: &str, arguments: &[(String, Argument)]) -> Result<String> {
    let Some(Argument::One(Literal::Text(text) | Literal::Time(text))) = argument(arguments, "PropertyValue")
    else {
        return Err(Fault::syntax(format!("The function '{name}' needs the parameter 'PropertyValue'.")));
    };
    let start = time::seconds(text)
        .map(time::midnight)
        .map_err(|_| Fault::argument(format!("'{text}' is not a date.")))?;
    let range = match name {
        "OnOrAfter" => (Some(start), None),
        "OnOrBefore" => (None, Some(start + 86_400)),
        _ => (Some(start), Some(start + 86_400)),
    };
    let inside = within(query, found, range)?;
    Ok(if name == "NotOn" { format!("(NOT coalesce({inside}, 0))") } else { inside })
}

/// From one second on, up to another.
fn within(query: &mut Where, found: &Found<'_>, range: (Option<i64>, Option<i64>)) -> Result<String> {
    let days = match found.column.kind {
        Kind::DateTime(behaviour) => behaviour == Behaviour::DateOnly,
        _ => return Err(Fault::argument(format!("'{}' is no date.", found.column.logical))),
    };
    let mut parts = Vec::new();
    let bounds = [(range.0, Operator::Ge), (range.1, Operator::Lt)];
    for (second, operator) in bounds.into_iter().filter_map(|(s, o)| Some((s?, o))) {
        query.cells.push(if days {
            Cell::Text(time::print(second).chars().take(10).collect())
        } else {
            Cell::Integer(second)
        });
        parts.push(format!("{} {} ?", found.sql, operator.sql()));
    }
    Ok(format!("({})", parts.join(" AND ")))
}

/// Against a stretch of time that ends, begins or lies around now (UTC).
fn relative(
    query: &mut Where,
    names: Names<'_>,
    found: &Found<'_>,
    name: &str,
    arguments: &[(String, Argument)],
) -> Result<String> {
    let now = names.organisation.surroundings.now_s();
    let today = time::midnight(now);
    let day = 86_400;
    let count = || match argument(arguments, "PropertyValue") {
        Some(Argument::One(Literal::Number(text) | Literal::Text(text))) => {
            text.parse::<i64>().ok().filter(|n| (0..=1_000_000).contains(n)).ok_or_else(|| {
                Fault::argument(format!("The function '{name}' takes a whole number, not '{text}'."))
            })
        }
        _ => Err(Fault::syntax(format!("The function '{name}' needs the parameter 'PropertyValue'."))),
    };
    let range = match name {
        "Today" => (Some(today), Some(today + day)),
        "Yesterday" => (Some(today - day), Some(today)),
        "Tomorrow" => (Some(today + day), Some(today + 2 * day)),
        "Last7Days" => (Some(today - 7 * day), Some(now)),
        "Next7Days" => (Some(now), Some(today + 8 * day)),
        "LastXDays" => (Some(today - count()? * day), Some(now)),
        "NextXDays" => (Some(now), Some(today + (count()? + 1) * day)),
        "LastXHours" => (Some(now - now.rem_euclid(3600) - count()? * 3600), Some(now)),
        "NextXHours" => (Some(now), Some(now - now.rem_euclid(3600) + (count()? + 1) * 3600)),
        "OlderThanXMinutes" => (None, Some(now - count()? * 60)),
        "OlderThanXHours" => (None, Some(now - count()? * 3600)),
        "OlderThanXDays" => (None, Some(now - count()? * day)),
        "OlderThanXWeeks" => (None, Some(now - count()? * 7 * day)),
        "ThisMonth" => calendar(now, |date| (date.first_of_month(), date.last_of_month())),
        "ThisYear" => calendar(now, |date| (date.first_of_year(), date.last_of_year())),
        _ => return Err(Fault::unsupported(format!("the query function '{name}'"))),
    };
    within(query, found, range)
}

fn calendar(
    now: i64,
    bounds: impl Fn(jiff::civil::Date) -> (jiff::civil::Date, jiff::civil::Date),
) -> (Option<i64>, Option<i64>) {
    let Ok(instant) = jiff::Timestamp::from_second(now) else { return (None, None) };
    let (first, last) = bounds(instant.to_zoned(jiff::tz::TimeZone::UTC).date());
    let second = |date: jiff::civil::Date| {
        date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_second())
    };
    (second(first), second(last).map(|start| start + 86_400))
}
