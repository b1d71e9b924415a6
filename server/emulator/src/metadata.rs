//! The metadata API: what tables there are, and how they are made and changed. Changes are made under the writer's
//! lock, one after another, each in one transaction of the file, or in a batch's.

mod alter;
mod choices;
mod csdl;
mod define;
mod describe;
mod evaluate;
mod expression;
mod get;
mod keys;
mod make;
mod required_privilege;
mod solution;

use std::sync::Arc;

use http::Method;
use sqlx::sqlite::SqliteConnection;

use crate::address::{Segment, path_and_query, segments};
use crate::answer::{Answer, Request};
use crate::fault::{Fault, Result};
use crate::organisation::Organisation;
use crate::schema::Schema;
use crate::store::Transaction;

/// A change in the making: the file, and the schema as it will be.
struct SchemaChange<'a> {
    organisation: &'a Organisation,
    connection: &'a mut SqliteConnection,
    schema: Schema,
    request: &'a Request,
    /// What rows that come with it have for their version.
    version: i64,
}

/// Answers what only reads, from definitions as they are, or as a batch has made them so far.
pub(crate) fn read(organisation: &Organisation, schema: &Schema, request: &Request) -> Result<Answer> {
    let path = allowed(request)?;
    get::respond(organisation, schema, request, &path)
}

/// Makes a change in a transaction of its own.
pub(crate) async fn write(organisation: &Organisation, request: &Request) -> Result<Answer> {
    let mut writer = organisation.store.write().await;
    let mut transaction = Transaction::begin(&mut writer, organisation.surroundings.now_s()).await?;
    let mut schema = organisation.schema();
    match change(organisation, &mut transaction, &mut schema, request).await {
        Ok(answer) => {
            transaction.commit().await?;
            organisation.replace_schema(schema);
            Ok(answer)
        }
        Err(fault) => {
            transaction.roll_back().await?;
            Err(fault)
        }
    }
}

/// Makes a change within a transaction. The schema becomes the new one only if the change was made whole; the
/// caller that commits puts it in force.
pub(crate) async fn change(
    organisation: &Organisation,
    transaction: &mut Transaction<'_>,
    schema: &mut Arc<Schema>,
    request: &Request,
) -> Result<Answer> {
    let path = allowed(request)?;
    let version = transaction.next_version();
    let connection = transaction.connection();
    let mut change =
        SchemaChange { organisation, connection, schema: Schema::clone(schema), request, version };
    let answer = change.make(&path).await?;
    *schema = Arc::new(change.schema);
    Ok(answer)
}

/// The path, if the caller has the privilege for what is asked there.
fn allowed(request: &Request) -> Result<Vec<Segment>> {
    let (path, _) = path_and_query(&request.target);
    let path = segments(path)?;
    if let Some(needed) = required_privilege::of(&request.method, &path) {
        request.caller.demand_general(needed)?;
    }
    Ok(path)
}

impl SchemaChange<'_> {
    async fn make(&mut self, path: &[Segment]) -> Result<Answer> {
        solution::check(self.connection, &self.schema, self.request).await?;
        let names: Vec<&str> = path.iter().map(|segment| segment.name.as_str()).collect();
        let method = self.request.method.clone();
        let keyed = |at: usize| path.get(at).is_some_and(|segment| segment.arguments.is_some());
        match (&method, &names[..]) {
            (&Method::POST, ["EntityDefinitions"]) => self.create_table().await,
            (&Method::POST, ["CreateEntities"]) => self.create_tables().await,
            (&Method::POST, ["EntityDefinitions", "Attributes"]) => self.create_column(&path[0]).await,
            (&Method::POST, ["EntityDefinitions", "Keys"]) => self.create_key(&path[0]).await,
            (&Method::POST, ["RelationshipDefinitions"]) => self.create_relationship().await,
            (&Method::POST, ["GlobalOptionSetDefinitions"]) => self.create_choice().await,
            (
                &Method::POST,
                ["InsertOptionValue" | "UpdateOptionValue" | "DeleteOptionValue" | "OrderOption"],
            ) => self.change_options(names[0]).await,
            // Everything is published as soon as it is made.
            (&Method::POST, ["PublishXml" | "PublishAllXml"]) => Ok(Answer::no_content()),
            (&Method::POST, ["ReactivateEntityKey"]) => self.reactivate_key().await,
            (&Method::PUT, ["EntityDefinitions"]) if keyed(0) => self.change_table(&path[0]).await,
            (&Method::PUT, ["EntityDefinitions", "Attributes", ..]) if keyed(1) => {
                self.change_column(&path[0], &path[1]).await
            }
            (&Method::DELETE, ["EntityDefinitions"]) if keyed(0) => self.delete_table(&path[0]).await,
            (&Method::DELETE, ["EntityDefinitions", "Attributes"]) if keyed(1) => {
                self.delete_column(&path[0], &path[1]).await
            }
            (&Method::DELETE, ["EntityDefinitions", "Keys"]) if keyed(1) => {
                self.delete_key(&path[0], &path[1]).await
            }
            (&Method::DELETE, ["RelationshipDefinitions"]) if keyed(0) => {
                self.delete_relationship(&path[0]).await
            }
            (&Method::DELETE, ["GlobalOptionSetDefinitions"]) if keyed(0) => {
                self.delete_choice(&path[0]).await
            }
            // Definitions are changed whole, by PUT [D:webapi/create-update-entity-definitions-using-web-api.md].
            (&Method::PATCH, _) => Err(Fault::not_allowed(&method)),
            (&Method::PUT, ["GlobalOptionSetDefinitions", ..]) if keyed(0) => {
                self.change_choice(&path[0]).await
            }
            (&Method::PUT, ["RelationshipDefinitions", ..]) if keyed(0) => {
                self.change_relationship(&path[0]).await
            }
            _ => Err(Fault::no_route(&self.request.base, &self.request.target)),
        }
    }

    fn body(&self) -> Result<serde_json::Value> {
        serde_json::from_slice(&self.request.body)
            .map_err(|error| Fault::payload("EntityDefinitions", format!("the body is not JSON: {error}")))
    }

    /// Where the thing made can be found: the request's own path, and its id.
    fn made(&self, id: uuid::Uuid) -> Answer {
        let (path, _) = path_and_query(&self.request.target);
        let address = format!("{}{}({id})", self.request.base, path.trim_end_matches('/'));
        Answer::no_content().with("odata-entityid", address)
    }
}

/// A name that can be a table's or column's: letters, digits, underscores.
fn checked(name: &str) -> Result<&str> {
    checked_to(64, name)
}

/// The same for a relationship, whose names may be longer \[D:reference/entities/relationship\].
fn checked_relationship(name: &str) -> Result<&str> {
    checked_to(255, name)
}

fn checked_to(longest: usize, name: &str) -> Result<&str> {
    let fine = name.len() <= longest
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && name.contains('_');
    if fine {
        return Ok(name);
    }
    Err(Fault::argument(format!(
        "The name '{name}' is not valid: it takes a publisher's prefix, an underscore, and letters, digits or underscores, \
         {longest} at most."
    )))
}
