//! Tables joined in over lookups, each path once.

use super::resolver::Resolver;
use crate::fault::{Fault, Result};
use crate::schema::{Column, Table};
use crate::security::Access;

/// SQLite joins no more than 64 tables in one statement.
const MOST: usize = 60;

#[derive(Debug, Default)]
pub(crate) struct Joins {
    found: Vec<Joined>,
    pub(crate) text: String,
    /// How many were made in the whole statement, subqueries included: no name is used twice.
    made: usize,
}

/// From the table of one alias over a navigation property to another alias.
#[derive(Debug)]
struct Joined {
    from: String,
    navigation: String,
    alias: String,
}

impl Joins {
    /// The alias of the table that a lookup of `alias` leads to.
    pub(crate) fn over(
        &mut self,
        resolver: Resolver<'_>,
        alias: &str,
        lookup: &Column,
        navigation: &str,
    ) -> Result<String> {
        let known = self.found.iter().find(|known| known.from == alias && known.navigation == navigation);
        if let Some(known) = known {
            return Ok(known.alias.clone());
        }
        if self.found.len() >= MOST {
            let message = format!("The query follows more than {MOST} lookups; that is the most.");
            return Err(Fault::bad("0x80060888", message));
        }
        let target = resolver.table(lookup.target().unwrap_or_default())?;
        resolver.caller.demand(target, Access::Read)?;
        let joined = format!("j{}", self.made);
        self.made += 1;
        let on = resolver.column_sql(alias, lookup);
        self.text.push_str(&format!(
            " LEFT JOIN {} {joined} ON {joined}.\"{}\" = {on}",
            resolver.readable(target),
            target.primary_id()
        ));
        let navigation = navigation.to_owned();
        self.found.push(Joined { from: alias.to_owned(), navigation, alias: joined.clone() });
        Ok(joined)
    }

    /// Walks over lookups: the table at the end, and its alias.
    pub(super) fn walk<'a>(
        &mut self,
        resolver: Resolver<'a>,
        table: &'a Table,
        alias: &str,
        path: &[String],
    ) -> Result<(&'a Table, String)> {
        let (mut table, mut alias) = (table, alias.to_owned());
        for navigation in path {
            let lookup =
                table.navigation(navigation).ok_or_else(|| Fault::no_property(navigation, &table.logical))?;
            alias = self.over(resolver, &alias, lookup, navigation)?;
            table = resolver.table(lookup.target().unwrap_or_default())?;
        }
        Ok((table, alias))
    }

    /// Joins for a subquery: of its own, but under names that no other join has.
    pub(super) fn begin_inner(&mut self) -> Self {
        let inner = Self { made: self.made, ..Self::default() };
        std::mem::replace(self, inner)
    }

    /// Back to the joins outside; the text of those inside.
    pub(super) fn end_inner(&mut self, outer: Self) -> String {
        let inner = std::mem::replace(self, outer);
        self.made = inner.made;
        inner.text
    }
}
