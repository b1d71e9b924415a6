//! Groups of rows and what is worked out over them, for `$apply` and for FetchXML alike.

mod work;

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::fault::{Fault, Result};
use crate::schema::CellKind;
use crate::store::{StoreReader, sql};
use crate::value::Cell;

use super::annotate::Annotations;
use super::date_part::DatePart;
use super::resolver::{ResolvedColumn, Resolver};
use super::row::{OutputColumn, write_property};

pub(super) use work::{Function, Worked};

/// Most rows that may be grouped: those that match, not the groups \[D:webapi/query/aggregate-data.md\].
pub(super) const MOST_MATCHED: u32 = 50_000;

/// Columns that a grouped query may show.
const MOST_OUTPUTS: usize = 200;

/// What a grouped statement selects, and where each of it stands in the rows that SQL gives.
#[derive(Default)]
pub(super) struct Grouping<'a> {
    items: Vec<String>,
    groups: Vec<String>,
    outputs: Vec<Output<'a>>,
}

enum Output<'a> {
    /// A column that is the same in all rows of the group.
    Key(OutputColumn<'a>),
    Part {
        name: String,
        part: DatePart,
        at: usize,
    },
    Work {
        name: String,
        worked: Worked<'a>,
    },
}

impl<'a> Grouping<'a> {
    /// Groups by a column.
    pub(super) fn key(
        &mut self,
        resolver: Resolver<'a>,
        name: String,
        found: ResolvedColumn<'a>,
        annotations: Annotations,
    ) -> Result<()> {
        let at = self.push(found.sql.clone());
        let mut label_at = None;
        if annotations.formatted
            && let Some(label) = resolver.label(&found.alias, found.column)?
        {
            label_at = Some(self.push(format!("max({label})")));
        }
        self.groups.push(found.sql);
        self.outputs.push(Output::Key(OutputColumn { name, column: found.column, at, label_at }));
        Ok(())
    }

    /// Groups by a part of a date.
    pub(super) fn part(&mut self, name: String, found: &ResolvedColumn<'_>, part: DatePart) -> Result<()> {
        let CellKind::DateTime(behaviour) = found.column.kind else {
            return Err(Fault::argument(format!("'{}' is no date to be grouped by.", found.column.logical)));
        };
        let text = part.sql(&found.sql, behaviour);
        let at = self.push(text.clone());
        self.groups.push(text);
        self.outputs.push(Output::Part { name, part, at });
        Ok(())
    }

    /// Works something out over each group.
    pub(super) fn work(
        &mut self,
        name: String,
        function: Function,
        found: Option<&ResolvedColumn<'a>>,
    ) -> Result<()> {
        let worked = Worked::new(function, found, &mut self.items)?;
        self.outputs.push(Output::Work { name, worked });
        Ok(())
    }

    /// Refuses more than a statement can select.
    pub(super) fn check_size(&self) -> Result<()> {
        if self.outputs.len() <= MOST_OUTPUTS {
            return Ok(());
        }
        let message =
            format!("More than {MOST_OUTPUTS} groups and aggregates in one query; that is the most.");
        Err(Fault::bad("0x80060888", message))
    }

    fn push(&mut self, item: String) -> usize {
        self.items.push(item);
        self.items.len() - 1
    }

    /// Where in the row the output of a name stands, counted from 1 as SQL's ORDER BY counts.
    pub(super) fn place_of(&self, name: &str) -> Option<usize> {
        self.outputs.iter().find_map(|output| match output {
            Output::Key(shown) => (shown.name == name).then_some(shown.at + 1),
            Output::Part { name: known, at, .. } => (known == name).then_some(*at + 1),
            Output::Work { name: known, worked } => (known == name).then_some(worked.at + 1),
        })
    }

    pub(super) fn has_name(&self, name: &str) -> bool {
        self.place_of(name).is_some()
    }

    /// Reads the groups. `from` is the statement from its FROM on, without order and limit, and `order` the places to
    /// order by before the groups' own order.
    pub(super) async fn read(
        &self,
        reader: &mut StoreReader<'_>,
        from: &str,
        cells: &[Cell],
        order: &[String],
        stretch: GroupRange,
    ) -> Result<Vec<SqliteRow>> {
        let group = if self.groups.is_empty() {
            String::new()
        } else {
            format!(" GROUP BY {}", self.groups.join(", "))
        };
        let order: Vec<String> = order.iter().chain(&self.groups).cloned().collect();
        let order = if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(", ")) };
        let GroupRange { skip, rows } = stretch;
        let items = self.items.join(", ");
        let text = format!("SELECT {items}{from}{group}{order} LIMIT {rows} OFFSET {skip}");
        Ok(sql(text, cells.to_vec()).fetch_all(reader.connection()).await?)
    }

    /// Writes a group as a JSON object: no etag, no id, and nothing for what is null.
    pub(super) fn write(
        &self,
        out: &mut String,
        resolver: Resolver<'_>,
        row: &SqliteRow,
        annotations: Annotations,
    ) -> Result<()> {
        out.push('{');
        let start = out.len();
        for output in &self.outputs {
            match output {
                Output::Key(shown) => write_property(out, resolver, row, shown, annotations, true)?,
                Output::Part { name, part, at } => {
                    if let Some(number) = row.try_get::<Option<i64>, _>(*at)? {
                        let people = annotations.formatted.then(|| part.for_people(number));
                        work::write_figure(out, name, &number.to_string(), people.as_deref());
                    }
                }
                Output::Work { name, worked } => worked.write(out, resolver, name, row, annotations)?,
            }
        }
        // Each property came with a comma before it.
        if out.len() > start {
            out.remove(start);
        }
        out.push('}');
        Ok(())
    }
}

/// Which groups of all.
#[derive(Clone, Copy, Debug)]
pub(super) struct GroupRange {
    pub(super) skip: u64,
    pub(super) rows: u64,
}

impl GroupRange {
    /// A page of `rows` groups, and one more to see whether there is another. What is beyond any number of rows is cut.
    pub(super) fn of_page(page: u64, rows: u64) -> Self {
        let skip = page.saturating_sub(1).saturating_mul(rows).min(i64::MAX.unsigned_abs());
        Self { skip, rows: rows + 1 }
    }
}

/// Refuses a grouping of too many rows, as the cloud does.
pub(super) async fn check_matched(
    reader: &mut StoreReader<'_>,
    from: &str,
    cells: &[Cell],
    most: u32,
) -> Result<()> {
    let text = format!("SELECT count(*) FROM (SELECT 1{from} LIMIT {})", u64::from(most) + 1);
    let matched: i64 = sql(text, cells.to_vec()).fetch_one(reader.connection()).await?.try_get(0)?;
    if matched > i64::from(most) {
        let message = "AggregateQueryRecordLimit exceeded. Cannot perform this operation.";
        return Err(Fault::bad("0x8004E023", message));
    }
    Ok(())
}
