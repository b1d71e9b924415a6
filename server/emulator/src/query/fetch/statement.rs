//! A query's tables and conditions as SQL: links become joins or subqueries, names are checked against the schema,
//! values are bound.

use crate::fault::{Fault, Result};
use crate::query::fragment::joined;
use crate::query::resolver::{ResolvedColumn, Resolver};
use crate::query::row::ROW;
use crate::schema::Table;
use crate::security::Access;
use crate::value::Cell;

use super::document::{Entity, Fetch, FetchCondition, FetchFilter, FetchPart, Link, LinkKind};
use super::operator;

/// One table of the query: the first is the entity itself, the others are joined to it.
pub(super) struct FetchSource<'a, 'f> {
    pub(super) entity: &'f Entity,
    pub(super) table: &'a Table,
    /// What conditions and orders call it, and its columns begin with.
    pub(super) name: String,
    /// What the statement calls it.
    pub(super) alias: String,
}

pub(super) struct FetchStatement<'a, 'f> {
    pub(super) resolver: Resolver<'a>,
    pub(super) sources: Vec<FetchSource<'a, 'f>>,
    main: Level<'f>,
    made: usize,
}

/// The text of one FROM and WHERE, with the values in the order of their marks.
#[derive(Default)]
struct Level<'f> {
    from: String,
    from_cells: Vec<Cell>,
    conditions: Vec<String>,
    cells: Vec<Cell>,
    /// Links that are conditions, with the source that they hang on: they come when all joins are known.
    later: Vec<(usize, &'f Link)>,
}

impl<'a, 'f> FetchStatement<'a, 'f> {
    pub(super) fn new(resolver: Resolver<'a>, table: &'a Table, fetch: &'f Fetch) -> Result<Self> {
        let entity = &fetch.entity;
        let source = FetchSource { entity, table, name: table.logical.clone(), alias: ROW.to_owned() };
        let (sources, main) = (vec![source], Level::default());
        let mut statement = Self { resolver, sources, main, made: 0 };
        let mut main =
            Level { from: format!(" FROM {} {ROW}", resolver.readable(table)), ..Level::default() };
        statement.fill(&mut main, 0)?;
        statement.main = main;
        Ok(statement)
    }

    /// The statement from its FROM on, and its values; `after` is one more condition.
    pub(super) fn from(&self, after: Option<(String, Vec<Cell>)>) -> (String, Vec<Cell>) {
        let mut conditions = self.main.conditions.clone();
        let mut cells = self.main.from_cells.clone();
        cells.extend(self.main.cells.iter().cloned());
        if let Some((text, values)) = after {
            conditions.push(text);
            cells.extend(values);
        }
        let text = format!("{} WHERE {}", self.main.from, joined(&conditions, " AND "));
        (text, cells)
    }

    /// Joins the links of a source, then adds its conditions.
    fn fill(&mut self, level: &mut Level<'f>, source: usize) -> Result<()> {
        let entity = self.sources[source].entity;
        self.links(level, source)?;
        for filter in &entity.filters {
            let text = self.filter(&mut level.cells, source, filter)?;
            level.conditions.push(text);
        }
        for (source, link) in std::mem::take(&mut level.later) {
            let text = self.exists(&mut level.cells, source, link)?;
            level.conditions.push(text);
        }
        Ok(())
    }

    fn links(&mut self, level: &mut Level<'f>, parent: usize) -> Result<()> {
        for link in &self.sources[parent].entity.links {
            let word = match link.kind {
                LinkKind::Inner => "JOIN",
                LinkKind::Outer => "LEFT JOIN",
                _ => {
                    level.later.push((parent, link));
                    continue;
                }
            };
            let source = self.add(link)?;
            let mut on = vec![self.meeting(parent, source, link)?];
            for filter in &link.entity.filters {
                // A filter of a link is applied with the join, before rows without a match are let in.
                on.push(self.filter(&mut level.from_cells, source, filter)?);
            }
            let FetchSource { table, alias, .. } = &self.sources[source];
            let text =
                format!(" {word} {} {alias} ON {}", self.resolver.readable(table), joined(&on, " AND "));
            level.from.push_str(&text);
            self.links(level, source)?;
        }
        Ok(())
    }

