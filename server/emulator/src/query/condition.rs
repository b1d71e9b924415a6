//! A condition as SQL: names are checked against the schema, values are bound, never written into the text.

use crate::fault::{Fault, Result};
use crate::organisation::Organisation;
use crate::schema::{Column, FixedLookup, Kind, Schema, Table};
use crate::security::{Access, Caller};
use crate::value::Cell;

use super::compare;
use super::filter::{Expression, Operand, Operator};
use super::functions;
use super::wildcard::glob;

/// Where names are looked up: the organisation as one request sees it.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a> {
    pub(crate) organisation: &'a Organisation,
    pub(crate) schema: &'a Schema,
    pub(crate) caller: &'a Caller,
}

/// A condition in the making: its text, its values, the lookups it walks over.
#[derive(Debug, Default)]
pub(crate) struct Where {
    pub(crate) text: String,
    pub(crate) cells: Vec<Cell>,
    pub(crate) joins: Joins,
    variables: Vec<(String, String, String)>,
}

/// Tables joined in over lookups, each path once.
#[derive(Debug, Default)]
pub(crate) struct Joins {
    /// Path of navigation properties, alias, logical name of the table.
    found: Vec<(Vec<String>, String, String)>,
    pub(crate) text: String,
}

/// A column found at the end of a path, as SQL.
#[derive(Clone, Debug)]
pub(crate) struct Found<'a> {
    pub(crate) sql: String,
    pub(crate) column: &'a Column,
}

impl<'a> Names<'a> {
    /// The column's value in SQL, for a table under an alias.
    pub(crate) fn column_sql(&self, alias: &str, column: &Column) -> String {
        match &column.kind {
            Kind::Fixed(fixed) => match self.fixed(*fixed) {
                Some(id) => format!("x'{}'", id.simple()),
                None => "NULL".to_owned(),
            },
            _ => format!("{alias}.\"{}\"", column.logical),
        }
    }

    pub(crate) fn fixed(&self, fixed: FixedLookup) -> Option<uuid::Uuid> {
        let identity = &self.organisation.identity;
        match fixed {
            FixedLookup::User => Some(identity.user),
            FixedLookup::BusinessUnit => Some(identity.business_unit),
            FixedLookup::Organization => Some(identity.organization),
            FixedLookup::Nobody => None,
        }
    }

    pub(crate) fn table(&self, logical: &str) -> Result<&'a Table> {
        self.schema.table(logical).map(AsRef::as_ref).ok_or_else(|| Fault::no_segment(logical))
    }
}

impl Joins {
    /// The alias of the table that a lookup of `alias` leads to.
    pub(crate) fn over(
        &mut self,
        names: Names<'_>,
        alias: &str,
        lookup: &Column,
        navigation: &str,
    ) -> Result<String> {
        let path = vec![alias.to_owned(), navigation.to_owned()];
        if let Some((_, found, _)) = self.found.iter().find(|(known, _, _)| *known == path) {
            return Ok(found.clone());
        }
        let target = names.table(lookup.target().unwrap_or_default())?;
        names.caller.demand(target, Access::Read)?;
        let joined = format!("j{}", self.found.len());
        let on = names.column_sql(alias, lookup);
        self.text.push_str(&format!(
            " LEFT JOIN {} {joined} ON {joined}.\"{}\" = {on}",
            target.rows(),
            target.primary_id()
        ));
        self.found.push((path, joined.clone(), target.logical.clone()));
        Ok(joined)
    }
}

impl Where {
    pub(crate) fn add(
        &mut self,
        names: Names<'_>,
        table: &Table,
        alias: &str,
        filter: &Expression,
    ) -> Result<()> {
        let text = self.condition(names, table, alias, filter)?;
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
        names: Names<'_>,
        table: &Table,
        alias: &str,
        filter: &Expression,
    ) -> Result<String> {
        Ok(match filter {
            Expression::And(left, right) => {
                let left = self.condition(names, table, alias, left)?;
                format!("({left} AND {})", self.condition(names, table, alias, right)?)
            }
            Expression::Or(left, right) => {
                let left = self.condition(names, table, alias, left)?;
                format!("({left} OR {})", self.condition(names, table, alias, right)?)
            }
            // What is unknown (a null in it) is not so, hence its contrary is: `ne` takes in nulls as well.
            Expression::Not(inner) => {
                format!("(NOT coalesce({}, 0))", self.condition(names, table, alias, inner)?)
            }
            Expression::Path(path) => {
                let found = self.find(names, table, alias, path)?;
                if !matches!(found.column.kind, Kind::Boolean { .. }) {
                    return Err(Fault::syntax(
                        "The $filter expression must evaluate to a single boolean value.",
                    ));
                }
                format!("({} = 1)", found.sql)
            }
            Expression::Compare(operator, left, right) => {
                self.comparison(names, table, alias, *operator, left, right)?
            }
            Expression::Text { function, path, value } => {
                let found = self.find(names, table, alias, path)?;
                if !matches!(found.column.kind, Kind::Text { .. } | Kind::Memo { .. }) {
                    return Err(Fault::syntax(format!(
                        "No function signature for the function with name '{function}' matches the specified arguments."
                    )));
                }
                self.cells.push(Cell::Text(glob(function, value)));
                format!("({} GLOB ?)", found.sql)
            }
            Expression::Function { name, arguments } => {
                let column = functions::column(name, arguments)?;
                let path: Vec<String> = column.split('/').map(str::to_owned).collect();
                let found = self.find(names, table, alias, &path)?;
                functions::condition(self, names, &found, name, arguments)?
            }
            Expression::Lambda { navigation, all, condition } => {
                self.lambda(names, table, alias, navigation, *all, condition.as_ref())?
            }
        })
    }

