//! A row as it was sent: which columns are to hold what, and which lookups are to point where.

use serde_json::value::RawValue;

use crate::fault::{Fault, Result};
use crate::schema::{CellKind, Column, Schema, Table};
use crate::value::{Cell, JsonMembers, read};

/// What a body says about one row.
#[derive(Debug, Default)]
pub(crate) struct Payload<'a> {
    pub(crate) values: Vec<(&'a Column, Cell)>,
    /// Lookups and the references that they are bound to; `None` empties one.
    pub(crate) bound: Vec<(&'a Column, Option<String>)>,
    /// Rows to be made that this one will point at.
    pub(crate) parents: Vec<(&'a Column, Payload<'a>)>,
    /// Rows to be made that will point at this one: their table, and the lookup by which they do.
    pub(crate) children: Vec<(&'a Table, &'a Column, Vec<Payload<'a>>)>,
    pub(crate) id: Option<uuid::Uuid>,
    /// `@odata.type`, as bulk actions need it.
    pub(crate) kind: Option<String>,
    /// `@odata.id`, as `UpsertMultiple` takes it.
    pub(crate) address: Option<String>,
}

/// Rows within rows within rows: deeper than any client sends, and the stack is not endless.
const DEEPEST: usize = 16;

impl<'a> Payload<'a> {
    pub(crate) fn parse(schema: &'a Schema, table: &'a Table, body: &str) -> Result<Self> {
        Self::parse_at(schema, table, body, 0)
    }

    fn parse_at(schema: &'a Schema, table: &'a Table, body: &str, depth: usize) -> Result<Self> {
        if depth > DEEPEST {
            let message = format!("Rows are nested deeper than {DEEPEST} levels.");
            return Err(Fault::payload(&table.set, message));
        }
        let members: JsonMembers<'_> = serde_json::from_str(body).map_err(|error| {
            let message = format!("Error identified in Payload: the body is not a JSON object: {error}");
            Fault::payload(&table.set, message)
        })?;
        let mut payload = Self::default();
        for (name, raw) in &members.0 {
            payload.member(schema, table, name, raw, depth)?;
        }
        Ok(payload)
    }

    /// Whether there are rows inside of this one.
    pub(crate) fn is_nested(&self) -> bool {
        !self.parents.is_empty() || !self.children.is_empty()
    }

    fn member(
        &mut self,
        schema: &'a Schema,
        table: &'a Table,
        name: &str,
        raw: &RawValue,
        depth: usize,
    ) -> Result<()> {
        if let Some((property, annotation)) = name.split_once('@') {
            return self.annotation(table, property, annotation, raw);
        }
        let column = table.column(name).filter(|column| !matches!(column.kind, CellKind::Lookup { .. }));
        let Some(column) = column else {
            if self.rows_inside(schema, table, name, raw, depth)? {
                return Ok(());
            }
            return Err(undeclared(table, name));
        };
        if column.kind == CellKind::Id {
            if raw.get() != "null"
                && let Cell::Id(id) = read(schema, table, column, raw)?
            {
                self.id = Some(id);
            }
            return Ok(());
        }
        // A value for a column that cannot be written is ignored without a word [D:entity-attribute-metadata.md].
        if column.writable {
            self.values.push((column, read(schema, table, column, raw)?));
        }
        Ok(())
    }

    /// A row to be made for a lookup to point at, or rows to be made that point at this one (deep insert); whether the
    /// name is that of either.
    fn rows_inside(
        &mut self,
        schema: &'a Schema,
        table: &'a Table,
        name: &str,
        raw: &RawValue,
        depth: usize,
    ) -> Result<bool> {
        let lookup = table.navigation(name).filter(|column| matches!(column.kind, CellKind::Lookup { .. }));
        if let Some(lookup) = lookup {
            if raw.get() == "null" {
                self.bound.push((lookup, None));
            } else {
                let logical = lookup.target().unwrap_or_default();
                let target = schema.table(logical).ok_or_else(|| Fault::no_segment(logical))?;
                self.parents.push((lookup, Self::parse_at(schema, target, raw.get(), depth + 1)?));
            }
            return Ok(true);
        }
        let Some((child, lookup)) =
            schema.referencing(&table.logical).find(|(_, column)| column.relationship() == Some(name))
        else {
            return Ok(false);
        };
        let rows: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| {
            Fault::payload(&table.set, format!("The collection '{name}' is not an array of rows."))
        })?;
        let rows: Result<Vec<Self>> =
            rows.into_iter().map(|row| Self::parse_at(schema, child, row.get(), depth + 1)).collect();
        self.children.push((child, lookup, rows?));
        Ok(true)
    }

    fn annotation(
        &mut self,
        table: &'a Table,
        property: &str,
        annotation: &str,
        raw: &RawValue,
    ) -> Result<()> {
        let text = || serde_json::from_str::<Option<String>>(raw.get()).ok().flatten();
        match (property, annotation) {
            ("", "odata.type") => self.kind = text(),
            ("", "odata.id") => self.address = text(),
            (_, "odata.bind") => {
                // Case-sensitive, and not the logical name: the trap that clients fall into most [TS].
                let Some(column) = table.navigation(property) else {
                    let message = format!(
                        "An undeclared property '{property}' which only has property annotations in the payload but no \
                         property value was found in the payload. In OData, only declared navigation properties and \
                         declared named streams can be represented as properties without values."
                    );
                    return Err(Fault::payload(&table.set, message));
                };
                let bound = text();
                // Of the system's own lookups the owner alone can be set, and never to null.
                let owner = column.logical == "ownerid" && bound.is_some();
                if owner || matches!(column.kind, CellKind::Lookup { .. }) {
                    self.bound.push((column, bound));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn undeclared(table: &Table, name: &str) -> Fault {
    let lookup = name.strip_prefix('_').and_then(|rest| rest.strip_suffix("_value"));
    if lookup.and_then(|lookup| table.column(lookup)).is_some_and(Column::is_lookup) {
        let message = "CRM do not support direct update of Entity Reference properties, Use Navigation properties instead.";
        return Fault::bad("0x80060888", message);
    }
    Fault::syntax(format!(
        "An error occurred while validating input parameters: Microsoft.Crm.CrmException: Invalid property '{name}' was \
         found in entity 'Microsoft.Dynamics.CRM.{}'. ---> Microsoft.OData.ODataException: Does not support untyped value \
         in non-open type.",
        table.logical
    ))
}
