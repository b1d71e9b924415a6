//! `BulkDelete`: rows that QueryExpressions mean are deleted \[D:delete-data-bulk.md\]. In the cloud a job does it, a while
//! later and row by row; here it is done when the answer comes, in one transaction.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Answer, Request};
use crate::fault::{Fault, Result};
use crate::query::{Resolver, fetched_ids};
use crate::rows::{Guard, delete};
use crate::security::{Access, General};
use crate::store::Transaction;

/// No client sends filters that are deeper than this.
const DEEPEST: usize = 16;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteJob {
    query_set: Vec<DeleteQuery>,
    #[serde(default)]
    recurrence_pattern: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteQuery {
    entity_name: String,
    #[serde(default)]
    criteria: Option<DeleteFilter>,
    #[serde(default)]
    link_entities: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteFilter {
    #[serde(default)]
    filter_operator: Value,
    #[serde(default)]
    conditions: Vec<DeleteCondition>,
    #[serde(default)]
    filters: Vec<DeleteFilter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteCondition {
    attribute_name: String,
    operator: String,
    #[serde(default)]
    values: Vec<Value>,
}

/// Deletes what the body's queries mean; the answer names a job that is done already.
pub(crate) async fn respond(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    request: &Request,
) -> Result<Answer> {
    resolver.caller.demand_general(General("prvBulkDelete"))?;
    let job: DeleteJob = serde_json::from_slice(&request.body)
        .map_err(|error| Fault::payload("BulkDelete", format!("the body cannot be read: {error}")))?;
    if job.recurrence_pattern.is_some_and(|pattern| !pattern.is_empty()) {
        return Err(Fault::unsupported("BulkDelete that comes again (RecurrencePattern)"));
    }
    for query in &job.query_set {
        let fetch_xml = query.to_fetch_xml()?;
        let table = resolver.table(&query.entity_name)?;
        resolver.caller.demand(table, Access::Read)?;
        resolver.caller.demand(table, Access::Delete)?;
        for id in fetched_ids(resolver, transaction.connection(), table, &fetch_xml).await? {
            resolver.caller.demand_row(transaction.connection(), table, id, Access::Delete).await?;
            delete(resolver, transaction, table, id, &Guard::None).await?;
        }
    }
    let context = format!("{}$metadata#Microsoft.Dynamics.CRM.BulkDeleteResponse", request.base);
    let body = json!({ "@odata.context": context, "JobId": resolver.organisation.surroundings.id() });
    Ok(Answer::json(body.to_string()))
}

impl DeleteQuery {
    /// The same in FetchXML: the two say the same things in other words.
    fn to_fetch_xml(&self) -> Result<String> {
        if !self.link_entities.is_empty() {
            return Err(Fault::unsupported("links in a QueryExpression"));
        }
        let mut out = format!("<fetch><entity name=\"{}\">", escaped(&self.entity_name));
        if let Some(criteria) = &self.criteria {
            criteria.write(&mut out, 0)?;
        }
        out.push_str("</entity></fetch>");
        Ok(out)
    }
}

impl DeleteFilter {
    fn write(&self, out: &mut String, depth: usize) -> Result<()> {
        if depth > DEEPEST {
            return Err(Fault::argument("The filters of the query are nested too deeply."));
        }
        if self.conditions.is_empty() && self.filters.is_empty() {
            return Ok(());
        }
        // By name or by number, as `LogicalOperator` has them.
        let any = self.filter_operator == "Or" || self.filter_operator == 1;
        let _ = write!(out, "<filter type=\"{}\">", if any { "or" } else { "and" });
        for condition in &self.conditions {
            condition.write(out);
        }
        for filter in &self.filters {
            filter.write(out, depth + 1)?;
        }
        out.push_str("</filter>");
        Ok(())
    }
}

impl DeleteCondition {
    fn write(&self, out: &mut String) {
        let (attribute, operator) = (escaped(&self.attribute_name), escaped(&in_fetch_xml(&self.operator)));
        let _ = write!(out, "<condition attribute=\"{attribute}\" operator=\"{operator}\"");
        let values: Vec<String> = self.values.iter().map(plain).collect();
        match &values[..] {
            [] => out.push_str("/>"),
            [value] if !matches!(self.operator.as_str(), "In" | "NotIn") => {
                let _ = write!(out, " value=\"{}\"/>", escaped(value));
            }
            values => {
                out.push('>');
                for value in values {
                    let _ = write!(out, "<value>{}</value>", escaped(value));
                }
                out.push_str("</condition>");
            }
        }
    }
}

/// `{"Value": …, "Type": "System.Guid"}`, or the value by itself.
fn plain(value: &Value) -> String {
    match value.get("Value").unwrap_or(value) {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `OnOrAfter` is `on-or-after` there; some are called otherwise.
fn in_fetch_xml(operator: &str) -> String {
    let other = match operator {
        "Equal" => "eq",
        "NotEqual" => "ne",
        "GreaterThan" => "gt",
        "GreaterEqual" => "ge",
        "LessThan" => "lt",
        "LessEqual" => "le",
        "DoesNotBeginWith" => "not-begin-with",
        "DoesNotEndWith" => "not-end-with",
        "DoesNotContainValues" => "not-contain-values",
        "EqualUserId" => "eq-userid",
        "NotEqualUserId" => "ne-userid",
        "Last7Days" => "last-seven-days",
        "Next7Days" => "next-seven-days",
        _ => "",
    };
    if !other.is_empty() {
        return other.to_owned();
    }
    let mut words = String::new();
    for letter in operator.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push('-');
        }
        words.extend(letter.to_lowercase());
    }
    words.replace("older-than-", "olderthan-")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_said_in_fetch_xml() {
        let query = json!({ "EntityName": "x_thing", "Criteria": {
            "FilterOperator": "Or",
            "Conditions": [
                { "AttributeName": "x_thingid", "Operator": "In", "Values": [{ "Value": "a", "Type": "System.Guid" }] },
                { "AttributeName": "x_name", "Operator": "Equal", "Values": ["<\"&"] },
            ],
            "Filters": [{ "Conditions": [{ "AttributeName": "x_at", "Operator": "OlderThanXDays", "Values": [90] }] }],
        } });
        let query: DeleteQuery = serde_json::from_value(query).unwrap();
        assert_eq!(
            query.to_fetch_xml().unwrap(),
            "<fetch><entity name=\"x_thing\"><filter type=\"or\"><condition attribute=\"x_thingid\" operator=\"in\">\
             <value>a</value></condition><condition attribute=\"x_name\" operator=\"eq\" value=\"&lt;&quot;&amp;\"/>\
             <filter type=\"and\"><condition attribute=\"x_at\" operator=\"olderthan-x-days\" value=\"90\"/></filter>\
             </filter></entity></fetch>"
        );
        for (name, expect) in
            [("NotNull", "not-null"), ("OnOrAfter", "on-or-after"), ("LastXDays", "last-x-days")]
        {
            assert_eq!(in_fetch_xml(name), expect);
        }
    }
}