    fn comparison(
        &mut self,
        names: Names<'_>,
        table: &Table,
        alias: &str,
        operator: Operator,
        left: &Operand,
        right: &Operand,
    ) -> Result<String> {
        match (left, right) {
            (Operand::Path(path), Operand::Value(value)) => {
                let found = self.find(names, table, alias, path)?;
                compare::with_value(&mut self.cells, names.schema, &found, operator, value)
            }
            (Operand::Value(value), Operand::Path(path)) => {
                let found = self.find(names, table, alias, path)?;
                compare::with_value(&mut self.cells, names.schema, &found, operator.turned(), value)
            }
            (Operand::Path(left), Operand::Path(right)) => {
                let left = self.find(names, table, alias, left)?;
                let right = self.find(names, table, alias, right)?;
                compare::with_column(&left, operator, &right)
            }
            (Operand::Value(_), Operand::Value(_)) => {
                Err(Fault::unsupported("comparing two values in $filter"))
            }
        }
    }

    /// Walks a path over lookups to its column.
    pub(crate) fn find<'a>(
        &mut self,
        names: Names<'a>,
        table: &'a Table,
        alias: &str,
        path: &[String],
    ) -> Result<Found<'a>> {
        let (mut table, mut alias, mut path) = (table, alias.to_owned(), path);
        if let Some((_, of, logical)) = self.variables.iter().rev().find(|(name, _, _)| *name == path[0]) {
            (table, alias, path) = (names.table(logical)?, of.clone(), &path[1..]);
        }
        let Some((last, walk)) = path.split_last() else {
            return Err(Fault::syntax("The $filter expression must evaluate to a single boolean value."));
        };
        for navigation in walk {
            let lookup =
                table.navigation(navigation).ok_or_else(|| Fault::no_property(navigation, &table.logical))?;
            alias = self.joins.over(names, &alias, lookup, navigation)?;
            table = names.table(lookup.target().unwrap_or_default())?;
        }
        let column = table.property(last).ok_or_else(|| Fault::no_property(last, &table.logical))?;
        Ok(Found { sql: names.column_sql(&alias, column), column })
    }

    /// Whether rows that point at this one satisfy a condition: a subquery over the 1:N relationship.
    fn lambda(
        &mut self,
        names: Names<'_>,
        table: &Table,
        alias: &str,
        navigation: &[String],
        all: bool,
        condition: Option<&(String, Box<Expression>)>,
    ) -> Result<String> {
        let [name] = navigation else { return Err(Fault::unsupported("any and all over several steps")) };
        let (child, lookup) = names
            .schema
            .referencing(&table.logical)
            .find(|(_, column)| matches!(&column.kind, Kind::Lookup { relationship, .. } if relationship == name))
            .ok_or_else(|| Fault::no_property(name, &table.logical))?;
        let inner = format!("v{}", self.cells.len() + self.variables.len());
        let mut parts = format!("{inner}.\"{}\" = {alias}.\"{}\"", lookup.logical, table.primary_id());
        if let Some((variable, condition)) = condition {
            self.variables.push((variable.clone(), inner.clone(), child.logical.clone()));
            let joins = std::mem::take(&mut self.joins);
            let text = self.condition(names, child, &inner, condition);
            let used = std::mem::replace(&mut self.joins, joins);
            self.variables.pop();
            if !used.text.is_empty() {
                return Err(Fault::unsupported("lookups inside any and all"));
            }
            let text = text?;
            parts.push_str(&if all {
                format!(" AND NOT coalesce({text}, 0)")
            } else {
                format!(" AND {text}")
            });
        }
        let exists = format!("EXISTS (SELECT 1 FROM {} {inner} WHERE {parts})", child.rows());
        Ok(if all { format!("(NOT {exists})") } else { format!("({exists})") })
    }
}

impl Operator {
    /// The same comparison with its sides exchanged.
    fn turned(self) -> Self {
        match self {
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            same => same,
        }
    }

    pub(crate) fn sql(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "<>",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Lt => "<",
            Self::Le => "<=",
        }
    }
}
