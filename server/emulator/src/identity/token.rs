//! The token endpoint, with Entra's answers and errors [ENTRA; `DATAVERSE.md`, section 1].

use std::sync::atomic::Ordering::Relaxed;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use serde_json::json;
use subtle::ConstantTimeEq as _;

use crate::address::form;
use crate::answer::Answer;
use crate::organisation::Organisation;

/// Entra's error as a client sees it.
struct Refusal {
    status: StatusCode,
    error: &'static str,
    code: u32,
    message: String,
}

fn refusal(status: u16, error: &'static str, code: u32, message: impl Into<String>) -> Refusal {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    Refusal { status, error, code, message: message.into() }
}

/// Answers `/<tenant>/oauth2/v2.0/token`.
pub(crate) fn respond(
    organisation: &Organisation,
    tenant: &str,
    method: &Method,
    headers: &HeaderMap,
    body: &[u8],
) -> Answer {
    match grant(organisation, tenant, method, headers, body) {
        Ok(token) => {
            organisation.identity.issued.fetch_add(1, Relaxed);
            let lifetime = organisation.options.token_seconds;
            let body = json!({
                "token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token,
            });
            plain_json(&body).with("cache-control", "no-store, no-cache")
        }
        Err(refusal) => refused(organisation, &refusal),
    }
}

fn plain_json(body: &serde_json::Value) -> Answer {
    Answer::of_kind("application/json; charset=utf-8", body.to_string())
}

fn refused(organisation: &Organisation, refusal: &Refusal) -> Answer {
    let now = Timestamp::from_millisecond(organisation.surroundings.now_ms()).unwrap_or_default();
    let now = now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let (trace, correlation) = (organisation.surroundings.id(), organisation.surroundings.id());
    let description = format!(
        "AADSTS{}: {} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}",
        refusal.code, refusal.message
    );
    plain_json(&json!({
        "error": refusal.error,
        "error_description": description,
        "error_codes": [refusal.code],
        "timestamp": now,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": format!("https://login.microsoftonline.com/error?code={}", refusal.code),
    }))
    .status(refusal.status)
}

fn grant(
    organisation: &Organisation,
    tenant: &str,
    method: &Method,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<String, Refusal> {
    let identity = &organisation.identity;
    if method != Method::POST {
        return Err(refusal(400, "invalid_request", 900_561, "The endpoint only accepts POST requests."));
    }
    if !tenant.eq_ignore_ascii_case(&identity.tenant.to_string()) {
        return Err(refusal(
            400,
            "invalid_request",
            90_002,
            format!(
                "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the \
             correct cloud."
            ),
        ));
    }
    let fields = form(&String::from_utf8_lossy(body));
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let missing = |name: &str| {
        let message = format!("The request body must contain the following parameter: '{name}'.");
        refusal(400, "invalid_request", 900_144, message)
    };
    let grant = field("grant_type").ok_or_else(|| missing("grant_type"))?;
    if grant != "client_credentials" {
        let message = "The app requested an unsupported grant type.";
        return Err(refusal(400, "unsupported_grant_type", 70_003, message));
    }
    let (client, secret) = match basic(headers) {
        Some((client, secret)) => (client, Some(secret)),
        None => (field("client_id").ok_or_else(|| missing("client_id"))?, field("client_secret")),
    };
    if !client.eq_ignore_ascii_case(&identity.client.to_string()) {
        return Err(refusal(
            400,
            "unauthorized_client",
            700_016,
            format!(
                "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the \
             application has not been installed by the administrator of the tenant."
            ),
        ));
    }
    let secret = secret.ok_or_else(|| {
        let message =
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        refusal(401, "invalid_client", 7_000_218, message)
    })?;
    if !bool::from(secret.as_bytes().ct_eq(identity.secret.as_bytes())) {
        return Err(refusal(
            401,
            "invalid_client",
            7_000_215,
            format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, \
             not the client secret ID, for a secret added to app '{client}'."
            ),
        ));
    }
    let scope = field("scope").ok_or_else(|| missing("scope"))?;
    let resource = resource(&scope)?;
    let now = organisation.surroundings.now_s();
    let uti = URL_SAFE_NO_PAD.encode(organisation.surroundings.bytes::<16>());
    Ok(identity.issue(&resource, uti, now, organisation.options.token_seconds))
}

/// The one resource of a scope that ends in `/.default`. Which one is not looked at: behind a proxy or under another
/// name for the same machine, the address that a client knows is not ours [SDK-WIRE § 1].
fn resource(scope: &str) -> Result<String, Refusal> {
    let invalid = |what: &str| {
        let message = format!(
            "The provided request must include a 'scope' input parameter. The provided value for the input parameter \
             'scope' is not valid. The scope {scope} is not valid: {what}."
        );
        refusal(400, "invalid_scope", 70_011, message)
    };
    let mut parts = scope.split_ascii_whitespace();
    let first = parts.next().ok_or_else(|| invalid("it is empty"))?;
    if parts.next().is_some() {
        return Err(invalid("it names more than one resource"));
    }
    let resource = first.strip_suffix("/.default").ok_or_else(|| invalid("it does not end in /.default"))?;
    if !resource.starts_with("http") {
        return Err(refusal(
            400,
            "invalid_resource",
            500_011,
            format!("The resource principal named {resource} was not found in the tenant."),
        ));
    }
    Ok(resource.trim_end_matches('/').to_owned())
}

/// Client id and secret may come by HTTP Basic instead \[ENTRA\].
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get("authorization")?.to_str().ok()?;
    let encoded = value.strip_prefix("Basic ")?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (client, secret) = text.split_once(':')?;
    Some((client.to_owned(), secret.to_owned()))
}
