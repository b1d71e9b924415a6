//! Dataverse's own query functions, `Microsoft.Dynamics.CRM.…` \[D:webapi/query/filter-rows.md; mt607718\].

use crate::fault::{Fault, Result};
use crate::schema::{Behaviour, CellKind};
use crate::value::{Cell, time};

use super::compare;
use super::date_part::DatePart;
use super::filter::{Argument, Operator};
use super::fragment::joined;
use super::lex::AddressLiteral;
use super::resolver::{ResolvedColumn, Resolver};

mod span;

use span::TimeSpan;

/// English: the one language that the organisation speaks.
const LANGUAGE: u32 = 1033;

/// The column that a function is about.
pub(super) fn column(name: &str, arguments: &[(String, Argument)]) -> Result<String> {
    match argument(arguments, "PropertyName") {
        Some(Argument::One(AddressLiteral::Text(column))) => Ok(column.clone()),
        _ => Err(Fault::syntax(format!("The function '{name}' needs the parameter 'PropertyName' as text."))),
    }
}

fn argument<'a>(arguments: &'a [(String, Argument)], name: &str) -> Option<&'a Argument> {
    arguments.iter().find(|(key, _)| key == name).map(|(_, argument)| argument)
}

/// The function as SQL.
pub(super) fn condition(
    cells: &mut Vec<Cell>,
    resolver: Resolver<'_>,
    found: &ResolvedColumn<'_>,
    name: &str,
    arguments: &[(String, Argument)],
) -> Result<String> {
    let sql = &found.sql;
    match name {
        "In" | "NotIn" => {
            let values = many(resolver, found, name, arguments)?;
            let marks = vec!["?"; values.len()].join(", ");
            cells.extend(values);
            Ok(match name {
                "In" => format!("({sql} IN ({marks}))"),
                _ => format!("({sql} NOT IN ({marks}) OR {sql} IS NULL)"),
            })
        }
        "Between" | "NotBetween" => {
            let values = many(resolver, found, name, arguments)?;
            if values.len() != 2 {
                return Err(Fault::syntax(format!("The function '{name}' takes two values.")));
            }
            cells.extend(values);
            let not = if name == "NotBetween" { "NOT " } else { "" };
            Ok(format!("({sql} {not}BETWEEN ? AND ?)"))
        }
        "ContainValues" | "DoesNotContainValues" => {
            let values = texts(name, arguments)?;
            let mut parts = Vec::new();
            for value in values {
                cells.push(Cell::Text(format!("*,{value},*")));
                parts.push(format!("(',' || {sql} || ',') GLOB ?"));
            }
            let any = joined(&parts, " OR ");
            Ok(if name == "ContainValues" { format!("({any})") } else { format!("(NOT coalesce({any}, 0))") })
        }
        "EqualUserId" => Ok(same_id(cells, sql, resolver.caller.user, "=")),
        "NotEqualUserId" => Ok(same_id(cells, sql, resolver.caller.user, "<>")),
        "EqualBusinessId" => Ok(same_id(cells, sql, resolver.organisation.identity.business_unit, "=")),
        "NotEqualBusinessId" => Ok(same_id(cells, sql, resolver.organisation.identity.business_unit, "<>")),
        "EqualUserLanguage" => Ok(format!("({sql} = {LANGUAGE})")),
        "On" | "NotOn" | "OnOrAfter" | "OnOrBefore" => on(cells, found, name, arguments),
        _ => date(cells, resolver, found, name, arguments),
    }
}

fn same_id(cells: &mut Vec<Cell>, sql: &str, id: uuid::Uuid, sign: &str) -> String {
    cells.push(Cell::Id(id));
    format!("({sql} {sign} ?)")
}

fn many(
    resolver: Resolver<'_>,
    found: &ResolvedColumn<'_>,
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
            compare::cell(resolver.schema, found.column, value).ok_or_else(|| {
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
            AddressLiteral::Text(text) | AddressLiteral::Number(text) => text.parse().ok(),
            _ => None,
        })
        .collect();
    numbers.filter(|numbers| !numbers.is_empty()).ok_or_else(|| {
        Fault::syntax(format!("The function '{name}' needs option values in 'PropertyValues'."))
    })
}

