//! FetchXML as it was sent: elements and attributes, read and checked, names not yet looked up
//! \[D:fetchxml/reference/fetch.md\].

mod element;

use roxmltree::{Document, ParsingOptions};

use crate::fault::{Fault, Result};
use crate::query::order;

use element::Element;

/// Deeper nesting than any query has; what follows the document follows its nesting.
const DEEPEST: usize = 32;
/// More elements and texts than a query within the limits below can hold.
const MOST_NODES: u32 = 50_000;
/// Conditions and links together \[D:fetchxml/filter-rows.md\].
pub(super) const MOST_CONDITIONS: usize = 500;
/// As many columns as a table can have \[D:fetchxml/optimize-performance.md\], and fewer than SQLite selects.
const MOST_ATTRIBUTES: usize = 1000;
/// \[D:fetchxml/join-tables.md\]
const MOST_LINKS: usize = 15;

#[derive(Debug, PartialEq)]
pub(super) struct Fetch {
    pub(super) top: Option<u32>,
    pub(super) count: Option<u32>,
    pub(super) page: u64,
    pub(super) cookie: Option<String>,
    pub(super) distinct: bool,
    pub(super) aggregate: bool,
    pub(super) aggregate_limit: Option<u32>,
    pub(super) total: bool,
    /// Choices are ordered by their numbers, not by their labels.
    pub(super) raw_order: bool,
    pub(super) entity: Entity,
}

/// An `entity`, or what a `link-entity` has of one.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Entity {
    pub(super) name: String,
    /// None at all means all of them.
    pub(super) attributes: Vec<Attribute>,
    pub(super) all: bool,
    pub(super) orders: Vec<FetchOrder>,
    pub(super) filters: Vec<FetchFilter>,
    pub(super) links: Vec<Link>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Link {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) kind: LinkKind,
    pub(super) alias: Option<String>,
    pub(super) entity: Entity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinkKind {
    Inner,
    Outer,
    /// `exists`, `in`, and `any` and `not all` in a filter: there is one that matches.
    Exists,
    /// `not any`: none matches.
    NotAny,
    /// There are some, but none of them matches: the documentation says that the name implies the opposite.
    All,
}

#[derive(Debug, PartialEq)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) alias: Option<String>,
    pub(super) aggregate: Option<String>,
    pub(super) group_by: bool,
    pub(super) distinct: bool,
    pub(super) date_grouping: Option<String>,
}

#[derive(Debug, PartialEq)]
pub(super) struct FetchOrder {
    pub(super) attribute: Option<String>,
    pub(super) alias: Option<String>,
    pub(super) entity_name: Option<String>,
    pub(super) descending: bool,
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct FetchFilter {
    pub(super) any: bool,
    pub(super) parts: Vec<FetchPart>,
}

#[derive(Debug, PartialEq)]
pub(super) enum FetchPart {
    Condition(FetchCondition),
    Filter(FetchFilter),
    Link(Link),
}

#[derive(Debug, PartialEq)]
pub(super) struct FetchCondition {
    pub(super) attribute: String,
    pub(super) entity_name: Option<String>,
    pub(super) operator: String,
    pub(super) values: Vec<String>,
    pub(super) value_of: Option<String>,
}

/// Reads a query. There are no document types in it, so nothing in it can grow when it is read.
pub(super) fn parse(text: &str) -> Result<Fetch> {
    let options = ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options)
        .map_err(|error| Fault::bad("0x80040201", format!("Invalid XML: {error}")))?;
    let mut seen = ElementCounts::default();
    let fetch = fetch(&Element::root(&document)?, &mut seen)?;
    if seen.links > MOST_LINKS {
        let message = "Number of link entities in query exceeded maximum limit.";
        return Err(Fault::bad("0x8004430D", message));
    }
    if seen.attributes > MOST_ATTRIBUTES || seen.orders > order::MOST {
        let message = format!(
            "More than {MOST_ATTRIBUTES} attributes, or more than {} orders, in one query.",
            order::MOST
        );
        return Err(Fault::argument(message));
    }
    if seen.conditions + seen.links > MOST_CONDITIONS {
        return Err(Fault::too_many_conditions());
    }
    Ok(fetch)
}

/// How much there is of what is limited.
#[derive(Default)]
struct ElementCounts {
    links: usize,
    conditions: usize,
    attributes: usize,
    orders: usize,
}

/// Attributes that only say how to look for the rows, or that every client sends.
const WITHOUT_EFFECT: &[&str] =
    &["version", "mapping", "output-format", "no-lock", "latematerialize", "options", "savedqueryid"];

fn fetch(element: &Element<'_, '_>, seen: &mut ElementCounts) -> Result<Fetch> {
    element.named("fetch")?;
    element.known(
        &[
            "top",
            "count",
            "page",
            "paging-cookie",
            "distinct",
            "aggregate",
            "aggregatelimit",
            "returntotalrecordcount",
            "useraworderby",
        ],
        WITHOUT_EFFECT,
    )?;
    let mut children = element.children();
    let (Some(first), None) = (children.next(), children.next()) else {
        return Err(element.refused("0x80041123", "A <fetch> holds one <entity>"));
    };
    first.named("entity")?;
    first.known(&["name"], &["enableprefiltering", "prefilterparametername"])?;
    let found = Fetch {
        top: element.number("top")?,
        count: element.number("count")?,
        page: element.number("page")?.map_or(1, u64::from).max(1),
        cookie: element.text("paging-cookie").filter(|text| !text.is_empty()).map(str::to_owned),
        distinct: element.flag("distinct")?,
        aggregate: element.flag("aggregate")?,
        aggregate_limit: element.number("aggregatelimit")?,
        total: element.flag("returntotalrecordcount")?,
        raw_order: element.flag("useraworderby")?,
        entity: entity(&first, seen, 0)?,
    };
    if found.top.is_some() && (element.text("page").is_some() || element.text("count").is_some()) {
        let message = "The top attribute can't be specified with paging attribute page";
        return Err(element.refused("0x80040203", message));
    }
    Ok(found)
}

