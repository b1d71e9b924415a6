//! `RetrieveMetadataChanges`: an `EntityQueryExpression` picks tables, columns, keys and relationships, and the
//! properties to show of each \[D:query-schema-definitions.md\]. There is no memory of earlier states: whatever
//! `ClientVersionStamp` is given, the answer is the whole.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::address::{QueryOptions, path_and_query};
use crate::answer::{Answer, Request};
use crate::fault::{Fault, Result};
use crate::organisation::Organisation;
use crate::schema::{Schema, Table};

use super::describe::{Related, Thing};

/// A query for one kind of definition; those for its parts lie inside.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct DefinitionQuery {
    criteria: Option<Criteria>,
    properties: Option<Properties>,
    attribute_query: Option<Box<DefinitionQuery>>,
    key_query: Option<Box<DefinitionQuery>>,
    relationship_query: Option<Box<DefinitionQuery>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Criteria {
    filter_operator: String,
    conditions: Vec<DefinitionCondition>,
    filters: Vec<Criteria>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DefinitionCondition {
    property_name: String,
    #[serde(default)]
    condition_operator: String,
    #[serde(default)]
    value: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Properties {
    all_properties: bool,
    property_names: Vec<String>,
}

/// Shown whether asked for or not.
const ALWAYS: &[&str] = &["@odata.type", "MetadataId", "LogicalName", "SchemaName"];

pub(super) fn respond(organisation: &Organisation, schema: &Schema, request: &Request) -> Result<Answer> {
    let options = QueryOptions::parse(path_and_query(&request.target).1);
    let query = options.names().find(|name| name.starts_with('@')).and_then(|name| options.get(name));
    let query: DefinitionQuery = serde_json::from_str(query.unwrap_or("{}")).map_err(|error| {
        Fault::syntax(format!("The parameter 'Query' is not an EntityQueryExpression: {error}"))
    })?;
    let mut tables = Vec::new();
    for table in schema.tables() {
        if let Some(mut shown) = query.show(organisation, schema, Thing::Table(table))? {
            parts(organisation, schema, &query, table, &mut shown)?;
            tables.push(Value::Object(shown));
        }
    }
    let context = format!("{}$metadata#Microsoft.Dynamics.CRM.RetrieveMetadataChangesResponse", request.base);
    let stamp = format!("{}!{}", organisation.surroundings.now_s(), organisation.surroundings.now_ms());
    let body = json!({
        "@odata.context": context, "ServerVersionStamp": stamp, "EntityMetadata": tables, "DeletedMetadata": null,
    });
    Ok(Answer::json(body.to_string()))
}

/// A table's columns, keys and relationships, where the query asks for them by name or by a query of their own.
fn parts(
    organisation: &Organisation,
    schema: &Schema,
    query: &DefinitionQuery,
    table: &Table,
    shown: &mut Map<String, Value>,
) -> Result<()> {
    let of = |own: &Option<Box<DefinitionQuery>>, name: &str| {
        let named = query.properties.as_ref().is_none_or(|properties| {
            properties.all_properties || properties.property_names.iter().any(|found| found == name)
        });
        own.is_some() || named
    };
    let every = DefinitionQuery::default();
    for (name, own) in [
        ("Attributes", &query.attribute_query),
        ("Keys", &query.key_query),
        ("ManyToOneRelationships", &query.relationship_query),
        ("OneToManyRelationships", &query.relationship_query),
        ("ManyToManyRelationships", &query.relationship_query),
    ] {
        if !of(own, name) {
            continue;
        }
        let Some(Related::Many(things)) = Thing::Table(table).related(schema, name) else { continue };
        let own = own.as_deref().unwrap_or(&every);
        let mut list = Vec::new();
        for thing in things {
            list.extend(own.show(organisation, schema, thing)?.map(Value::Object));
        }
        shown.insert(name.to_owned(), list.into());
    }
    Ok(())
}

impl DefinitionQuery {
    /// The properties asked for, of a definition that fits.
    fn show(
        &self,
        organisation: &Organisation,
        schema: &Schema,
        thing: Thing<'_>,
    ) -> Result<Option<Map<String, Value>>> {
        let mut json = thing.to_json(organisation);
        if let Some(Related::One(Some(choice))) = thing.related(schema, "OptionSet") {
            json["OptionSet"] = choice.to_json(organisation);
        }
        if let Some(criteria) = &self.criteria
            && !criteria.hold(&json)?
        {
            return Ok(None);
        }
        let Value::Object(mut json) = json else { return Ok(None) };
        if let Some(properties) = self.properties.as_ref().filter(|properties| !properties.all_properties) {
            json.retain(|name, _| {
                ALWAYS.contains(&name.as_str()) || properties.property_names.iter().any(|asked| asked == name)
            });
        }
        Ok(Some(json))
    }
}

impl Criteria {
    fn hold(&self, thing: &Value) -> Result<bool> {
        let any = self.filter_operator == "Or";
        let mut outcomes = Vec::new();
        for condition in &self.conditions {
            outcomes.push(condition.holds(thing)?);
        }
        for filter in &self.filters {
            outcomes.push(filter.hold(thing)?);
        }
        Ok(if any { outcomes.contains(&true) } else { !outcomes.contains(&false) })
    }
}

impl DefinitionCondition {
    fn holds(&self, thing: &Value) -> Result<bool> {
        // A property that this kind of definition does not have equals nothing.
        let found = thing.get(&self.property_name).unwrap_or(&Value::Null);
        let wanted = typed(&self.value);
        Ok(match self.condition_operator.as_str() {
            "" | "Equals" => same(found, wanted),
            "NotEquals" => !same(found, wanted),
            "In" => wanted.as_array().is_some_and(|list| list.iter().any(|one| same(found, typed(one)))),
            "NotIn" => wanted.as_array().is_some_and(|list| !list.iter().any(|one| same(found, typed(one)))),
            other => {
                return Err(Fault::unsupported(format!("the metadata condition operator '{other}'")));
            }
        })
    }
}

/// `{"Type": "System.String", "Value": …}`, or the value by itself.
fn typed(value: &Value) -> &Value {
    value.get("Value").unwrap_or(value)
}

/// `{"Value": true}` in a definition is compared by what it holds, text without regard to case.
fn same(found: &Value, wanted: &Value) -> bool {
    match (typed(found), wanted) {
        (Value::String(found), Value::String(wanted)) => found.eq_ignore_ascii_case(wanted),
        (Value::Bool(found), Value::String(wanted)) => wanted.eq_ignore_ascii_case(&found.to_string()),
        (found, wanted) => found == wanted,
    }
}
