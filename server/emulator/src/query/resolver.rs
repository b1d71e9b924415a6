//! Where names are looked up: the organisation as one request sees it.

use crate::fault::{Fault, Result};
use crate::organisation::Organisation;
use crate::schema::{CellKind, Column, FixedLookup, Schema, Table, system_relationships};
use crate::security::{Access, Caller};

#[derive(Clone, Copy)]
pub(crate) struct Resolver<'a> {
    pub(crate) organisation: &'a Organisation,
    pub(crate) schema: &'a Schema,
    pub(crate) caller: &'a Caller,
}

/// A column found at the end of a path, as SQL.
#[derive(Clone, Debug)]
pub(crate) struct ResolvedColumn<'a> {
    pub(crate) sql: String,
    pub(crate) column: &'a Column,
    /// Whose column it is.
    pub(crate) table: &'a Table,
    /// What that table is called in the statement.
    pub(crate) alias: String,
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(organisation: &'a Organisation, schema: &'a Schema, caller: &'a Caller) -> Self {
        Self { organisation, schema, caller }
    }

    /// The column's value in SQL, for a table under an alias.
    pub(crate) fn column_sql(&self, alias: &str, column: &Column) -> String {
        if let Some(sql) = self.user_sql(alias, column) {
            return sql;
        }
        match &column.kind {
            CellKind::Fixed(fixed) => match self.fixed(*fixed) {
                Some(id) => format!("x'{}'", id.simple()),
                None => "NULL".to_owned(),
            },
            _ => format!("{alias}.\"{}\"", column.logical),
        }
    }

    /// The id of the user whose number a row holds; rows of the system's own hold none, and are the first user's.
    fn user_sql(&self, alias: &str, column: &Column) -> Option<String> {
        let users = self.schema.table("systemuser")?.rows();
        let (number, first) = (column.user()?, self.organisation.identity.user.simple());
        let found = format!("SELECT user_.systemuserid FROM {users} user_ WHERE user_._n = {alias}.{number}");
        Some(format!("coalesce(({found}), x'{first}')"))
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

    /// A table's rows in SQL, as far as the caller may read them.
    pub(crate) fn readable(&self, table: &Table) -> String {
        match self.caller.only_own(table, Access::Read) {
            true => format!("(SELECT * FROM {} WHERE ownerid = {})", table.rows(), self.caller.number),
            false => table.rows(),
        }
    }

    /// The name of the row that a lookup points at, which people are shown, as SQL; `None` for what is no lookup.
    pub(crate) fn label(&self, alias: &str, lookup: &Column) -> Result<Option<String>> {
        let Some(target) = lookup.target().filter(|_| lookup.kind != CellKind::Fixed(FixedLookup::Nobody))
        else {
            return Ok(None);
        };
        let target = self.table(target)?;
        let (rows, name, key) = (target.rows(), &target.primary_name, target.primary_id());
        let id = self.column_sql(alias, lookup);
        // Not a join: SQLite limits their number in a statement, and there are many lookups.
        let name = format!("(SELECT n.\"{name}\" FROM {rows} n WHERE n.\"{key}\" = {id})");
        Ok(Some(format!("({name} COLLATE dataverse)")))
    }

    /// The table whose rows point at this one by the relationship of that name, and the lookup by which they do: a
    /// collection-valued navigation property.
    pub(crate) fn collection(&self, table: &Table, relationship: &str) -> Option<(&'a Table, &'a Column)> {
        self.schema
            .referencing(&table.logical)
            .find(|(child, column)| {
                system_relationships::partner(child, column).as_deref() == Some(relationship)
            })
            .map(|(child, column)| (child.as_ref(), column))
    }

    pub(crate) fn found(&self, table: &'a Table, alias: &str, column: &'a Column) -> ResolvedColumn<'a> {
        ResolvedColumn { sql: self.column_sql(alias, column), column, table, alias: alias.to_owned() }
    }
}
