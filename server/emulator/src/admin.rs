//! The admin routes under `/_emulator/v1/`: faults, time, snapshots, a trace. Not part of Dataverse; off unless asked
//! for, and for callers on this machine alone.

mod applications;
mod gate;
mod snapshot;

use std::sync::atomic::Ordering::Relaxed;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::address::QueryOptions;
use crate::answer::Answer;
use crate::fault::{Fault, Result};
use crate::organisation::Organisation;

pub(crate) use gate::{is_own_page, may_enter, names_this_machine};

const PAGE: &str = include_str!("admin/page.html");
const OPENAPI: &str = include_str!("admin/openapi.json");

/// Every route there is. What is not here is not answered, and a test holds the OpenAPI description to it.
const ROUTES: &[(Method, &str)] = &[
    (Method::GET, ""),
    (Method::GET, "openapi.json"),
    (Method::GET, "status"),
    (Method::GET, "faults"),
    (Method::POST, "faults"),
    (Method::DELETE, "faults"),
    (Method::GET, "limits"),
    (Method::PUT, "limits"),
    (Method::POST, "revoke"),
    (Method::POST, "clock"),
    (Method::POST, "reset"),
    (Method::GET, "snapshots"),
    (Method::POST, "snapshot"),
    (Method::POST, "restore"),
    (Method::GET, "trace"),
    (Method::DELETE, "trace"),
    (Method::GET, "applications"),
    (Method::POST, "applications"),
    (Method::DELETE, "applications/{clientId}"),
    (Method::POST, "applications/{clientId}/credentials"),
    (Method::DELETE, "applications/{clientId}/credentials/{id}"),
];

/// A request whose path follows `/_emulator/v1/`.
struct AdminRequest<'a> {
    organisation: &'a Organisation,
    query: &'a str,
    body: &'a [u8],
}

/// Answers a request whose path follows `/_emulator/v1/`.
pub(crate) async fn respond(
    organisation: &Organisation,
    method: &Method,
    path: &str,
    query: &str,
    body: &[u8],
) -> Answer {
    let ask = AdminRequest { organisation, query, body };
    let answer = ask.run(method, path.trim_end_matches('/')).await.unwrap_or_else(Answer::from);
    // Its buttons are not to be pressed through a frame, nor its answers taken for something else.
    answer.with("x-frame-options", "DENY").with("x-content-type-options", "nosniff")
}

/// Whether a path is of this shape; `{…}` stands for anything.
fn is(shape: &str, path: &[&str]) -> bool {
    let shape: Vec<&str> = shape.split('/').collect();
    shape.len() == path.len() && shape.iter().zip(path).all(|(a, b)| a == b || a.starts_with('{'))
}

impl AdminRequest<'_> {
    async fn run(&self, method: &Method, path: &str) -> Result<Answer> {
        let parts: Vec<&str> = path.split('/').collect();
        if !ROUTES.iter().any(|(known, shape)| known == method && is(shape, &parts)) {
            return Err(unknown(method, path));
        }
        let organisation = self.organisation;
        let now = organisation.surroundings.now_ms();
        match (method, parts[0]) {
            (&Method::GET, "") => return Ok(page()),
            (&Method::GET, "openapi.json") => return Ok(Answer::of_kind("application/json", OPENAPI)),
            (&Method::GET, "status") => return Ok(plain(&status(organisation))),
            (&Method::GET, "faults") => {
                return Ok(plain(&json!({ "faults": organisation.disturbances.all(now) })));
            }
            (&Method::GET, "limits") => return Ok(plain(&json!(organisation.limiter.limits()))),
            (&Method::GET, "snapshots") => {
                return Ok(plain(&json!({ "snapshots": snapshot::names(organisation)? })));
            }
            (&Method::GET, "trace") => {
                let most =
                    QueryOptions::parse(self.query).get("limit").and_then(|n| n.parse().ok()).unwrap_or(50);
                return Ok(plain(&json!({ "exchanges": organisation.trace.newest(most) })));
            }
            (_, "applications") => {
                return applications::respond(organisation, method, &parts[1..], self.body).await;
            }
            (&Method::POST, "clock") => {
                let by: Advance = self.parse()?;
                organisation.surroundings.move_clock(by.seconds.saturating_mul(1000));
                return Ok(plain(&json!({ "now": time(organisation) })));
            }
            (&Method::POST, "faults") => organisation.disturbances.add(self.parse()?, now),
            (&Method::DELETE, "faults") => organisation.disturbances.clear(),
            (&Method::PUT, "limits") => organisation.limiter.limit(self.parse()?),
            (&Method::DELETE, "trace") => organisation.trace.clear(),
            (&Method::POST, "revoke") => {
                organisation.identity.generation.fetch_add(1, Relaxed);
            }
            (&Method::POST, "reset") => snapshot::reset(organisation).await?,
            (&Method::POST, "snapshot") => {
                snapshot::take(organisation, &self.parse::<SnapshotName>()?.name).await?;
            }
            (&Method::POST, "restore") => {
                snapshot::restore(organisation, &self.parse::<SnapshotName>()?.name).await?;
            }
            _ => return Err(unknown(method, path)),
        }
        Ok(Answer::no_content())
    }

    fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        parse(self.body)
    }
}

fn page() -> Answer {
    Answer::of_kind("text/html; charset=utf-8", PAGE).with(
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
}

fn unknown(method: &Method, path: &str) -> Fault {
    let message =
        format!("The emulator has no admin route {method} '{path}'; /_emulator/v1/openapi.json lists them.");
    Fault::new(StatusCode::NOT_FOUND, "", message)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SnapshotName {
    name: String,
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T> {
    serde_json::from_slice(body).map_err(|error| Fault::bad("", format!("The body cannot be read: {error}")))
}

fn plain(body: &Value) -> Answer {
    Answer::of_kind("application/json", body.to_string())
}

fn time(organisation: &Organisation) -> String {
    jiff::Timestamp::from_millisecond(organisation.surroundings.now_ms()).unwrap_or_default().to_string()
}

fn status(organisation: &Organisation) -> Value {
    let limiter = &organisation.limiter;
    let (requests, rows) = limiter.totals();
    let users = limiter.users().into_iter().map(|client| {
        let left = limiter.left(client);
        let name = organisation.identity.application(client).map(|found| found.name);
        json!({
            "clientId": client, "name": name, "requestsLeft": left.requests, "executionSecondsLeft": left.seconds(),
        })
    });
    json!({
        "name": organisation.options.name,
        "now": time(organisation),
        "tables": organisation.schema().tables().filter(|table| table.custom).count(),
        "tokensIssued": organisation.identity.issued.load(Relaxed),
        "requests": requests,
        // Each row read or written counts against the daily entitlement, in a batch or bulk request as well.
        "rowsMetered": rows,
        "users": users.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn openapi_describes_the_routes_and_no_others() {
        let openapi: Value = serde_json::from_str(OPENAPI).unwrap();
        let described = openapi["paths"].as_object().unwrap().iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys().filter(|key| *key != "parameters");
            methods.map(move |method| (method.to_uppercase(), path.trim_start_matches('/').to_owned()))
        });
        let routes = ROUTES.iter().map(|(method, path)| (method.to_string(), (*path).to_owned()));
        assert_eq!(described.collect::<BTreeSet<_>>(), routes.collect());
    }
}
