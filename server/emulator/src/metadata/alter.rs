//! Changing and deleting tables, columns, keys and relationships.

use serde_json::Value;

use crate::address::Segment;
use crate::answer::Answer;
use crate::fault::{Fault, Result};
use crate::schema::currency::money;
use crate::schema::{Behaviour, CellKind, Column, Table};
use crate::sdk_messages;
use crate::security::drop_privileges;
use crate::store::definitions::remove;
use crate::store::{run, sql};
use crate::value::Cell;

use super::define::{cascade, flag, format, label, managed_text};
use super::describe::Thing;
use super::{SchemaChange, get};

impl SchemaChange<'_> {
    /// `PUT` of a whole definition; what cannot be changed is left as it is.
    pub(super) async fn change_table(&mut self, table: &Segment) -> Result<Answer> {
        let body = self.body()?;
        let mut table = self.table(table)?;
        for (name, place) in [
            ("DisplayName", &mut table.display),
            ("DisplayCollectionName", &mut table.display_collection),
            ("Description", &mut table.description),
        ] {
            if let Some(text) = label(body.get(name)) {
                *place = text;
            }
        }
        // On for good: it cannot be switched off again [D:use-change-tracking].
        table.change_tracking |= flag(&body, "ChangeTrackingEnabled").unwrap_or(false);
        self.keep(table).await?;
        Ok(Answer::no_content())
    }

    pub(super) async fn change_column(&mut self, table: &Segment, column: &Segment) -> Result<Answer> {
        let body = self.body()?;
        let mut table = self.table(table)?;
        let at = self.column(&table, column)?;
        let column = &mut table.columns[at];
        if let Some(text) = label(body.get("DisplayName")) {
            column.display = text;
        }
        if let Some(text) = label(body.get("Description")) {
            column.description = text;
        }
        if let Some(text) = managed_text(&body, "RequiredLevel") {
            column.required = text;
        }
        column.format = format(&body)?.or(column.format.take());
        let number = |name: &str| body.get(name).and_then(Value::as_f64);
        match &mut column.kind {
            CellKind::Text { max_length } | CellKind::Memo { max_length } => {
                let new = body.get("MaxLength").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
                *max_length = new.unwrap_or(*max_length);
            }
            CellKind::Integer { min, max } => {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "a cast from float ends at the type's bounds"
                )]
                let whole = |name: &str, old: i32| number(name).map_or(old, |value| value as i32);
                (*min, *max) = (whole("MinValue", *min), whole("MaxValue", *max));
            }
            CellKind::Decimal { min, max, .. }
            | CellKind::Money { min, max, .. }
            | CellKind::Double { min, max, .. } => {
                *min = number("MinValue").unwrap_or(*min);
                *max = number("MaxValue").unwrap_or(*max);
            }
            CellKind::Boolean { default, .. } => *default = flag(&body, "DefaultValue").unwrap_or(*default),
            CellKind::DateTime(behaviour) => change_behaviour(behaviour, &body)?,
            _ => {}
        }
        self.keep(table).await?;
        Ok(Answer::no_content())
    }

    pub(super) async fn delete_table(&mut self, table: &Segment) -> Result<Answer> {
        let table = self.table(table)?;
        if !table.custom {
            return Err(Fault::argument(format!("The table {} cannot be deleted.", table.logical)));
        }
        let others =
            self.schema.referencing(&table.logical).find(|(child, _)| child.logical != table.logical);
        if let Some((child, column)) = others {
            return Err(depended_on(&table.logical, &format!("{}.{}", child.logical, column.logical)));
        }
        run(self.connection, &format!("DROP TABLE {}", table.rows())).await?;
        let text = "DELETE FROM tombstones WHERE table_number = ?".to_owned();
        sql(text, vec![Cell::Integer(table.number)]).execute(&mut *self.connection).await?;
        drop_privileges(self.connection, &self.schema, &table).await?;
        sdk_messages::table_dropped(self.connection, &self.schema, &table).await?;
        remove(self.connection, "table", &table.logical).await?;
        self.schema.remove_table(&table.logical);
        Ok(Answer::no_content())
    }

    pub(super) async fn delete_column(&mut self, table: &Segment, column: &Segment) -> Result<Answer> {
        let table = self.table(table)?;
        let at = self.column(&table, column)?;
        self.drop_column(table, at).await?;
        Ok(Answer::no_content())
    }

    async fn drop_column(&mut self, mut table: Table, at: usize) -> Result<()> {
        let column = &table.columns[at];
        let name = column.logical.clone();
        if !column.custom || name == table.primary_name {
            return Err(Fault::argument(format!("The column {name} cannot be deleted.")));
        }
        if let Some(key) = table.keys.iter().find(|key| key.columns.contains(&name)) {
            return Err(depended_on(&name, &key.schema_name));
        }
        let rows = table.rows();
        // What money is worth goes with it.
        let worth = money(&table).find(|(money, _)| money.logical == name).map(|(_, worth)| worth);
        for name in worth.iter().filter(|worth| table.column(worth).is_some()).chain([&name]) {
            run(self.connection, &format!("DROP INDEX IF EXISTS {rows}_l_{name}")).await?;
            run(self.connection, &format!("ALTER TABLE {rows} DROP COLUMN \"{name}\"")).await?;
        }
        table.columns.retain(|column| column.logical != name && Some(&column.logical) != worth.as_ref());
        self.keep(table).await
    }

    pub(super) async fn delete_relationship(&mut self, segment: &Segment) -> Result<Answer> {
        let (table, at) = self.relationship(segment)?;
        self.drop_column(table, at).await?;
        Ok(Answer::no_content())
    }

    /// `PUT` of a whole relationship: what becomes of children when their parent is deleted.
    pub(super) async fn change_relationship(&mut self, segment: &Segment) -> Result<Answer> {
        let body = self.body()?;
        let (mut table, at) = self.relationship(segment)?;
        if let CellKind::Lookup { on_delete, .. } = &mut table.columns[at].kind {
            *on_delete = cascade(&body).unwrap_or(*on_delete);
        }
        self.keep(table).await?;
        Ok(Answer::no_content())
    }

    /// The lookup column that a relationship is, and its table.
    fn relationship(&self, segment: &Segment) -> Result<(Table, usize)> {
        let wanted = segment.key()?.ok_or_else(|| Fault::no_segment(&segment.name))?;
        let found = self.schema.tables().find_map(|table| {
            let is = |column: &Column| get::is(Thing::Relationship(table, column), &wanted);
            let at = table.columns.iter().position(|c| matches!(c.kind, CellKind::Lookup { .. }) && is(c))?;
            Some((Table::clone(table), at))
        });
        found.ok_or_else(|| super::make::no_table(&segment.arguments.clone().unwrap_or_default()))
    }

    fn column(&self, table: &Table, segment: &Segment) -> Result<usize> {
        let key = segment.key()?.ok_or_else(|| Fault::no_segment(&segment.name))?;
        let found = table.columns.iter().position(|column| get::is(Thing::Column(table, column), &key));
        found.ok_or_else(|| {
            let what = segment.arguments.clone().unwrap_or_default();
            let message = format!("Could not find an attribute with specified {what}.");
            Fault::new(http::StatusCode::NOT_FOUND, "0x80060888", message)
        })
    }
}

fn depended_on(what: &str, by: &str) -> Fault {
    Fault::bad(
        "0x8004f01f",
        format!(
            "The component {what} cannot be deleted because it is referenced by 1 other components: {by}."
        ),
    )
}

/// One way only: away from the user's local time, and never to the other that is kept differently
/// \[D:behavior-format-date-time-attribute.md\].
fn change_behaviour(behaviour: &mut Behaviour, body: &Value) -> Result<()> {
    let wanted = match managed_text(body, "DateTimeBehavior").as_deref() {
        Some("TimeZoneIndependent") => Behaviour::TimeZoneIndependent,
        Some("DateOnly") => Behaviour::DateOnly,
        _ => return Ok(()),
    };
    match (*behaviour, wanted) {
        (now, wanted) if now == wanted => Ok(()),
        (Behaviour::UserLocal, Behaviour::TimeZoneIndependent) => {
            *behaviour = wanted;
            Ok(())
        }
        (Behaviour::UserLocal, Behaviour::DateOnly) => {
            Err(Fault::unsupported("changing a column's DateTimeBehavior to DateOnly"))
        }
        _ => Err(Fault::argument("The DateTimeBehavior of this column cannot be changed.")),
    }
}