    fn add(&mut self, link: &'f Link) -> Result<usize> {
        self.made += 1;
        let logical = &link.entity.name;
        let table = self.resolver.schema.table(logical).ok_or_else(|| no_entity(logical))?.as_ref();
        self.resolver.caller.demand(table, Access::Read)?;
        // Without a name of its own a link gets its table's, numbered.
        let name = link.alias.clone().unwrap_or_else(|| format!("{logical}{}", self.made));
        if self.sources.iter().any(|known| known.name == name) {
            let message = format!("The alias '{name}' is used more than once.");
            return Err(Fault::bad("0x8004111B", message));
        }
        self.sources.push(FetchSource {
            entity: &link.entity,
            table,
            name,
            alias: format!("l{}", self.made),
        });
        Ok(self.sources.len() - 1)
    }

    /// The columns in which both sides of a link meet.
    fn meeting(&self, parent: usize, source: usize, link: &Link) -> Result<String> {
        let (from, to) = (self.column(source, &link.from)?, self.column(parent, &link.to)?);
        if from.column.kind.edm() != to.column.kind.edm() {
            return Err(Fault::argument(format!(
                "'{}' and '{}' cannot be linked: they are of different types.",
                link.from, link.to
            )));
        }
        Ok(format!("{} = {}", from.sql, to.sql))
    }

    fn filter(&mut self, cells: &mut Vec<Cell>, source: usize, filter: &'f FetchFilter) -> Result<String> {
        let mut parts = Vec::with_capacity(filter.parts.len());
        for part in &filter.parts {
            parts.push(match part {
                FetchPart::Condition(condition) => self.condition(cells, source, condition)?,
                FetchPart::Filter(inner) => self.filter(cells, source, inner)?,
                FetchPart::Link(link) => self.exists(cells, source, link)?,
            });
        }
        Ok(joined(&parts, if filter.any { " OR " } else { " AND " }))
    }

    fn condition(&self, cells: &mut Vec<Cell>, source: usize, condition: &FetchCondition) -> Result<String> {
        let source = match &condition.entity_name {
            Some(name) => self.source(name)?,
            None => source,
        };
        let found = self.column(source, &condition.attribute)?;
        let Some(other) = &condition.value_of else {
            return operator::with_values(
                cells,
                self.resolver,
                &found,
                &condition.operator,
                &condition.values,
            );
        };
        let other = match other.split_once('.') {
            Some((name, column)) => self.column(self.source(name)?, column)?,
            None => self.column(source, other)?,
        };
        operator::with_column(&found, &condition.operator, &other)
    }

    /// A link that only asks whether there are rows.
    fn exists(&mut self, cells: &mut Vec<Cell>, parent: usize, link: &'f Link) -> Result<String> {
        if !link.entity.attributes.is_empty() || link.entity.all || !link.entity.orders.is_empty() {
            return Err(Fault::argument(format!(
                "A link-entity of this link-type ('{}') returns no columns and has no order.",
                link.entity.name
            )));
        }
        let outside = self.sources.len();
        let source = self.add(link)?;
        let meeting = self.meeting(parent, source, link)?;
        let FetchSource { table, alias, .. } = &self.sources[source];
        let some = format!("EXISTS (SELECT 1 FROM {} {alias}", self.resolver.readable(table));
        let mut inner = Level::default();
        self.fill(&mut inner, source)?;
        self.sources.truncate(outside);
        inner.conditions.push(meeting.clone());
        cells.extend(inner.from_cells);
        cells.extend(inner.cells);
        let matching = format!("{some}{} WHERE {})", inner.from, joined(&inner.conditions, " AND "));
        Ok(match link.kind {
            LinkKind::NotAny => format!("(NOT {matching})"),
            LinkKind::All => format!("({some} WHERE {meeting}) AND NOT {matching})"),
            _ => matching,
        })
    }

    /// The source of a name, which is an alias or a table's.
    pub(super) fn source(&self, name: &str) -> Result<usize> {
        let by_name = self.sources.iter().position(|source| source.name == name);
        let by_table = || self.sources.iter().position(|source| source.table.logical == name);
        by_name.or_else(by_table).ok_or_else(|| {
            Fault::bad("0x80041126", format!("No link-entity of the query is called '{name}'."))
        })
    }

    pub(super) fn column(&self, source: usize, name: &str) -> Result<ResolvedColumn<'a>> {
        let FetchSource { table, alias, .. } = &self.sources[source];
        let column = table.column(name).ok_or_else(|| {
            let message = format!(
                "'{}' entity doesn't contain attribute with Name = '{name}' and NameMapping = 'Logical'.",
                table.schema_name
            );
            Fault::bad("0x80041103", message)
        })?;
        Ok(self.resolver.found(table, alias, column))
    }
}

fn no_entity(name: &str) -> Fault {
    let message = format!(
        "The entity with a name = '{name}' with namemapping = 'Logical' was not found in the MetadataCache."
    );
    Fault::bad("0x80041102", message)
}
