//! A row as it was sent: which columns are to hold what, and which lookups are to point where.

use serde_json::value::RawValue;

use crate::fault::{Fault, Result};
use crate::schema::{Column, Kind, Schema, Table};
use crate::value::{Cell, Members, read};

/// What a body says about one row.
#[derive(Debug, Default)]
pub(crate) struct Payload<'a> {
    pub(crate) values: Vec<(&'a Column, Cell)>,
    /// Lookups and the references that they are bound to; `None` empties one.
    pub(crate) bound: Vec<(&'a Column, Option<String>)>,
    pub(crate) id: Option<uuid::Uuid>,
    /// `@odata.type`, as bulk actions need it.
    pub(crate) kind: Option<String>,
    /// `@odata.id`, as `UpsertMultiple` takes it.
    pub(crate) address: Option<String>,
}

impl<'a> Payload<'a> {
    pub(crate) fn parse(schema: &Schema, table: &'a Table, body: &str) -> Result<Self> {
        let members: Members<'_> = serde_json::from_str(body).map_err(|error| {
            let message = format!("Error identified in Payload: the body is not a JSON object: {error}");
            Fault::payload(&table.set, message)
        })?;
        let mut payload = Self::default();
        for (name, raw) in &members.0 {
            payload.member(schema, table, name, raw)?;
        }
        Ok(payload)
    }

    fn member(&mut self, schema: &Schema, table: &'a Table, name: &str, raw: &RawValue) -> Result<()> {
        if let Some((property, annotation)) = name.split_once('@') {
            return self.annotation(table, property, annotation, raw);
        }
        let Some(column) = table.column(name) else { return Err(undeclared(schema, table, name)) };
        if matches!(column.kind, Kind::Lookup { .. }) {
            return Err(undeclared(schema, table, name));
        }
        if column.kind == Kind::Id {
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
                if matches!(column.kind, Kind::Lookup { .. }) {
                    self.bound.push((column, text()));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn undeclared(schema: &Schema, table: &Table, name: &str) -> Fault {
    let lookup = name.strip_prefix('_').and_then(|rest| rest.strip_suffix("_value"));
    if lookup.and_then(|lookup| table.column(lookup)).is_some_and(Column::is_lookup) {
        let message = "CRM do not support direct update of Entity Reference properties, Use Navigation properties instead.";
        return Fault::bad("0x80060888", message);
    }
    let nested = table.navigation(name).is_some()
        || schema.referencing(&table.logical).any(|(_, column)| match &column.kind {
            Kind::Lookup { relationship, .. } => relationship == name,
            _ => false,
        });
    if nested {
        return Fault::unsupported("rows inside rows (deep insert)");
    }
    Fault::syntax(format!(
        "An error occurred while validating input parameters: Microsoft.OData.ODataException: Invalid property '{name}' \
         was found in entity 'Microsoft.Dynamics.CRM.{}'.",
        table.logical
    ))
}
