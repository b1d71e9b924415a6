//! The admin routes under `/_emulator/v1/`: faults, time, snapshots, a trace. Not part of Dataverse; off unless asked
//! for, and for callers on this machine alone.

mod applications;
mod snapshot;

use std::sync::atomic::Ordering::Relaxed;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::address::Options;
use crate::answer::Answer;
use crate::disturbance::Disturbance;
use crate::fault::{Fault, Result};
use crate::organisation::Organisation;

const PAGE: &str = include_str!("admin/page.html");
const OPENAPI: &str = include_str!("admin/openapi.json");

/// Answers a request whose path follows `/_emulator/v1/`.
pub(crate) async fn respond(
    organisation: &Organisation,
    method: &Method,
    path: &str,
    query: &str,
    body: &[u8],
) -> Answer {
    run(organisation, method, path, query, body).await.unwrap_or_else(Answer::from)
}

async fn run(
    organisation: &Organisation,
    method: &Method,
    path: &str,
    query: &str,
    body: &[u8],
) -> Result<Answer> {
    let now = organisation.surroundings.now_ms();
    if let Some(rest) = path.strip_prefix("applications") {
        let rest: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
        return applications::respond(organisation, method, &rest, body).await;
    }
    match (method, path.trim_end_matches('/')) {
        (&Method::GET, "") => Ok(Answer::of_kind("text/html; charset=utf-8", PAGE).with(
            "content-security-policy",
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'",
        )),
        (&Method::GET, "openapi.json") => Ok(Answer::of_kind("application/json", OPENAPI)),
        (&Method::GET, "faults") => Ok(plain(&json!({ "faults": organisation.disturbances.all(now) }))),
        (&Method::POST, "faults") => {
            let disturbance: Disturbance = parse(body)?;
            organisation.disturbances.add(disturbance, now);
            Ok(Answer::no_content())
        }
        (&Method::DELETE, "faults") => {
            organisation.disturbances.clear();
            Ok(Answer::no_content())
        }
        (&Method::POST, "revoke") => {
            organisation.identity.generation.fetch_add(1, Relaxed);
            Ok(Answer::no_content())
        }
        (&Method::POST, "clock") => {
            let by: Advance = parse(body)?;
            organisation.surroundings.move_clock(by.seconds.saturating_mul(1000));
            Ok(plain(&json!({ "now": time(organisation) })))
        }
        (&Method::POST, "reset") => {
            snapshot::reset(organisation).await?;
            Ok(Answer::no_content())
        }
        (&Method::POST, "snapshot") => {
            let named: Named = parse(body)?;
            snapshot::take(organisation, &named.name).await?;
            Ok(Answer::no_content())
        }
        (&Method::POST, "restore") => {
            let named: Named = parse(body)?;
            snapshot::restore(organisation, &named.name).await?;
            Ok(Answer::no_content())
        }
        (&Method::GET, "trace") => {
            let most = Options::parse(query).get("limit").and_then(|n| n.parse().ok()).unwrap_or(50);
            Ok(plain(&json!({ "exchanges": organisation.trace.newest(most) })))
        }
        (&Method::GET, "status") => Ok(plain(&status(organisation))),
        _ => Err(unknown(path)),
    }
}

fn unknown(path: &str) -> Fault {
    Fault::new(StatusCode::NOT_FOUND, "", format!("The emulator has no admin route '{path}'."))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
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
    let (requests, rows) = organisation.limiter.totals();
    json!({
        "now": time(organisation),
        "tables": organisation.schema().tables().filter(|table| table.custom).count(),
        "tokensIssued": organisation.identity.issued.load(Relaxed),
        "requests": requests,
        "rowsMetered": rows,
    })
}
