//! Alternate keys: asked for, built in the background, and built again.

use serde_json::Value;

use crate::address::Segment;
use crate::answer::Answer;
use crate::fault::{Fault, Result};
use crate::schema::{AlternateKey, CellKind, KeyState, Table};
use crate::store::{key_sql, run};

use super::define::{label, text};
use super::describe::Thing;
use super::{SchemaChange, checked, get};

impl SchemaChange<'_> {
    pub(super) async fn create_key(&mut self, table: &Segment) -> Result<Answer> {
        let body = self.body()?;
        let mut table = self.table(table)?;
        let schema_name =
            text(&body, "SchemaName").ok_or_else(|| Fault::argument("A key without SchemaName."))?;
        checked(&schema_name)?;
        let columns = body.get("KeyAttributes").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let columns: Vec<String> =
            columns.iter().filter_map(Value::as_str).map(str::to_ascii_lowercase).collect();
        check_key(&table, &schema_name, &columns)?;
        let mut key = AlternateKey {
            id: self.organisation.surroundings.id(),
            logical: schema_name.to_ascii_lowercase(),
            display: label(body.get("DisplayName")).unwrap_or_else(|| schema_name.clone()),
            schema_name,
            columns,
            state: KeyState::Failed,
        };
        key.state = self.build(&table, &key).await?;
        let id = key.id;
        table.keys.push(key);
        self.keep(table).await?;
        Ok(self.made(id))
    }

    /// Builds the index. Rows that are not unique fail it, not the request, and that shows when it would have been done.
    async fn build(&mut self, table: &Table, key: &AlternateKey) -> Result<KeyState> {
        let now = self.organisation.surroundings.now_s();
        match run(self.connection, &key_sql(table, key)).await {
            Ok(()) => Ok(KeyState::Pending(now)),
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(KeyState::Failing(now)),
            Err(error) => Err(error.into()),
        }
    }

    /// `ReactivateEntityKey`: tries once more, after the rows were put right.
    pub(super) async fn reactivate_key(&mut self) -> Result<Answer> {
        let body = self.body()?;
        let named = |name: &str| {
            let missing = || Fault::argument(format!("The parameter '{name}' is missing."));
            text(&body, name).map(|text| text.to_ascii_lowercase()).ok_or_else(missing)
        };
        let (table, key) = (named("EntityLogicalName")?, named("EntityKeyLogicalName")?);
        let table = self.schema.table(&table).ok_or_else(|| super::make::no_table(&table))?;
        let mut table = Table::clone(table);
        let at = table.keys.iter().position(|known| known.logical == key);
        let at = at.ok_or_else(|| super::make::no_table(&key))?;
        if self.organisation.key_state(&table.keys[at]) == KeyState::Failed {
            table.keys[at].state = self.build(&table, &table.keys[at]).await?;
            self.keep(table).await?;
        }
        Ok(Answer::no_content())
    }

    pub(super) async fn delete_key(&mut self, table: &Segment, key: &Segment) -> Result<Answer> {
        let mut table = self.table(table)?;
        let wanted = key.key()?.ok_or_else(|| Fault::no_segment(&key.name))?;
        let at = table.keys.iter().position(|key| get::is(Thing::Key(&table, key), &wanted));
        let at = at.ok_or_else(|| super::make::no_table(&key.arguments.clone().unwrap_or_default()))?;
        let key = table.keys.remove(at);
        run(self.connection, &format!("DROP INDEX IF EXISTS {}_k_{}", table.rows(), key.logical)).await?;
        self.keep(table).await?;
        Ok(Answer::no_content())
    }
}

/// At most 10 keys of at most 16 columns of a few types \[D:define-alternate-keys-entity.md\].
fn check_key(table: &Table, name: &str, columns: &[String]) -> Result<()> {
    if table.keys.len() >= 10 || columns.is_empty() || columns.len() > 16 {
        return Err(Fault::argument("A table has at most 10 alternate keys, each of 1 to 16 columns."));
    }
    if table.keys.iter().any(|key| key.schema_name.eq_ignore_ascii_case(name)) {
        return Err(Fault::bad("0x80047010", format!("A key with the name {name} already exists.")));
    }
    for name in columns {
        let column = table.column(name).ok_or_else(|| Fault::no_property(name, &table.logical))?;
        let fits = matches!(
            column.kind,
            CellKind::Text { .. }
                | CellKind::Integer { .. }
                | CellKind::Decimal { .. }
                | CellKind::DateTime(_)
                | CellKind::Lookup { .. }
                | CellKind::Choice(_)
        );
        if !fits {
            return Err(Fault::argument(format!("The column {name} is of a type that no key can hold.")));
        }
    }
    Ok(())
}
