//! Making tables, columns, keys and relationships.

use serde_json::Value;
use uuid::Uuid;

use crate::address::Segment;
use crate::answer::Answer;
use crate::fault::{Fault, Result};
use crate::schema::currency::beside_money;
use crate::schema::{CellKind, Column, Table, plural, system_columns};
use crate::sdk_messages;
use crate::security;
use crate::store::definitions::put_table;
use crate::store::{create_rows, index_sql, run};

use super::define::{column, flag, label, lookup, text};
use super::describe::Thing;
use super::{SchemaChange, checked, get};

impl SchemaChange<'_> {
    pub(super) async fn create_table(&mut self) -> Result<Answer> {
        let body = self.body()?;
        let id = self.add_table(&body).await?;
        Ok(self.made(id))
    }

    /// As Microsoft's Python client does it, several at once if need be: `server/exchanges/metadata.http`.
    pub(super) async fn create_tables(&mut self) -> Result<Answer> {
        let body = self.body()?;
        let tables = body.get("Entities").and_then(Value::as_array).cloned().unwrap_or_default();
        if tables.is_empty() {
            return Err(Fault::argument("'Entities' holds no table."));
        }
        for table in &tables {
            self.add_table(table).await?;
        }
        Ok(Answer::no_content())
    }

    async fn add_table(&mut self, json: &Value) -> Result<Uuid> {
        let schema_name =
            text(json, "SchemaName").ok_or_else(|| Fault::argument("A table without SchemaName."))?;
        checked(&schema_name)?;
        let logical = schema_name.to_ascii_lowercase();
        if self.schema.table(&logical).is_some() {
            let message =
                format!("An entity with the specified name {logical} already exists. Specify a unique name.");
            return Err(Fault::bad("0x80047010", message));
        }
        let set = text(json, "EntitySetName").unwrap_or_else(|| plural(&logical));
        if self.schema.table_of_set(&set).is_some() {
            let message = format!("A table with the collection name {set} already exists.");
            return Err(Fault::bad("0x8006088e", message));
        }
        checked(&set)?;
        let surroundings = &self.organisation.surroundings;
        let mut new_id = || surroundings.id();
        let user_owned = text(json, "OwnershipType").is_none_or(|ownership| ownership == "UserOwned");
        let mut columns = system_columns(&logical, &schema_name, user_owned, &mut new_id);
        let mut primary_name = None;
        for attribute in json.get("Attributes").and_then(Value::as_array).map_or(&[][..], Vec::as_slice) {
            let added = column(&self.schema, attribute, &mut new_id)?;
            if columns.iter().any(|known| known.logical == added.logical) {
                return Err(duplicate_column(&added));
            }
            if flag(attribute, "IsPrimaryName") == Some(true) {
                primary_name = Some(added.logical.clone());
            }
            columns.push(added);
        }
        columns.extend(beside_money(&columns, &logical, &mut new_id));
        let primary_name =
            primary_name.ok_or_else(|| Fault::argument("A table needs one column with IsPrimaryName."))?;
        let display = label(json.get("DisplayName")).unwrap_or_else(|| schema_name.clone());
        let table = Table {
            number: self.schema.next_number(),
            id: new_id(),
            logical,
            set,
            display_collection: label(json.get("DisplayCollectionName"))
                .unwrap_or_else(|| format!("{display}s")),
            display,
            schema_name,
            description: label(json.get("Description")).unwrap_or_default(),
            user_owned,
            custom: true,
            change_tracking: flag(json, "ChangeTrackingEnabled").unwrap_or(false),
            primary_name,
            columns,
            keys: Vec::new(),
        };
        create_rows(self.connection, &table).await?;
        put_table(self.connection, &table).await?;
        let now = self.organisation.surroundings.now_s();
        let customizer = self.organisation.identity.customizer;
        let when = (self.version, now);
        security::table_made(self.connection, &self.schema, customizer, &table, when).await?;
        sdk_messages::table_made(self.connection, &self.schema, &table, when).await?;
        let id = table.id;
        self.schema.put_table(table);
        Ok(id)
    }

    pub(super) async fn create_column(&mut self, table: &Segment) -> Result<Answer> {
        let body = self.body()?;
        let mut table = self.table(table)?;
        let surroundings = &self.organisation.surroundings;
        let added = column(&self.schema, &body, &mut || surroundings.id())?;
        let id = added.id;
        self.add_column(&mut table, added).await?;
        for beside in beside_money(&table.columns, &table.logical, &mut || surroundings.id()) {
            self.add_column(&mut table, beside).await?;
        }
        Ok(self.made(id))
    }

    async fn add_column(&mut self, table: &mut Table, added: Column) -> Result<()> {
        if table.column(&added.logical).is_some() {
            return Err(duplicate_column(&added));
        }
        let (rows, name, kind) = (table.rows(), &added.logical, added.kind.sql());
        run(self.connection, &format!("ALTER TABLE {rows} ADD COLUMN \"{name}\" {kind}")).await?;
        if matches!(added.kind, CellKind::Lookup { .. }) {
            run(self.connection, &index_sql(table, name)).await?;
        }
        table.columns.push(added);
        self.keep(table.clone()).await
    }

    pub(super) async fn create_relationship(&mut self) -> Result<Answer> {
        let body = self.body()?;
        if text(&body, "@odata.type").is_some_and(|kind| kind.contains("ManyToManyRelationshipMetadata"))
            && !text(&body, "@odata.type").is_some_and(|kind| kind.contains("OneToMany"))
        {
            return Err(Fault::unsupported("many-to-many relationships"));
        }
        let surroundings = &self.organisation.surroundings;
        let (referencing, added) = lookup(&body, &mut || surroundings.id())?;
        let target = added.target().unwrap_or_default();
        if self.schema.table(target).is_none() {
            return Err(no_table(target));
        }
        let CellKind::Lookup { relationship, relationship_id, .. } = &added.kind else {
            return Err(Fault::argument("A relationship without Lookup."));
        };
        let taken = |column: &Column| matches!(&column.kind, CellKind::Lookup { relationship: known, .. } if known.eq_ignore_ascii_case(relationship));
        if self.schema.tables().any(|table| table.columns.iter().any(taken)) {
            let message = format!("A relationship with the name {relationship} already exists.");
            return Err(Fault::bad("0x80047010", message));
        }
        let id = *relationship_id;
        let table = self.schema.table(&referencing).ok_or_else(|| no_table(&referencing))?;
        let mut table = Table::clone(table);
        self.add_column(&mut table, added).await?;
        Ok(self.made(id))
    }

    /// The table that a segment's key names.
    pub(super) fn table(&self, segment: &Segment) -> Result<Table> {
        let key = segment.key()?.ok_or_else(|| Fault::no_segment(&segment.name))?;
        let found = self.schema.tables().find(|table| get::is(Thing::Table(table), &key));
        let what = segment.arguments.clone().unwrap_or_default();
        found.map(|table| Table::clone(table)).ok_or_else(|| no_table(&what))
    }

    pub(super) async fn keep(&mut self, table: Table) -> Result<()> {
        put_table(self.connection, &table).await?;
        self.schema.put_table(table);
        Ok(())
    }
}

pub(super) fn no_table(what: &str) -> Fault {
    let message = format!("Could not find an entity with specified {what} in EntityDefinitions.");
    Fault::new(http::StatusCode::NOT_FOUND, "0x80060888", message)
}

fn duplicate_column(column: &Column) -> Fault {
    let message = format!("An attribute with the specified name {} already exists.", column.logical);
    Fault::bad("0x80047013", message)
}
