//! A condition as SQL: names are checked against the schema, values are bound, never written into the text.

use crate::fault::{Fault, Result};
use crate::schema::{CellKind, Table};
use crate::value::Cell;

use super::compare;
use super::filter::{Expression, Operand, Operator};
use super::fragment::joined;
use super::functions;
use super::joins::Joins;
use super::resolver::{ResolvedColumn, Resolver};
use super::wildcard::pattern;

mod lambda;

/// A condition in the making: its text, its values, the lookups it walks over.
#[derive(Debug, Default)]
pub(crate) struct Where {
    pub(crate) text: String,
    pub(crate) cells: Vec<Cell>,
    pub(crate) joins: Joins,
    variables: Vec<Variable>,
}

/// What stands for one row of a collection inside `any` and `all`.
#[derive(Debug)]
struct Variable {
    name: String,
    alias: String,
    /// Logical name.
    table: String,
}

impl Where {
    pub(crate) fn add(
        &mut self,
        resolver: Resolver<'_>,
        table: &Table,
        alias: &str,
        filter: &Expression,
    ) -> Result<()> {
        let text = self.condition(resolver, table, alias, filter)?;
        self.and(&text);
        Ok(())
    }

    pub(crate) fn and(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push_str(" AND ");
        }
        self.text.push_str(text);
    }

    /// ` WHERE …`, or nothing.
    pub(crate) fn clause(&self) -> String {
        if self.text.is_empty() { String::new() } else { format!(" WHERE {}", self.text) }
    }

    fn condition(
        &mut self,
        resolver: Resolver<'_>,
        table: &Table,
        alias: &str,
        filter: &Expression,
    ) -> Result<String> {
        Ok(match filter {
            Expression::And(parts) => self.several(resolver, table, alias, parts, " AND ")?,
            Expression::Or(parts) => self.several(resolver, table, alias, parts, " OR ")?,
            // What is unknown (a null in it) is not so, hence its contrary is: `ne` takes in nulls as well.
            Expression::Not(inner) => {
                format!("(NOT coalesce({}, 0))", self.condition(resolver, table, alias, inner)?)
            }
            Expression::Path(path) => {
                let found = self.find(resolver, table, alias, path)?;
                if !matches!(found.column.kind, CellKind::Boolean { .. }) {
                    return Err(Fault::syntax(
                        "The $filter expression must evaluate to a single boolean value.",
                    ));
                }
                format!("({} = 1)", found.sql)
            }
            Expression::Compare(operator, left, right) => {
                self.comparison(resolver, table, alias, *operator, left, right)?
            }
            Expression::Text { function, path, value } => {
                let found = self.find(resolver, table, alias, path)?;
                if !matches!(found.column.kind, CellKind::Text { .. } | CellKind::Memo { .. }) {
                    return Err(Fault::syntax(format!(
                        "No function signature for the function with name '{function}' matches the specified arguments."
                    )));
                }
                self.cells.push(pattern(function, value)?);
                format!("({} GLOB ?)", found.sql)
            }
            Expression::Function { name, arguments } => {
                let column = functions::column(name, arguments)?;
                let path: Vec<String> = column.split('/').map(str::to_owned).collect();
                let found = self.find(resolver, table, alias, &path)?;
                functions::condition(&mut self.cells, resolver, &found, name, arguments)?
            }
            Expression::Lambda { navigation, all, condition } => {
                self.lambda(resolver, table, alias, navigation, *all, condition.as_ref())?
            }
        })
    }

    fn comparison(
        &mut self,
        resolver: Resolver<'_>,
        table: &Table,
        alias: &str,
        operator: Operator,
        left: &Operand,
        right: &Operand,
    ) -> Result<String> {
        match (left, right) {
            (Operand::Path(path), Operand::Value(value)) => {
                let found = self.find(resolver, table, alias, path)?;
                compare::with_value(&mut self.cells, resolver.schema, &found, operator, value)
            }
            (Operand::Value(value), Operand::Path(path)) => {
                let found = self.find(resolver, table, alias, path)?;
                compare::with_value(&mut self.cells, resolver.schema, &found, operator.turned(), value)
            }
            (Operand::Path(left), Operand::Path(right)) => {
                let left = self.find(resolver, table, alias, left)?;
                let right = self.find(resolver, table, alias, right)?;
                compare::with_column(&left, operator, &right)
            }
            (Operand::Value(_), Operand::Value(_)) => {
                Err(Fault::unsupported("comparing two values in $filter"))
            }
        }
    }

    fn several(
        &mut self,
        resolver: Resolver<'_>,
        table: &Table,
        alias: &str,
        parts: &[Expression],
        word: &str,
    ) -> Result<String> {
        let parts: Result<Vec<String>> =
            parts.iter().map(|part| self.condition(resolver, table, alias, part)).collect();
        Ok(joined(&parts?, word))
    }

    /// Walks a path over lookups to its column.
    pub(crate) fn find<'a>(
        &mut self,
        resolver: Resolver<'a>,
        table: &'a Table,
        alias: &str,
        path: &[String],
    ) -> Result<ResolvedColumn<'a>> {
        let (table, alias, path) = self.start(resolver, table, alias, path)?;
        let Some((last, walk)) = path.split_last() else {
            return Err(Fault::syntax("The $filter expression must evaluate to a single boolean value."));
        };
        let (table, alias) = self.joins.walk(resolver, table, &alias, walk)?;
        let column = table.property(last).ok_or_else(|| Fault::no_property(last, &table.logical))?;
        Ok(resolver.found(table, &alias, column))
    }

    /// Where a path begins: at the row itself, or at the variable that it names first.
    fn start<'a, 'p>(
        &self,
        resolver: Resolver<'a>,
        table: &'a Table,
        alias: &str,
        path: &'p [String],
    ) -> Result<(&'a Table, String, &'p [String])> {
        let variable = self.variables.iter().rev().find(|variable| path.first() == Some(&variable.name));
        Ok(match variable {
            Some(variable) => (resolver.table(&variable.table)?, variable.alias.clone(), &path[1..]),
            None => (table, alias.to_owned(), path),
        })
    }
}
