//! Functions that tell of the organisation itself: its languages, its addresses, how many rows it holds
//! \[D:webapi/reference/functions\].

use serde_json::{Value, json};

use crate::address::{QueryOptions, Segment, path_and_query};
use crate::answer::{Answer, Request};
use crate::fault::{Fault, Result};
use crate::query::Resolver;
use crate::security::Access;
use crate::store::{StoreReader, sql};

/// English is the one language there is.
const LANGUAGE: u32 = 1033;
const VERSION: &str = "9.2.25113.00000";

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum OrganisationFunction {
    /// Functions that list languages: the name, the property of the answer, and whether the list has any.
    Languages(&'static str, &'static str, bool),
    Organisation,
    Version,
    /// By logical names.
    TotalRecordCount(Vec<String>),
}

const LANGUAGES: &[(&str, &str, bool)] = &[
    ("RetrieveAvailableLanguages", "LocaleIds", true),
    ("RetrieveDeprovisionedLanguages", "RetrieveDeprovisionedLanguages", false),
    ("RetrieveInstalledLanguagePacks", "RetrieveInstalledLanguagePacks", true),
    ("RetrieveProvisionedLanguages", "RetrieveProvisionedLanguages", true),
];

impl OrganisationFunction {
    /// `None` for anything else.
    pub(super) fn parse(request: &Request, segment: &Segment) -> Result<Option<Self>> {
        let language = LANGUAGES.iter().find(|(name, ..)| *name == segment.name);
        let found = match (segment.name.as_str(), language) {
            (_, Some((name, property, any))) => Self::Languages(name, property, *any),
            ("RetrieveVersion", _) => Self::Version,
            ("RetrieveCurrentOrganization", _) => {
                parameter(request, segment, "AccessType")?;
                Self::Organisation
            }
            ("RetrieveTotalRecordCount", _) => {
                Self::TotalRecordCount(names(&parameter(request, segment, "EntityNames")?))
            }
            _ => return Ok(None),
        };
        Ok(Some(found))
    }
}

/// A function's one parameter, given in its place or by an alias.
fn parameter(request: &Request, segment: &Segment, name: &str) -> Result<String> {
    let given = segment.arguments.as_deref().unwrap_or_default().trim();
    let value = given.strip_prefix(name).and_then(|rest| rest.trim_start().strip_prefix('='));
    let options = QueryOptions::parse(path_and_query(&request.target).1);
    let value = value.map(str::trim).and_then(|value| match value.starts_with('@') {
        true => options.get(value),
        false => Some(value),
    });
    value.map(str::to_owned).ok_or_else(|| {
        Fault::syntax(format!("{} takes the parameter {name}, by itself or as an alias.", segment.name))
    })
}

/// `['account','contact']`, with either kind of quotes.
fn names(list: &str) -> Vec<String> {
    let bare = list.trim().trim_start_matches('[').trim_end_matches(']');
    let names = bare.split(',').map(|name| name.trim().trim_matches(['\'', '"']));
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

pub(super) async fn respond(
    resolver: Resolver<'_>,
    reader: &mut StoreReader<'_>,
    request: &Request,
    function: &OrganisationFunction,
) -> Result<Answer> {
    let (name, property, value) = match function {
        OrganisationFunction::Languages(name, property, any) => {
            let all: &[u32] = if *any { &[LANGUAGE] } else { &[] };
            (*name, *property, json!(all))
        }
        OrganisationFunction::Version => ("RetrieveVersion", "Version", VERSION.into()),
        OrganisationFunction::Organisation => {
            ("RetrieveCurrentOrganization", "Detail", detail(resolver, request))
        }
        OrganisationFunction::TotalRecordCount(names) => (
            "RetrieveTotalRecordCount",
            "EntityRecordCountCollection",
            counts(resolver, reader, names).await?,
        ),
    };
    let context = format!("{}$metadata#Microsoft.Dynamics.CRM.{name}Response", request.base);
    Ok(Answer::json(json!({ "@odata.context": context, property: value }).to_string()))
}

/// What is at hand, not what was a day ago, as in the cloud.
async fn counts(resolver: Resolver<'_>, reader: &mut StoreReader<'_>, names: &[String]) -> Result<Value> {
    let mut counts = Vec::new();
    for name in names {
        let unknown = || Fault::argument(format!("Entity {name} was not found in the CRM system"));
        let table = resolver.schema.table(name).ok_or_else(unknown)?;
        resolver.caller.demand(table, Access::Read)?;
        let text = format!("SELECT count(*) FROM {}", table.rows());
        let row = sql(text, Vec::new()).fetch_one(reader.connection()).await?;
        counts.push(sqlx::Row::try_get::<i64, _>(&row, 0)?);
    }
    Ok(json!({ "Count": names.len(), "IsReadOnly": false, "Keys": names, "Values": counts }))
}

/// `OrganizationDetail`.
fn detail(resolver: Resolver<'_>, request: &Request) -> Value {
    let organisation = resolver.organisation;
    let identity = &organisation.identity;
    let origin = request.base.split("/api/").next().unwrap_or_default();
    let unique = format!("unq{}", identity.organization.simple());
    let endpoints = [
        ("WebApplication", "/"),
        ("OrganizationService", "/XRMServices/2011/Organization.svc"),
        ("OrganizationDataService", "/XRMServices/2011/OrganizationData.svc"),
    ];
    let (keys, values): (Vec<_>, Vec<_>) =
        endpoints.iter().map(|(name, path)| (*name, format!("{origin}{path}"))).unzip();
    json!({
        "OrganizationId": identity.organization,
        "FriendlyName": organisation.options.name,
        "OrganizationVersion": VERSION,
        "EnvironmentId": identity.organization,
        "DatacenterId": null,
        "Geo": null,
        "TenantId": identity.tenant,
        "UrlName": unique,
        "UniqueName": unique,
        "State": "Enabled",
        "SchemaType": "Standard",
        "OrganizationType": "Developer",
        "Endpoints": { "Count": keys.len(), "IsReadOnly": false, "Keys": keys, "Values": values },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_names_are_read() {
        let check = |list: &str, expect: &[&str]| assert_eq!(names(list), expect, "{list}");
        check("['account','contact']", &["account", "contact"]);
        check(" [ \"account\" ] ", &["account"]);
        check("[]", &[]);
    }
}
