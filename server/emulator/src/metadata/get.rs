//! Reading definitions: paths, casts, `$select`, `$filter`, `$expand`.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::address::{QueryOptions, RowAddress, Segment, path_and_query};
use crate::answer::{Answer, Request};
use crate::fault::{Fault, Result};
use crate::organisation::Organisation;
use crate::query::{AddressLiteral, Expansion, parse_expand, parse_filter};
use crate::schema::Schema;

use super::describe::{Related, Thing, relationship};
use super::evaluate::{holds, plain_enums};
use super::{csdl, expression};

/// Where a path leads.
enum PathTarget<'a> {
    Many(Vec<Thing<'a>>),
    One(Thing<'a>),
    /// One property of a definition, by itself.
    Property(Value),
}

pub(super) fn respond(
    organisation: &Organisation,
    schema: &Schema,
    request: &Request,
    path: &[Segment],
) -> Result<Answer> {
    let options = QueryOptions::parse(path_and_query(&request.target).1);
    if path[0].name == "$metadata" {
        return Ok(Answer::of_kind("application/xml", csdl::write(schema)));
    }
    if path[0].name == "RetrieveMetadataChanges" {
        return expression::respond(organisation, schema, request);
    }
    let expansions = parse_expand(options.get("$expand").unwrap_or_default())?;
    if !expansions.iter().all(Expansion::fits_definitions) {
        return Err(Fault::unsupported(
            "more than $select, $filter and $expand inside $expand on definitions",
        ));
    }
    let show = |thing: Thing<'_>| show(organisation, schema, thing, options.get("$select"), &expansions);
    let (context_path, _) = path_and_query(&request.target);
    let context = format!("{}$metadata#{}", request.base, context_path.split('(').next().unwrap_or_default());
    match walk(organisation, schema, path)? {
        PathTarget::Property(value) => {
            Ok(Answer::json(json!({ "@odata.context": context, "value": value }).to_string()))
        }
        PathTarget::One(thing) => {
            let mut body = Map::new();
            body.insert("@odata.context".to_owned(), format!("{context}/$entity").into());
            body.extend(show(thing)?);
            Ok(Answer::json(Value::Object(body).to_string()))
        }
        PathTarget::Many(things) => {
            let filter = options
                .get("$filter")
                .map(|text| parse_filter(&plain_enums(text), &|name| options.get(name).map(str::to_owned)))
                .transpose()?;
            let mut values = Vec::new();
            for thing in things {
                let fits = match &filter {
                    Some(filter) => holds(filter, &thing.to_json(organisation))?,
                    None => true,
                };
                if fits {
                    values.push(Value::Object(show(thing)?));
                }
            }
            // Not paged, but `$top` is heeded [D:webapi/query/page-results.md].
            if let Some(top) = options.get("$top").and_then(|top| top.parse().ok()) {
                values.truncate(top);
            }
            let mut body = json!({ "@odata.context": context, "value": values });
            if options.get("$count") == Some("true") {
                body["@odata.count"] = body["value"].as_array().map_or(0, Vec::len).into();
            }
            Ok(Answer::json(body.to_string()))
        }
    }
}

fn walk<'a>(organisation: &Organisation, schema: &'a Schema, path: &[Segment]) -> Result<PathTarget<'a>> {
    let first = &path[0];
    let all: Vec<Thing<'a>> = match first.name.as_str() {
        "EntityDefinitions" => schema.tables().map(|table| Thing::Table(table)).collect(),
        "GlobalOptionSetDefinitions" => schema.choices().map(|choice| Thing::Choice(choice)).collect(),
        "RelationshipDefinitions" => relationship::all(schema).collect(),
        other => return Err(Fault::no_segment(other)),
    };
    let mut found = pick(all, first)?;
    for segment in &path[1..] {
        found = step(organisation, schema, found, segment)?;
    }
    Ok(found)
}

/// All, or the one that the segment's key names.
fn pick<'a>(all: Vec<Thing<'a>>, segment: &Segment) -> Result<PathTarget<'a>> {
    let Some(key) = segment.key()? else { return Ok(PathTarget::Many(all)) };
    let found = all.into_iter().find(|thing| is(*thing, &key));
    found.map(PathTarget::One).ok_or_else(|| missing(segment))
}

fn missing(segment: &Segment) -> Fault {
    let what = segment.arguments.clone().unwrap_or_default();
    let message = format!("Could not find an entity with specified {what} in {}.", segment.name);
    Fault::new(http::StatusCode::NOT_FOUND, "0x80060888", message)
}

