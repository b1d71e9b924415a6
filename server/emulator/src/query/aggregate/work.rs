//! Sums, averages, extremes and counts, exact where the column is exact.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::fault::{Fault, Result};
use crate::query::annotate::{Annotations, FORMATTED};
use crate::query::resolver::{ResolvedColumn, Resolver};
use crate::query::row::cell;
use crate::schema::{CellKind, Column};
use crate::value::{Cell, decimal, formatted, grouped, write, write_text};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Sum,
    Average,
    Min,
    Max,
    /// Rows, whatever they hold.
    Count,
    /// Rows that hold something in the column.
    CountColumn,
    /// Different things that they hold.
    CountDistinct,
}

/// One thing worked out.
pub(crate) struct Worked<'a> {
    function: Function,
    /// `None` where rows are counted.
    column: Option<&'a Column>,
    /// Where it stands in the row; for an average this is the sum, and the count follows.
    pub(super) at: usize,
}

/// Sums and averages of money as the documentation shows them \[D:webapi/query/aggregate-data.md\].
const MONEY_DIGITS: u32 = 9;
/// Averages of decimals have the digits that a decimal column can have at most.
const DECIMAL_DIGITS: u32 = 10;

impl<'a> Worked<'a> {
    pub(super) fn new(
        function: Function,
        found: Option<&ResolvedColumn<'a>>,
        items: &mut Vec<String>,
    ) -> Result<Self> {
        let at = items.len();
        let Some(found) = found.filter(|_| function != Function::Count) else {
            items.push("count(*)".to_owned());
            return Ok(Self { function: Function::Count, column: None, at });
        };
        check(function, found.column)?;
        let sql = &found.sql;
        match function {
            // Nothing to add is nothing, not null.
            Function::Sum => items.push(format!("coalesce(sum({sql}), 0)")),
            Function::Average => items.extend([format!("sum({sql})"), format!("count({sql})")]),
            Function::Min => items.push(format!("min({sql})")),
            Function::Max => items.push(format!("max({sql})")),
            Function::CountDistinct => items.push(format!("count(DISTINCT {sql})")),
            Function::CountColumn | Function::Count => items.push(format!("count({sql})")),
        }
        let counts = matches!(function, Function::CountColumn | Function::CountDistinct);
        Ok(Self { function, column: (!counts).then_some(found.column), at })
    }

    pub(super) fn write(
        &self,
        out: &mut String,
        resolver: Resolver<'_>,
        name: &str,
        row: &SqliteRow,
        annotations: Annotations,
    ) -> Result<()> {
        let Some(column) = self.column else {
            let count = row.try_get::<i64, _>(self.at)?.to_string();
            let people = annotations.formatted.then(|| grouped(&count));
            write_figure(out, name, &count, people.as_deref());
            return Ok(());
        };
        let Some((text, rounded)) = self.figure(column, row)? else { return Ok(()) };
        let people = if annotations.formatted { formatted(resolver.schema, column, &rounded) } else { None };
        write_figure(out, name, &text, people.as_deref());
        Ok(())
    }

    /// The figure as JSON, and as a value of the column, which people are shown.
    fn figure(&self, column: &Column, row: &SqliteRow) -> Result<Option<(String, Cell)>> {
        // Sums of doubles with nothing in them come as whole numbers.
        if let (CellKind::Double { .. }, Function::Sum) = (&column.kind, self.function) {
            let sum = row.try_get_unchecked::<f64, _>(self.at)?;
            return Ok(Some(plain(&column.kind, Cell::Real(sum))));
        }
        let value = cell(row, self.at, &column.kind)?;
        if value == Cell::Null {
            return Ok(None);
        }
        Ok(Some(match (self.function, value) {
            (Function::Average, Cell::Integer(sum)) => average(column, sum, row.try_get(self.at + 1)?),
            (Function::Average, Cell::Real(sum)) => {
                #[expect(clippy::cast_precision_loss, reason = "a count of at most 50,000")]
                let count = row.try_get::<i64, _>(self.at + 1)? as f64;
                plain(&column.kind, Cell::Real(sum / count))
            }
            (Function::Sum, Cell::Integer(sum)) if matches!(column.kind, CellKind::Money { .. }) => {
                let units = i128::from(sum) * 10_i128.pow(MONEY_DIGITS - CellKind::MONEY_SCALE);
                (decimal::print(units, MONEY_DIGITS), Cell::Integer(sum))
            }
            (_, value) => plain(&column.kind, value),
        }))
    }
}

fn plain(kind: &CellKind, value: Cell) -> (String, Cell) {
    let mut text = String::new();
    write(&mut text, kind, &value);
    (text, value)
}

/// Of whole numbers a whole number, as SQL Server has it; of exact ones with more digits than the column.
fn average(column: &Column, sum: i64, count: i64) -> (String, Cell) {
    let Some((scale, _, _)) = column.kind.decimal() else {
        return plain(&column.kind, Cell::Integer(sum / count.max(1)));
    };
    let digits = if matches!(column.kind, CellKind::Money { .. }) { MONEY_DIGITS } else { DECIMAL_DIGITS };
    let units = divided(i128::from(sum) * 10_i128.pow(digits - scale), i128::from(count));
    let rounded = divided(i128::from(sum), i128::from(count));
    (decimal::print(units, digits), i64::try_from(rounded).map_or(Cell::Null, Cell::Integer))
}

/// Rounded half away from zero.
fn divided(units: i128, count: i128) -> i128 {
    let count = count.max(1);
    (units + units.signum() * (count / 2)) / count
}

fn check(function: Function, column: &Column) -> Result<()> {
    let kind = &column.kind;
    let number = kind.decimal().is_some()
        || matches!(
            kind,
            CellKind::Integer { .. } | CellKind::BigInteger | CellKind::Double { .. } | CellKind::Version
        );
    let fits = match function {
        Function::Sum | Function::Average => number,
        Function::Min | Function::Max => number || matches!(kind, CellKind::DateTime(_)),
        Function::Count | Function::CountColumn | Function::CountDistinct => true,
    };
    if fits {
        return Ok(());
    }
    Err(Fault::argument(format!(
        "The aggregate function '{}' cannot be applied to '{}', which is of the type '{}'.",
        format!("{function:?}").to_ascii_lowercase(),
        column.logical,
        kind.edm()
    )))
}

/// A property with its formatted value before it.
pub(super) fn write_figure(out: &mut String, name: &str, figure: &str, people: Option<&str>) {
    if let Some(people) = people {
        out.push(',');
        write_text(out, &format!("{name}@{FORMATTED}"));
        out.push(':');
        write_text(out, people);
    }
    out.push(',');
    write_text(out, name);
    out.push(':');
    out.push_str(figure);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_are_rounded_half_away_from_zero() {
        assert_eq!(divided(5, 2), 3);
        assert_eq!(divided(-5, 2), -3);
        assert_eq!(divided(4, 3), 1);
        assert_eq!(divided(0, 0), 0);
    }
}