/// Against a calendar day (UTC).
fn on(
    cells: &mut Vec<Cell>,
    found: &ResolvedColumn<'_>,
    name: &str,
    arguments: &[(String, Argument)],
) -> Result<String> {
    let Some(Argument::One(AddressLiteral::Text(text) | AddressLiteral::Time(text))) =
        argument(arguments, "PropertyValue")
    else {
        return Err(Fault::syntax(format!("The function '{name}' needs the parameter 'PropertyValue'.")));
    };
    let start = time::seconds(text)
        .map(time::midnight)
        .map_err(|_| Fault::argument(format!("'{text}' is not a date.")))?;
    let (from, up_to) = (Some(start), Some(start + 86_400));
    let span = match name {
        "OnOrAfter" => TimeSpan { from, up_to: None },
        "OnOrBefore" => TimeSpan { from: None, up_to },
        _ => TimeSpan { from, up_to },
    };
    let inside = within(cells, found, span)?;
    Ok(if name == "NotOn" { format!("(NOT coalesce({inside}, 0))") } else { inside })
}

/// Inside a stretch of time. A column of days holds a day if its midnight lies inside.
fn within(cells: &mut Vec<Cell>, found: &ResolvedColumn<'_>, span: TimeSpan) -> Result<String> {
    let days = behaviour(found)? == Behaviour::DateOnly;
    let mut parts = Vec::new();
    let bounds = [(span.from, Operator::Ge), (span.up_to, Operator::Lt)];
    for (second, operator) in bounds.into_iter().filter_map(|(s, o)| Some((s?, o))) {
        cells.push(if days {
            Cell::Text(time::print(time::midnight(second + 86_399)).chars().take(10).collect())
        } else {
            Cell::Integer(second)
        });
        parts.push(format!("{} {} ?", found.sql, operator.sql()));
    }
    Ok(format!("({})", parts.join(" AND ")))
}

fn behaviour(found: &ResolvedColumn<'_>) -> Result<Behaviour> {
    match found.column.kind {
        CellKind::DateTime(behaviour) => Ok(behaviour),
        _ => Err(Fault::argument(format!("'{}' is no date.", found.column.logical))),
    }
}

/// Against a stretch of time that lies around now, or a fiscal one.
fn date(
    cells: &mut Vec<Cell>,
    resolver: Resolver<'_>,
    found: &ResolvedColumn<'_>,
    name: &str,
    arguments: &[(String, Argument)],
) -> Result<String> {
    let now = resolver.organisation.surroundings.now_s();
    if let Some(span) = TimeSpan::plain(name, now) {
        return within(cells, found, span);
    }
    let count = |argument: &str| number(name, arguments, argument);
    let outside =
        || Fault::argument(format!("The function '{name}' was given a number beyond the calendar."));
    match name {
        "InFiscalYear" => {
            within(cells, found, TimeSpan::fiscal(count("PropertyValue")?, None).ok_or_else(outside)?)
        }
        "InFiscalPeriod" => {
            let quarter = DatePart::Quarter.sql(&found.sql, behaviour(found)?);
            cells.push(Cell::Integer(count("PropertyValue")?));
            Ok(format!("({quarter} = ?)"))
        }
        "InFiscalPeriodAndYear" | "InOrAfterFiscalPeriodAndYear" | "InOrBeforeFiscalPeriodAndYear" => {
            let (period, year) = (count("PropertyValue1")?, count("PropertyValue2")?);
            let span = TimeSpan::fiscal(year, Some(period)).ok_or_else(outside)?;
            let span = match name {
                "InFiscalPeriodAndYear" => span,
                "InOrAfterFiscalPeriodAndYear" => TimeSpan { up_to: None, ..span },
                _ => TimeSpan { from: None, ..span },
            };
            within(cells, found, span)
        }
        _ if COUNTED.iter().any(|start| name.starts_with(start)) => {
            let span = TimeSpan::counted(name, now, count("PropertyValue")?);
            within(cells, found, span.ok_or_else(outside)?)
        }
        _ => Err(Fault::unsupported(format!("the query function '{name}'"))),
    }
}

/// How the names of functions begin that reach a given number of units back or ahead.
const COUNTED: &[&str] = &["LastX", "NextX", "OlderThanX"];

fn number(name: &str, arguments: &[(String, Argument)], wanted: &str) -> Result<i64> {
    match argument(arguments, wanted) {
        Some(Argument::One(AddressLiteral::Number(text) | AddressLiteral::Text(text))) => {
            text.parse().ok().filter(|n| (0..=1_000_000).contains(n)).ok_or_else(|| {
                Fault::argument(format!("The function '{name}' takes a whole number, not '{text}'."))
            })
        }
        _ => Err(Fault::syntax(format!("The function '{name}' needs the parameter '{wanted}'."))),
    }
}