pub(super) fn is(thing: Thing<'_>, key: &RowAddress) -> bool {
    match key {
        RowAddress::Id(id) => thing_id(thing) == *id,
        RowAddress::Columns(columns) => columns.iter().all(|(name, value)| {
            let wanted = match value {
                AddressLiteral::Text(text) => text.as_str(),
                AddressLiteral::Id(id) => return name == "MetadataId" && thing_id(thing) == *id,
                _ => return false,
            };
            match (thing, name.as_str()) {
                (Thing::Table(table), "LogicalName") => table.logical == wanted,
                (Thing::Table(table), "SchemaName") => table.schema_name == wanted,
                (Thing::Column(_, column), "LogicalName") => column.logical == wanted,
                (Thing::Column(_, column), "SchemaName") => column.schema_name == wanted,
                (Thing::Key(_, key), "LogicalName") => key.logical == wanted,
                (Thing::Key(_, key), "SchemaName") => key.schema_name == wanted,
                (Thing::Choice(choice), "Name") => choice.name == wanted,
                (Thing::Relationship(..) | Thing::UserRoles, "SchemaName") => {
                    relationship::name(thing).as_deref() == Some(wanted)
                }
                _ => false,
            }
        }),
    }
}

fn thing_id(thing: Thing<'_>) -> Uuid {
    match thing {
        Thing::Table(table) => table.id,
        Thing::Column(_, column) => column.id,
        Thing::Key(_, key) => key.id,
        Thing::Choice(choice) => choice.id,
        Thing::OwnChoice(_, id, _) => id,
        Thing::YesNo(column) => Uuid::new_v5(&column.id, b"OptionSet"),
        Thing::Relationship(_, column) => relationship::id(column),
        Thing::UserRoles => relationship::user_roles_id(),
    }
}

/// One segment further: a related collection, a cast, or a property.
fn step<'a>(
    organisation: &Organisation,
    schema: &'a Schema,
    found: PathTarget<'a>,
    segment: &Segment,
) -> Result<PathTarget<'a>> {
    if let Some(cast) = segment.name.strip_prefix("Microsoft.Dynamics.CRM.") {
        // Everything is published as soon as it is made.
        if matches!(cast, "RetrieveUnpublished" | "RetrieveUnpublishedMultiple") {
            return Ok(found);
        }
        return match found {
            PathTarget::Many(things) => {
                Ok(PathTarget::Many(things.into_iter().filter(|thing| thing.is_a(cast)).collect()))
            }
            PathTarget::One(thing) if thing.is_a(cast) => Ok(PathTarget::One(thing)),
            _ => Err(missing(segment)),
        };
    }
    let PathTarget::One(thing) = found else { return Err(Fault::no_segment(&segment.name)) };
    match thing.related(schema, &segment.name) {
        Some(Related::Many(things)) => pick(things, segment),
        Some(Related::One(Some(thing))) => Ok(PathTarget::One(thing)),
        Some(Related::One(None)) => Err(missing(segment)),
        None => match thing.to_json(organisation).get(&segment.name) {
            Some(value) if segment.arguments.is_none() => Ok(PathTarget::Property(value.clone())),
            _ => Err(Fault::no_segment(&segment.name)),
        },
    }
}

/// A definition with the properties selected and the related ones expanded.
fn show(
    organisation: &Organisation,
    schema: &Schema,
    thing: Thing<'_>,
    select: Option<&str>,
    expansions: &[Expansion],
) -> Result<Map<String, Value>> {
    let Value::Object(mut all) = thing.to_json(organisation) else { return Ok(Map::new()) };
    let names: Vec<&str> =
        select.unwrap_or_default().split(',').map(str::trim).filter(|n| !n.is_empty()).collect();
    if !names.is_empty() {
        if let Some(bad) = names.iter().find(|name| !all.contains_key(**name)) {
            // Properties of derived types are selected in lists of the base type as well, and are not there.
            if matches!(thing, Thing::Table(_)) {
                return Err(Fault::no_property(bad, "EntityMetadata"));
            }
        }
        all.retain(|name, _| name.starts_with('@') || name == "MetadataId" || names.contains(&name.as_str()));
    }
    for expansion in expansions {
        let select = expansion.select.as_deref();
        let shown = |thing| show(organisation, schema, thing, select, &expansion.inner).map(Value::Object);
        let value = match thing.related(schema, &expansion.navigation) {
            Some(Related::Many(things)) => {
                let mut values = Vec::new();
                for thing in things {
                    let filter = expansion.filter.as_ref();
                    if filter.map_or(Ok(true), |filter| holds(filter, &thing.to_json(organisation)))? {
                        values.push(shown(thing)?);
                    }
                }
                values.into()
            }
            Some(Related::One(_)) if expansion.filter.is_some() => {
                return Err(Fault::unsupported("$filter inside $expand of a single definition"));
            }
            Some(Related::One(Some(thing))) => shown(thing)?,
            Some(Related::One(None)) => Value::Null,
            None => return Err(Fault::no_property(&expansion.navigation, &thing.type_name())),
        };
        all.insert(expansion.navigation.clone(), value);
    }
    Ok(all)
}
