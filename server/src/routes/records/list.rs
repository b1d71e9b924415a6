//! `GET`: newest first, page by page.

use axum::{Extension, Json, extract::State};
use http::Uri;
use ledger::{ListAsk, PageCursor};
use serde_json::{Value, json};

use super::Resource;
use crate::{
    access::{Principal, WorkPermit},
    app_state::SharedState,
    problem::Problem,
    routes::{
        parameters::{self, Parameters},
        record_json,
    },
};

const USUAL: usize = 10;
const MOST: usize = 1_000;

pub async fn list(
    State(state): State<SharedState>,
    Extension(resource): Extension<Resource>,
    permit: WorkPermit,
    principal: Principal,
    uri: Uri,
) -> Result<Json<Value>, Problem> {
    let ask = understand(resource, &uri)?;
    let ledger = state.ledger.clone();
    let page = permit.done(async move { ledger.list(principal.tenant, resource.kind, &ask).await }).await?;
    let items: Value = page.items.iter().map(record_json::stored).collect();
    Ok(Json(json!({ resource.api.plural: items, "next": page.next.map(|next| next.to_string()) })))
}

fn understand(resource: Resource, uri: &Uri) -> Result<ListAsk, Problem> {
    let mut known = vec!["limit", "cursor", "from", "to"];
    known.extend(resource.api.filters.iter().map(|(parameter, _)| *parameter));
    let mut parameters = Parameters::of(uri, &known);
    let limit = parameters.read("limit", parameters::whole_up_to(MOST));
    let cursor = parameters.read("cursor", |text| text.parse::<PageCursor>().map_err(|bad| bad.to_string()));
    let from = parameters.read("from", parameters::moment);
    let to = parameters.read("to", parameters::moment);
    let mut filters = Vec::new();
    for (parameter, field) in resource.api.filters {
        let value = parameters.read(parameter, parameters::filter(resource.kind.fields[*field].ty));
        filters.extend(value.map(|value| (*field, value)));
    }
    parameters.finish()?;
    Ok(ListAsk { limit: limit.unwrap_or(USUAL), cursor, filters, from, to, ..ListAsk::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::records::resources;

    fn runs() -> Resource {
        resources().next().unwrap()
    }

    #[track_caller]
    fn refused(query: &str, fields: &[&str]) {
        let uri: Uri = format!("/?{query}").parse().unwrap();
        let found: Vec<String> =
            understand(runs(), &uri).unwrap_err().errors.into_iter().map(|fault| fault.field).collect();
        assert_eq!(found, fields, "{query}");
    }

    #[test]
    fn every_wrong_parameter_is_named() {
        for limit in ["0", "1001", "-1", "+5", "1e2", "", "ten", "99999999999999999999"] {
            refused(&format!("limit={limit}"), &["limit"]);
        }
        refused("cursor=abc", &["cursor"]);
        refused("from=2026-11-01&to=yesterday", &["from", "to"]);
        refused("campaign=&phase=", &["campaign", "phase"]);
        refused("page=2", &["page"]);
        refused("limit=5&limit=6", &["limit"]);
    }

    #[test]
    fn filters_take_their_fields_values() {
        let tasks = resources().find(|resource| resource.api.plural == "tasks").unwrap();
        let read = |query: &str| understand(tasks, &format!("/?{query}").parse().unwrap());
        let long = "m".repeat(100);
        assert_eq!(read(&format!("model={long}")).unwrap().filters, [(3, long)]);
        assert!(read(&format!("campaign={}", "c".repeat(65))).is_err());
        assert_eq!(read("status=timeout").unwrap().filters, [(9, "timeout".to_owned())]);
        let refused = read("status=late").unwrap_err().errors.remove(0).message;
        assert_eq!(refused, "must be one of success, error, timeout; leave it out for all");
    }

    #[test]
    fn filters_reach_their_fields() {
        let uri: Uri = "/?campaign=a%20b&phase=2-3&limit=1000&from=2026-11-01T00:00:00Z".parse().unwrap();
        let ask = understand(runs(), &uri).unwrap();
        assert_eq!(ask.filters, [(0, "a b".to_owned()), (2, "2-3".to_owned())]);
        assert_eq!((ask.limit, ask.from.is_some(), ask.to), (1_000, true, None));
    }
}
