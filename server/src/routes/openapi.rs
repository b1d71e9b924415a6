//! `GET /api/openapi.json`: the interface for programs, described for programs. A test sends every request that is
//! described here and holds the answers to it.

mod figures;
mod paths;
mod schemas;

use std::sync::LazyLock;

use axum::Json;
use serde_json::{Value, json};

static DESCRIPTION: LazyLock<Value> = LazyLock::new(describe);

pub async fn openapi() -> Json<&'static Value> {
    Json(&DESCRIPTION)
}

fn describe() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Studio Metrics",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Runs of sales campaigns taken in, and the figures that they come to",
            "description": "Money and other decimals are texts of fixed scale, times are RFC 3339 in UTC, and what is \
                            not known is null. Every refusal is a problem document (RFC 9457) whose type stays. Members \
                            are added over time, and none is taken away.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths::paths(),
        // From the first key on, what writes needs one; people read without.
        "security": [{}, {"bearer": []}, {"apiKey": []}],
        "components": {
            "schemas": schemas::schemas(),
            "parameters": paths::parameters(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A key of `studio key add`"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "The same key"},
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::routes::{letters, records::resources};

    /// Pages and their files are for people; the poll is the page's own business.
    const NOT_FOR_PROGRAMS: &[&str] = &[
        "/",
        "/campaigns",
        "/campaigns/{id}",
        "/runs/{id}",
        "/pipeline",
        "/pipeline/demo",
        "/pipeline/recount",
        "/pipeline/question",
        "/pipeline/refused",
        "/pipeline/refused/{kind}/{id}",
        "/notes",
        "/budget",
        "/settings/keys",
        "/settings/people",
        "/settings/links",
        "/s/{token}",
        "/s/{token}/live",
        "/embed.js",
        "/sign-in",
        "/sign-in/callback",
        "/sign-in/oidc",
        "/sign-out",
        "/theme",
        "/api/panel",
        "/pkg/{name}",
        "/favicon.ico",
        "/icon.svg",
        "/robots.txt",
    ];

    /// So that a change of the interface is seen in the diff, and is meant.
    #[test]
    fn the_committed_document_is_served() {
        let place = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
        let served = format!("{:#}\n", describe());
        if std::env::var_os("STUDIO_ACCEPT").is_some() {
            std::fs::write(place, &served).unwrap();
        }
        let committed = std::fs::read_to_string(place).unwrap_or_default();
        assert!(
            committed == served,
            "the interface is another one than docs/openapi.json says; if that is meant, run \
             `STUDIO_ACCEPT=1 cargo xtask test only the_committed_document` and commit what changed"
        );
    }

    #[test]
    fn every_address_for_programs_is_described() {
        let source = include_str!("../routes.rs");
        let mut routes: BTreeSet<String> = source
            .split(".route(\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .map(str::to_owned)
            .collect();
        routes.retain(|route| !NOT_FOR_PROGRAMS.contains(&route.as_str()));
        for resource in resources() {
            routes.extend([resource.api.path.to_owned(), format!("{}/{{id}}", resource.api.path)]);
        }
        routes.insert(letters::PATH.to_owned());
        let described = describe()["paths"].as_object().map(|paths| paths.keys().cloned().collect());
        assert_eq!(described, Some(routes));
    }
}
