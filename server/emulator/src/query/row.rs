//! A row as SQL gives it: what its table is called in a statement, its values by the types of their columns, and a value
//! as it is written in an answer.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use crate::fault::Result;
use crate::schema::{Behaviour, CellKind, Column};
use crate::value::{Cell, formatted, write, write_text};

use super::annotate::{Annotations, FORMATTED, LOOKUP_TABLE, NAVIGATION};
use super::resolver::Resolver;

/// The table's own alias in every statement.
pub(super) const ROW: &str = "t";

/// A value that is shown: under which name, of which column, and where it stands in the row.
pub(super) struct OutputColumn<'a> {
    pub(super) name: String,
    pub(super) column: &'a Column,
    pub(super) at: usize,
    /// Where the name of the row stands that a lookup points at.
    pub(super) label_at: Option<usize>,
}

/// Writes a value after a comma, its annotations before it.
pub(super) fn write_property(
    out: &mut String,
    resolver: Resolver<'_>,
    row: &SqliteRow,
    shown: &OutputColumn<'_>,
    annotations: Annotations,
    omit_null: bool,
) -> Result<()> {
    let property = &shown.name;
    let value = cell(row, shown.at, &shown.column.kind)?;
    if omit_null && value == Cell::Null {
        return Ok(());
    }
    let annotate = |out: &mut String, name: &str, text: &str| {
        out.push_str(&format!(",\"{property}@{name}\":"));
        write_text(out, text);
    };
    if annotations.formatted && value != Cell::Null {
        let label = match shown.label_at {
            Some(at) => match cell(row, at, &CellKind::Memo { max_length: 0 })? {
                Cell::Text(text) => Some(text),
                _ => None,
            },
            None => formatted(resolver.schema, shown.column, &value),
        };
        if let Some(label) = label {
            annotate(out, FORMATTED, &label);
        }
    }
    if value != Cell::Null && shown.column.is_lookup() {
        if annotations.navigation {
            annotate(out, NAVIGATION, shown.column.navigation().unwrap_or_default());
        }
        if annotations.lookup_table {
            annotate(out, LOOKUP_TABLE, shown.column.target().unwrap_or_default());
        }
    }
    out.push_str(&format!(",\"{property}\":"));
    write(out, &shown.column.kind, &value);
    Ok(())
}

/// A value out of a row, by the type of its column.
pub(crate) fn cell(row: &SqliteRow, at: usize, kind: &CellKind) -> Result<Cell> {
    Ok(match kind {
        CellKind::Text { .. }
        | CellKind::Memo { .. }
        | CellKind::MultiChoice(_)
        | CellKind::DateTime(Behaviour::DateOnly) => {
            row.try_get_unchecked::<Option<String>, _>(at)?.map_or(Cell::Null, Cell::Text)
        }
        CellKind::Double { .. } => {
            row.try_get_unchecked::<Option<f64>, _>(at)?.map_or(Cell::Null, Cell::Real)
        }
        CellKind::Id | CellKind::Guid | CellKind::Lookup { .. } | CellKind::Fixed(_) => {
            let bytes = row.try_get_unchecked::<Option<Vec<u8>>, _>(at)?;
            bytes.and_then(|bytes| Uuid::from_slice(&bytes).ok()).map_or(Cell::Null, Cell::Id)
        }
        _ => row.try_get_unchecked::<Option<i64>, _>(at)?.map_or(Cell::Null, Cell::Integer),
    })
}
