//! A column against a value or another column, by the column's type.

use crate::fault::{Fault, Result};
use crate::schema::{Behaviour, CellKind, Column, Schema};
use crate::value::decimal::Decimal;
use crate::value::{Cell, time};

use super::filter::Operator;
use super::lex::AddressLiteral;
use super::resolver::ResolvedColumn;

/// A column against a value. The value is bound.
pub(super) fn with_value(
    cells: &mut Vec<Cell>,
    schema: &Schema,
    found: &ResolvedColumn<'_>,
    operator: Operator,
    value: &AddressLiteral,
) -> Result<String> {
    let sql = &found.sql;
    if *value == AddressLiteral::Null {
        return Ok(match operator {
            Operator::Eq => format!("({sql} IS NULL)"),
            Operator::Ne => format!("({sql} IS NOT NULL)"),
            _ => "0".to_owned(),
        });
    }
    if let (Some((scale, _, _)), AddressLiteral::Number(digits)) = (found.column.kind.decimal(), value) {
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
pub(crate) fn cell(schema: &Schema, column: &Column, value: &AddressLiteral) -> Option<Cell> {
    let integer = |digits: &str| {
        let scaled = Decimal::parse(digits)?.scaled(0)?;
        scaled.exact.then_some(Cell::Integer(scaled.floor))
    };
    match (&column.kind, value) {
        (_, AddressLiteral::Null) => Some(Cell::Null),
        (
            CellKind::Text { .. } | CellKind::Memo { .. } | CellKind::MultiChoice(_),
            AddressLiteral::Text(text),
        ) => Some(Cell::Text(text.clone())),
        (
            CellKind::Integer { .. } | CellKind::BigInteger | CellKind::Version | CellKind::Choice(_),
            AddressLiteral::Number(digits),
        ) => integer(digits),
        // Lists give numbers as text.
        (CellKind::Integer { .. } | CellKind::BigInteger | CellKind::Version, AddressLiteral::Text(text)) => {
            integer(text)
        }
        (CellKind::Choice(choice), AddressLiteral::Text(text)) => integer(text).or_else(|| {
            let option = schema.options(choice).iter().find(|option| option.label.eq_ignore_ascii_case(text));
            option.map(|option| Cell::Integer(i64::from(option.value)))
        }),
        (
            CellKind::Decimal { .. } | CellKind::Money { .. },
            AddressLiteral::Number(text) | AddressLiteral::Text(text),
        ) => {
            let (scale, _, _) = column.kind.decimal()?;
            Decimal::parse(text)?.rounded(scale).map(Cell::Integer)
        }
        (CellKind::Double { .. }, AddressLiteral::Number(text) | AddressLiteral::Text(text)) => {
            text.parse().ok().map(Cell::Real)
        }
        (CellKind::Boolean { .. }, AddressLiteral::Boolean(value)) => Some(Cell::Integer(i64::from(*value))),
        (CellKind::Boolean { .. }, AddressLiteral::Number(text) | AddressLiteral::Text(text)) => {
            match text.as_str() {
                "0" | "false" => Some(Cell::Integer(0)),
                "1" | "true" => Some(Cell::Integer(1)),
                _ => None,
            }
        }
        (
            CellKind::DateTime(Behaviour::DateOnly),
            AddressLiteral::Time(text) | AddressLiteral::Text(text),
        ) => time::day(text).ok().map(Cell::Text),
        (CellKind::DateTime(_), AddressLiteral::Time(text) | AddressLiteral::Text(text)) => {
            time::seconds(text).ok().map(Cell::Integer)
        }
        (
            CellKind::Id | CellKind::Guid | CellKind::Lookup { .. } | CellKind::Fixed(_),
            AddressLiteral::Id(id),
        ) => Some(Cell::Id(*id)),
        (
            CellKind::Id | CellKind::Guid | CellKind::Lookup { .. } | CellKind::Fixed(_),
            AddressLiteral::Text(text),
        ) => text.parse().ok().map(Cell::Id),
        _ => None,
    }
}

fn mismatch(column: &Column, operator: Operator, value: &AddressLiteral) -> Fault {
    let other = match value {
        AddressLiteral::Text(_) => "Edm.String",
        AddressLiteral::Number(_) => "Edm.Int32",
        AddressLiteral::Boolean(_) => "Edm.Boolean",
        AddressLiteral::Id(_) => "Edm.Guid",
        AddressLiteral::Time(_) => "Edm.DateTimeOffset",
        AddressLiteral::Null => "Edm.Null",
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
pub(super) fn with_column(
    left: &ResolvedColumn<'_>,
    operator: Operator,
    right: &ResolvedColumn<'_>,
) -> Result<String> {
    let (a, b) = (&left.column.kind, &right.column.kind);
    if a.edm() != b.edm() {
        return Err(Fault::syntax(format!(
            "A binary operator with incompatible types was detected. Found operand types '{}' and '{}'.",
            a.edm(),
            b.edm()
        )));
    }
    let scaled = |found: &ResolvedColumn<'_>| match found.column.kind.decimal() {
        Some((scale, _, _)) => format!("({} / 1e{scale})", found.sql),
        None => found.sql.clone(),
    };
    Ok(compared(&scaled(left), operator, &scaled(right)))
}
