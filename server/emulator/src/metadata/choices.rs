//! Choices: global ones made and deleted, and the options of any of them changed.

use serde_json::{Value, json};

use crate::address::Segment;
use crate::answer::Answer;
use crate::fault::{Fault, Result};
use crate::schema::{CellKind, ChoiceOf, GlobalChoice, OptionItem, Table};
use crate::store::definitions::{put_choice, remove};

use super::define::{label, options, text};
use super::describe::Thing;
use super::{SchemaChange, checked, get};

impl SchemaChange<'_> {
    pub(super) async fn create_choice(&mut self) -> Result<Answer> {
        let body = self.body()?;
        let name = text(&body, "Name").ok_or_else(|| Fault::argument("A choice without Name."))?;
        checked(&name)?;
        let name = name.to_ascii_lowercase();
        if self.schema.choice(&name).is_some() {
            let message = format!("An OptionSet with the specified name {name} already exists.");
            return Err(Fault::bad("0x80047010", message));
        }
        let choice = GlobalChoice {
            id: self.organisation.surroundings.id(),
            display: label(body.get("DisplayName")).unwrap_or_else(|| name.clone()),
            description: label(body.get("Description")).unwrap_or_default(),
            options: options(&body)?,
            name,
        };
        let id = choice.id;
        self.keep_choice(choice).await?;
        Ok(self.made(id))
    }

    async fn keep_choice(&mut self, choice: GlobalChoice) -> Result<()> {
        put_choice(self.connection, &choice).await?;
        self.schema.put_choice(choice);
        Ok(())
    }

    /// `PUT` of a whole choice: its labels; options are changed by actions of their own.
    pub(super) async fn change_choice(&mut self, segment: &Segment) -> Result<Answer> {
        let body = self.body()?;
        let key = segment.key()?.ok_or_else(|| Fault::no_segment(&segment.name))?;
        let found = self.schema.choices().find(|choice| get::is(Thing::Choice(choice), &key));
        let mut choice = found
            .map(|choice| GlobalChoice::clone(choice))
            .ok_or_else(|| super::make::no_table(&segment.arguments.clone().unwrap_or_default()))?;
        choice.display = label(body.get("DisplayName")).unwrap_or(choice.display);
        choice.description = label(body.get("Description")).unwrap_or(choice.description);
        self.keep_choice(choice).await?;
        Ok(Answer::no_content())
    }

    pub(super) async fn delete_choice(&mut self, segment: &Segment) -> Result<Answer> {
        let key = segment.key()?.ok_or_else(|| Fault::no_segment(&segment.name))?;
        let found = self.schema.choices().find(|choice| get::is(Thing::Choice(choice), &key));
        let name = found
            .map(|choice| choice.name.clone())
            .ok_or_else(|| super::make::no_table(&segment.arguments.clone().unwrap_or_default()))?;
        let uses = |kind: &CellKind| match kind {
            CellKind::Choice(ChoiceOf::Global(used)) | CellKind::MultiChoice(ChoiceOf::Global(used)) => {
                *used == name
            }
            _ => false,
        };
        if self.schema.tables().any(|table| table.columns.iter().any(|column| uses(&column.kind))) {
            return Err(Fault::bad("0x8004f01f", format!("The choice {name} is used by columns.")));
        }
        remove(self.connection, "choice", &name).await?;
        self.schema.remove_choice(&name);
        Ok(Answer::no_content())
    }

    /// `InsertOptionValue` and its kin, on a global choice or on one column's own.
    pub(super) async fn change_options(&mut self, action: &str) -> Result<Answer> {
        let body = self.body()?;
        let inserted = match text(&body, "OptionSetName") {
            Some(name) => {
                let choice = self.schema.choice(&name.to_ascii_lowercase()).ok_or_else(|| {
                    let message = format!("The choice '{name}' does not exist.");
                    Fault::new(http::StatusCode::NOT_FOUND, "0x80040217", message)
                })?;
                let mut choice = GlobalChoice::clone(choice);
                let inserted = edit(action, &body, &mut choice.options)?;
                self.keep_choice(choice).await?;
                inserted
            }
            None => self.change_own_options(action, &body).await?,
        };
        Ok(match inserted {
            Some(value) => {
                let context = format!(
                    "{}$metadata#Microsoft.Dynamics.CRM.InsertOptionValueResponse",
                    self.request.base
                );
                Answer::json(json!({ "@odata.context": context, "NewOptionValue": value }).to_string())
            }
            None => Answer::no_content(),
        })
    }

    async fn change_own_options(&mut self, action: &str, body: &Value) -> Result<Option<i32>> {
        let table = text(body, "EntityLogicalName").unwrap_or_default();
        let column = text(body, "AttributeLogicalName").unwrap_or_default();
        let found = self.schema.table(&table).ok_or_else(|| super::make::no_table(&table))?;
        let mut found = Table::clone(found);
        let own =
            found.columns.iter_mut().find(|known| known.logical == column).and_then(|known| match &mut known
                .kind
            {
                CellKind::Choice(ChoiceOf::Own { options, .. })
                | CellKind::MultiChoice(ChoiceOf::Own { options, .. }) => Some(options),
                _ => None,
            });
        let own = own.ok_or_else(|| Fault::argument(format!("'{column}' has no options of its own.")))?;
        let inserted = edit(action, body, own)?;
        self.keep(found).await?;
        Ok(inserted)
    }
}

/// Changes options; the value of one that was added.
fn edit(action: &str, body: &Value, options: &mut Vec<OptionItem>) -> Result<Option<i32>> {
    let value = body.get("Value").and_then(Value::as_i64).and_then(|value| i32::try_from(value).ok());
    let at = value.and_then(|value| options.iter().position(|option| option.value == value));
    let unknown = || Fault::argument("The option value does not exist.");
    match action {
        "InsertOptionValue" => {
            if at.is_some() {
                return Err(Fault::argument("The option value is there already."));
            }
            let next = options.iter().map(|option| option.value + 1).max().unwrap_or(100_000_000);
            let value = value.unwrap_or(next);
            options.push(OptionItem { value, label: label(body.get("Label")).unwrap_or_default() });
            return Ok(Some(value));
        }
        "UpdateOptionValue" => {
            options[at.ok_or_else(unknown)?].label = label(body.get("Label")).unwrap_or_default();
        }
        "DeleteOptionValue" => {
            options.remove(at.ok_or_else(unknown)?);
        }
        _ => {
            let wanted = body.get("Values").and_then(Value::as_array).cloned().unwrap_or_default();
            let place = |option: &OptionItem| {
                wanted
                    .iter()
                    .position(|value| value.as_i64() == Some(i64::from(option.value)))
                    .unwrap_or(usize::MAX)
            };
            options.sort_by_key(place);
        }
    }
    Ok(None)
}
