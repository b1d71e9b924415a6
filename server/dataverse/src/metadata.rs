//! Tables and all that describes them: read, made, compared. Slow and serial by nature: the server takes a lock for
//! each change, so these calls have a longer deadline and should be made one after another.

mod column;
mod compare;
mod definition;
mod label;
mod role;
mod table;

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::call::Call;
use crate::client::{Client, EntityId};
use crate::error::{Error, Refusal};
use crate::odata::{encode, is_name};

pub use column::{ChoiceOption, ColumnDefinition, ColumnKind, TimeBehaviour};
pub use compare::TableDifference;
pub use definition::{ChoiceDefinition, KeyDefinition, LookupDefinition, Ownership, TableDefinition};
pub use role::{PrivilegeDepth, Role, RoleDefinition, RolePrivilege};
pub use table::{ColumnMetadata, IndexStatus, TableKey, TableMetadata};

use label::label;

/// The metadata side of a client.
pub struct Metadata<'a> {
    client: &'a Client,
    solution: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    value: Vec<Value>,
}

impl Client {
    /// Reads and changes tables, columns, choices, keys and relationships.
    pub fn metadata(&self) -> Metadata<'_> {
        Metadata { client: self, solution: None }
    }
}

impl Metadata<'_> {
    /// What is made is put into this solution, whose publisher's prefix it must bear.
    #[must_use]
    pub fn in_solution(mut self, unique_name: impl Into<String>) -> Self {
        self.solution = Some(unique_name.into());
        self
    }

    /// A table as it is, with its columns, choices, lookups and keys; `None` if there is none of this name.
    pub async fn table(&self, logical_name: &str) -> Result<Option<TableMetadata>, Error> {
        let definition = named(logical_name)?;
        let path = format!("{definition}?$expand=Attributes,Keys,ManyToOneRelationships");
        let Some(table) = self.find(&path).await? else { return Ok(None) };
        let mut table = TableMetadata::read(&table)?;
        if table.columns.iter().any(|c| c.kind == "Picklist") {
            // Options come only through a cast to the column's own type.
            let cast = "Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata";
            let path = format!("{definition}/{cast}?$select=LogicalName&$expand=OptionSet,GlobalOptionSet");
            table.add_choices(&self.list(&path).await?);
        }
        if table.columns.iter().any(|c| c.kind == "MultiSelectPicklist") {
            let cast = "Attributes/Microsoft.Dynamics.CRM.MultiSelectPicklistAttributeMetadata";
            let path = format!("{definition}/{cast}?$select=LogicalName&$expand=OptionSet,GlobalOptionSet");
            table.add_choices(&self.list(&path).await?);
        }
        Ok(Some(table))
    }

    /// Makes a table with its columns and keys (lookups are made afterwards, by [`Metadata::create_lookup`]).
    pub async fn create_table(&self, table: &TableDefinition) -> Result<(), Error> {
        self.make("EntityDefinitions", &table.to_json()).await?;
        for key in &table.keys {
            self.create_key(&table.logical_name(), key).await?;
        }
        Ok(())
    }

    /// Adds a column to a table.
    pub async fn create_column(&self, table: &str, column: &ColumnDefinition) -> Result<(), Error> {
        self.make(&format!("{}/Attributes", named(table)?), &column.to_json(false)).await.map(drop)
    }

    /// Makes a lookup column, as the 1:N relationship that it is.
    pub async fn create_lookup(&self, lookup: &LookupDefinition) -> Result<(), Error> {
        self.make("RelationshipDefinitions", &lookup.to_json()).await.map(drop)
    }

    /// Makes an alternate key. It can be used once its index is built: see [`TableMetadata::keys`].
    pub async fn create_key(&self, table: &str, key: &KeyDefinition) -> Result<(), Error> {
        self.make(&format!("{}/Keys", named(table)?), &key.to_json()).await.map(drop)
    }

    /// Makes a choice that several tables share.
    pub async fn create_global_choice(&self, choice: &ChoiceDefinition) -> Result<(), Error> {
        self.make("GlobalOptionSetDefinitions", &choice.to_json()).await.map(drop)
    }

    /// The options of a global choice; `None` if there is none of this name.
    pub async fn global_choice(&self, name: &str) -> Result<Option<Vec<ChoiceOption>>, Error> {
        if !is_name(name) {
            return Err(Error::Misuse(format!("`{name}` is no choice's name")));
        }
        let cast = "Microsoft.Dynamics.CRM.OptionSetMetadata";
        let path = format!("GlobalOptionSetDefinitions(Name='{name}')/{cast}");
        Ok(self.find(&path).await?.map(|choice| table::options(choice.get("Options"))))
    }

    /// Adds an option to a global choice.
    pub async fn insert_option(&self, choice: &str, option: &ChoiceOption) -> Result<(), Error> {
        let body = json!({
            "OptionSetName": choice, "Value": option.value, "Label": label(&option.label),
            "SolutionUniqueName": self.solution,
        });
        self.act("InsertOptionValue", &body).await
    }

    /// Adds an option to a choice that belongs to one column alone.
    pub async fn insert_column_option(
        &self,
        table: &str,
        column: &str,
        option: &ChoiceOption,
    ) -> Result<(), Error> {
        let body = json!({
            "EntityLogicalName": table, "AttributeLogicalName": column, "Value": option.value,
            "Label": label(&option.label), "SolutionUniqueName": self.solution,
        });
        self.act("InsertOptionValue", &body).await
    }

    /// Switches change tracking on, which cannot be undone. The whole definition is read and put back: there is no
    /// partial change of definitions.
    pub async fn enable_change_tracking(&self, table: &str) -> Result<(), Error> {
        let path = named(table)?;
        let Some(mut whole) = self.find(&path).await? else {
            let refusal =
                Refusal { status: 404, message: format!("no table `{table}`"), ..Default::default() };
            return Err(Error::NotFound(refusal));
        };
        whole["ChangeTrackingEnabled"] = Value::Bool(true);
        let id = whole.get("MetadataId").and_then(Value::as_str).unwrap_or_default().to_owned();
        let id =
            Uuid::try_parse(&id).map_err(|_| Error::Malformed("a table without MetadataId".to_owned()))?;
        let call = self.call(Method::PUT, format!("EntityDefinitions({id})")).json(&whole)?;
        self.send(call.header("mscrm.mergelabels", "true")?.repeatable(true)).await.map(drop)
    }

    /// Makes changes visible to apps; the Web API itself does not need it.
    pub async fn publish(&self, table: &str) -> Result<(), Error> {
        named(table)?;
        let xml = format!("<importexportxml><entities><entity>{table}</entity></entities></importexportxml>");
        self.act("PublishXml", &json!({ "ParameterXml": xml })).await
    }

    /// Deletes a table with all its rows.
    pub async fn delete_table(&self, logical_name: &str) -> Result<(), Error> {
        self.send(self.call(Method::DELETE, named(logical_name)?)).await.map(drop)
    }

    async fn make(&self, path: &str, body: &Value) -> Result<Option<EntityId>, Error> {
        let mut call = self.call(Method::POST, path.to_owned()).json(body)?;
        if let Some(solution) = &self.solution {
            call = call.header("mscrm.solutionuniquename", solution)?;
        }
        let reply = self.send(call).await?;
        Ok(reply.header("odata-entityid").map(EntityId::from_url))
    }

    async fn act(&self, action: &str, body: &Value) -> Result<(), Error> {
        self.send(self.call(Method::POST, action.to_owned()).json(body)?).await.map(drop)
    }

    async fn find(&self, path: &str) -> Result<Option<Value>, Error> {
        match self.send(self.read(path)?).await {
            Ok(reply) => reply.json().map(Some),
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.send(self.read(path)?).await?.json()
    }

    async fn list(&self, path: &str) -> Result<Vec<Value>, Error> {
        let listed: Listed = self.get(path).await?;
        Ok(listed.value)
    }

    /// Past the metadata cache, which may be half a minute old [compose page].
    fn read(&self, path: &str) -> Result<Call, Error> {
        self.call(Method::GET, path.to_owned()).header("consistency", "Strong")
    }

    fn call(&self, method: Method, path: String) -> Call {
        let mut call = self.client.call("metadata", method, path);
        call.deadline = self.client.inner.settings.metadata_deadline;
        call
    }

    async fn send(&self, call: Call) -> Result<crate::call::CallResponse, Error> {
        self.client.inner.send(call).await
    }
}

fn named(logical_name: &str) -> Result<String, Error> {
    match is_name(logical_name) {
        true => Ok(format!("EntityDefinitions(LogicalName='{}')", encode(logical_name))),
        false => Err(Error::Misuse(format!("`{logical_name}` is no table's name"))),
    }
}
