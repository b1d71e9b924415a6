//! `any` and `all`: whether rows that point at this one satisfy a condition, as a subquery over the 1:N relationship.

use super::{Variable, Where};
use crate::fault::{Fault, Result};
use crate::query::filter::Expression;
use crate::query::resolver::Resolver;
use crate::schema::Table;
use crate::security::Access;

impl Where {
    pub(super) fn lambda(
        &mut self,
        resolver: Resolver<'_>,
        table: &Table,
        alias: &str,
        navigation: &[String],
        all: bool,
        condition: Option<&(String, Box<Expression>)>,
    ) -> Result<String> {
        let (table, alias, path) =
            self.start(resolver, resolver.table(&table.logical)?, alias, navigation)?;
        let Some((relationship, walk)) = path.split_last() else {
            return Err(Fault::syntax("any and all need a collection-valued navigation property."));
        };
        let (table, alias) = self.joins.walk(resolver, table, &alias, walk)?;
        let (child, lookup) = resolver
            .collection(table, relationship)
            .ok_or_else(|| Fault::no_property(relationship, &table.logical))?;
        resolver.caller.demand(child, Access::Read)?;
        let inner = format!("v{}", self.variables.len());
        let pointer = resolver.column_sql(&inner, lookup);
        let mut parts = format!("{pointer} = {alias}.\"{}\"", table.primary_id());
        let mut joins = String::new();
        if let Some((name, condition)) = condition {
            let (name, table) = (name.clone(), child.logical.clone());
            self.variables.push(Variable { name, alias: inner.clone(), table });
            let outer = self.joins.begin_inner();
            let text = self.condition(resolver, child, &inner, condition);
            joins = self.joins.end_inner(outer);
            self.variables.pop();
            let text = text?;
            parts.push_str(&if all {
                format!(" AND NOT coalesce({text}, 0)")
            } else {
                format!(" AND {text}")
            });
        }
        let exists =
            format!("EXISTS (SELECT 1 FROM {} {inner}{joins} WHERE {parts})", resolver.readable(child));
        Ok(if all { format!("(NOT {exists})") } else { format!("({exists})") })
    }
}