fn entity(element: &Element<'_, '_>, seen: &mut ElementCounts, depth: usize) -> Result<Entity> {
    if depth > DEEPEST {
        return Err(element.refused("0x80040203", "The query is nested too deep"));
    }
    let mut found = Entity { name: element.required("name")?, ..Entity::default() };
    for child in element.children() {
        match child.name() {
            "attribute" => {
                seen.attributes += 1;
                found.attributes.push(attribute(&child)?);
            }
            "all-attributes" => found.all = true,
            "no-attrs" => return Err(Fault::unsupported("<no-attrs> in FetchXML")),
            "order" => {
                seen.orders += 1;
                found.orders.push(order(&child)?);
            }
            "filter" => found.filters.push(filter(&child, seen, depth + 1)?),
            "link-entity" => found.links.push(link(&child, seen, depth + 1, false)?),
            _ => return Err(child.out_of_place("filter, order, link-entity, attribute, all-attributes")),
        }
    }
    Ok(found)
}

fn attribute(element: &Element<'_, '_>) -> Result<Attribute> {
    let known = ["name", "alias", "aggregate", "groupby", "distinct", "dategrouping", "usertimezone"];
    element.known(&known, &["addedby"])?;
    if element.flag("usertimezone")? {
        tracing::debug!("usertimezone: the one user's time zone is UTC");
    }
    Ok(Attribute {
        name: element.required("name")?,
        alias: element.alias()?,
        aggregate: element.text("aggregate").map(str::to_owned),
        group_by: element.flag("groupby")?,
        distinct: element.flag("distinct")?,
        date_grouping: element.text("dategrouping").map(str::to_owned),
    })
}

fn order(element: &Element<'_, '_>) -> Result<FetchOrder> {
    element.known(&["attribute", "alias", "entityname", "descending"], &[])?;
    Ok(FetchOrder {
        attribute: element.text("attribute").map(str::to_owned),
        alias: element.text("alias").map(str::to_owned),
        entity_name: element.text("entityname").map(str::to_owned),
        descending: element.flag("descending")?,
    })
}

fn link(element: &Element<'_, '_>, seen: &mut ElementCounts, depth: usize, in_filter: bool) -> Result<Link> {
    element.known(&["name", "from", "to", "alias", "link-type"], &["intersect", "visible"])?;
    seen.links += 1;
    let kind = match (element.text("link-type").unwrap_or("inner"), in_filter) {
        ("inner", false) => LinkKind::Inner,
        ("outer", false) => LinkKind::Outer,
        ("exists" | "in", false) | ("any" | "not all", true) => LinkKind::Exists,
        ("not any", true) => LinkKind::NotAny,
        ("all", true) => LinkKind::All,
        ("matchfirstrowusingcrossapply", false) => {
            return Err(Fault::unsupported("the link-type 'matchfirstrowusingcrossapply'"));
        }
        (other, _) => {
            let message = format!("The link-type '{other}' does not belong here");
            return Err(element.refused("0x80041117", &message));
        }
    };
    if element.text("from").is_none() || element.text("to").is_none() {
        return Err(Fault::unsupported("a <link-entity> without 'from' and 'to'"));
    }
    Ok(Link {
        from: element.required("from")?,
        to: element.required("to")?,
        kind,
        alias: element.alias()?,
        entity: entity(element, seen, depth)?,
    })
}

fn filter(element: &Element<'_, '_>, seen: &mut ElementCounts, depth: usize) -> Result<FetchFilter> {
    if depth > DEEPEST {
        return Err(element.refused("0x80040203", "The query is nested too deep"));
    }
    element.known(&["type"], &["hint", "isquickfindfields", "overridequickfindrecordlimitenabled"])?;
    if element.flag("isquickfindfields")? {
        return Err(Fault::unsupported("quick find filters in FetchXML"));
    }
    let any = match element.text("type").unwrap_or("and") {
        "and" => false,
        "or" => true,
        other => {
            let message = format!("'{other}' is no filter type; 'and' and 'or' are");
            return Err(element.refused("0x80041122", &message));
        }
    };
    let mut found = FetchFilter { any, parts: Vec::new() };
    for child in element.children() {
        found.parts.push(match child.name() {
            "condition" => {
                seen.conditions += 1;
                FetchPart::Condition(condition(&child)?)
            }
            "filter" => FetchPart::Filter(filter(&child, seen, depth + 1)?),
            "link-entity" => FetchPart::Link(link(&child, seen, depth + 1, true)?),
            _ => return Err(child.out_of_place("condition, filter, link-entity")),
        });
    }
    Ok(found)
}

fn condition(element: &Element<'_, '_>) -> Result<FetchCondition> {
    let known = ["attribute", "entityname", "operator", "value", "valueof"];
    element.known(&known, &["uiname", "uitype", "uihidden", "column"])?;
    let mut values: Vec<String> = element.text("value").map(str::to_owned).into_iter().collect();
    for child in element.children() {
        child.named("value")?;
        child.known(&[], &["uiname", "uitype"])?;
        values.push(child.content());
    }
    Ok(FetchCondition {
        attribute: element.required("attribute")?,
        entity_name: element.text("entityname").map(str::to_owned),
        operator: element.required("operator")?,
        values,
        value_of: element.text("valueof").map(str::to_owned),
    })
}

#[cfg(test)]
mod tests;
