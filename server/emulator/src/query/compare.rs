//! A column against a value or another column, by the column's type.

use crate::fault::{Fault, Result};
use crate::schema::{Behaviour, Column, Kind, Schema};
use crate::value::decimal::Decimal;
use crate::value::{Cell, time};

use super::filter::Operator;
use super::lex::Literal;
use super::resolver::Found;

/// A column against a value. The value is bound.
pub(super) fn with_value(
    cells: &mut Vec<Cell>,
    schema: &Schema,
    found: &Found<'_>,
    operator: Operator,
    value: &Literal,
) -> Result<String> {
    let sql = &found.sql;
    if *value == Literal::Null {
        return Ok(match operator {
            Operator::Eq => format!("({sql} IS NULL)"),
            Operator::Ne => format!("({sql} IS NOT NULL)"),
            _ => "0".to_owned(),
        });
    }
    if let (Some((scale, _, _)), Literal::Number(digits)) = (found.column.kind.decimal(), value) {
        return decimal(cells, sql, operator, digits, scale)
            .ok_or_else(|| mismatch(found.column, operator, value));
    }
    let cell = cell(schema, found.column, value).ok_or_else(|| mismatch(found.column, operator, value))?;
    cells.push(cell);
    Ok(compared(sql, operator, "?"))
}

/// `ne` takes in rows that hold nothing, as the server does.
fn compared(left: &str, operator: Operator, right: &str) -> String {
    match operator {
        Operator::Ne => format!("({left} <> {right} OR {left} IS NULL)"),
        _ => format!("({left} {} {right})", operator.sql()),
    }
}

/// Exact even where the value has more digits than the column.
fn decimal(cells: &mut Vec<Cell>, sql: &str, operator: Operator, digits: &str, scale: u32) -> Option<String> {
    let number = Decimal::parse(digits)?;
    let Some(scaled) = number.scaled(scale) else {
        // Beyond any value that the column can hold.
        let below = number.is_negative();
        let holds = match operator {
            Operator::Eq => false,
            Operator::Ne => return Some("1".to_owned()),
            Operator::Gt | Operator::Ge => below,
            Operator::Lt | Operator::Le => !below,
        };
        return Some(if holds { format!("({sql} IS NOT NULL)") } else { "0".to_owned() });
    };
    let operator = match (scaled.exact, operator) {
        (true, operator) => operator,
        (false, Operator::Eq) => return Some("0".to_owned()),
        (false, Operator::Ne) => return Some("1".to_owned()),
        (false, Operator::Gt | Operator::Ge) => Operator::Gt,
        (false, Operator::Lt | Operator::Le) => Operator::Le,
    };
    cells.push(Cell::Integer(scaled.floor));
    Some(compared(sql, operator, "?"))
}

/// A value as the column keeps it; `None` if it cannot.
pub(crate) fn cell(schema: &Schema, column: &Column, value: &Literal) -> Option<Cell> {
    let integer = |digits: &str| {
        let scaled = Decimal::parse(digits)?.scaled(0)?;
        scaled.exact.then_some(Cell::Integer(scaled.floor))
    };
    match (&column.kind, value) {
        (_, Literal::Null) => Some(Cell::Null),
        (Kind::Text { .. } | Kind::Memo { .. } | Kind::MultiChoice(_), Literal::Text(text)) => {
            Some(Cell::Text(text.clone()))
        }
        (
            Kind::Integer { .. } | Kind::BigInteger | Kind::Version | Kind::Choice(_),
            Literal::Number(digits),
        ) => integer(digits),
        // Lists give numbers as text.
        (Kind::Integer { .. } | Kind::BigInteger | Kind::Version, Literal::Text(text)) => integer(text),
        (Kind::Choice(choice), Literal::Text(text)) => integer(text).or_else(|| {
            let option = schema.options(choice).iter().find(|option| option.label.eq_ignore_ascii_case(text));
            option.map(|option| Cell::Integer(i64::from(option.value)))
        }),
        (Kind::Decimal { .. } | Kind::Money { .. }, Literal::Number(text) | Literal::Text(text)) => {
            let (scale, _, _) = column.kind.decimal()?;
            Decimal::parse(text)?.rounded(scale).map(Cell::Integer)
        }
        (Kind::Double { .. }, Literal::Number(text) | Literal::Text(text)) => {
            text.parse().ok().map(Cell::Real)
        }
        (Kind::Boolean { .. }, Literal::Boolean(value)) => Some(Cell::Integer(i64::from(*value))),
        (Kind::Boolean { .. }, Literal::Number(text) | Literal::Text(text)) => match text.as_str() {
            "0" | "false" => Some(Cell::Integer(0)),
            "1" | "true" => Some(Cell::Integer(1)),
            _ => None,
        },
        (Kind::DateTime(Behaviour::DateOnly), Literal::Time(text) | Literal::Text(text)) => {
            time::day(text).ok().map(Cell::Text)
        }
        (Kind::DateTime(_), Literal::Time(text) | Literal::Text(text)) => {
            time::seconds(text).ok().map(Cell::Integer)
        }
        (Kind::Id | Kind::Guid | Kind::Lookup { .. } | Kind::Fixed(_), Literal::Id(id)) => {
            Some(Cell::Id(*id))
        }
        (Kind::Id | Kind::Guid | Kind::Lookup { .. } | Kind::Fixed(_), Literal::Text(text)) => {
            text.parse().ok().map(Cell::Id)
        }
        _ => None,
    }
}

fn mismatch(column: &Column, operator: Operator, value: &Literal) -> Fault {
    let other = match value {
        Literal::Text(_) => "Edm.String",
        Literal::Number(_) => "Edm.Int32",
        Literal::Boolean(_) => "Edm.Boolean",
        Literal::Id(_) => "Edm.Guid",
        Literal::Time(_) => "Edm.DateTimeOffset",
        Literal::Null => "Edm.Null",
    };
    let kind = match operator {
        Operator::Eq => "Equal",
        Operator::Ne => "NotEqual",
        Operator::Gt => "GreaterThan",
        Operator::Ge => "GreaterThanOrEqual",
        Operator::Lt => "LessThan",
        Operator::Le => "LessThanOrEqual",
    };
    Fault::syntax(format!(
        "A binary operator with incompatible types was detected. Found operand types '{}' and '{other}' for operator \
         kind '{kind}'.",
        column.kind.edm()
    ))
}

/// Two columns of the same row.
pub(super) fn with_column(left: &Found<'_>, operator: Operator, right: &Found<'_>) -> Result<String> {
    let (a, b) = (&left.column.kind, &right.column.kind);
    if a.edm() != b.edm() {
        return Err(Fault::syntax(format!(
            "A binary operator with incompatible types was detected. Found operand types '{}' and '{}'.",
            a.edm(),
            b.edm()
        )));
    }
    let scaled = |found: &Found<'_>| match found.column.kind.decimal() {
        Some((scale, _, _)) => format!("({} / 1e{scale})", found.sql),
        None => found.sql.clone(),
    };
    Ok(compared(&scaled(left), operator, &scaled(right)))
}
