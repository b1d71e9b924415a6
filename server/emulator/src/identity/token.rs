//! The token endpoint, with Entra's answers and errors \[ENTRA\], as `server/exchanges/tokens.http` records them.

use std::sync::atomic::Ordering::Relaxed;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, Method};
use serde_json::json;

use crate::address::form;
use crate::answer::Answer;
use crate::organisation::Organisation;

use super::application::{Application, SecretCheck};
use super::assertion::{Assertion, KIND};
use super::refusal::{TokenRefusal, TokenResult, refusal};

/// A request for a token.
struct TokenRequest<'a> {
    organisation: &'a Organisation,
    tenant: &'a str,
    fields: Vec<(String, String)>,
    basic: Option<(String, String)>,
}

/// Answers `/<tenant>/oauth2/v2.0/token`.
pub(crate) fn respond(
    organisation: &Organisation,
    tenant: &str,
    method: &Method,
    headers: &HeaderMap,
    body: &[u8],
) -> Answer {
    let fields = form(&String::from_utf8_lossy(body));
    let ask = TokenRequest { organisation, tenant, fields, basic: basic(headers) };
    match ask.grant(method) {
        Ok(token) => {
            organisation.identity.issued.fetch_add(1, Relaxed);
            let lifetime = organisation.options.token_seconds;
            let body = json!({
                "token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token,
            });
            Answer::of_kind("application/json; charset=utf-8", body.to_string())
                .with("cache-control", "no-store, no-cache")
        }
        Err(refusal) => refusal.to_answer(organisation),
    }
}

impl TokenRequest<'_> {
    fn grant(&self, method: &Method) -> TokenResult<String> {
        let identity = &self.organisation.identity;
        if method != Method::POST {
            return Err(TokenRefusal::bad_request(900_561, "The endpoint only accepts POST requests."));
        }
        if !self.tenant.eq_ignore_ascii_case(&identity.tenant.to_string()) {
            return Err(TokenRefusal::unknown_tenant(self.tenant));
        }
        if self.needed("grant_type")? != "client_credentials" {
            let message = "The app requested an unsupported grant type.";
            return Err(refusal(400, "unsupported_grant_type", 70_003, message));
        }
        let application = self.application()?;
        let resource = resource(self.needed("scope")?)?;
        let now = self.organisation.surroundings.now_s();
        let uti = URL_SAFE_NO_PAD.encode(self.organisation.surroundings.bytes::<16>());
        let lifetime = self.organisation.options.token_seconds;
        let token = identity.issue(&application, &resource, uti, now, lifetime);
        token.map_err(|error| refusal(500, "server_error", 90_033, error.to_string()))
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn needed(&self, name: &str) -> TokenResult<&str> {
        self.field(name).ok_or_else(|| TokenRefusal::missing(name))
    }

    /// The application that asks, once it has proved to be it.
    fn application(&self) -> TokenResult<Application> {
        if let Some((client, secret)) = &self.basic {
            return self.by_secret(client, secret);
        }
        if let Some(text) = self.field("client_assertion") {
            return self.by_assertion(text);
        }
        let client = self.needed("client_id")?;
        if let Some(secret) = self.field("client_secret") {
            return self.by_secret(client, secret);
        }
        // An unknown application is told that first.
        self.known(client)?;
        let message =
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        Err(TokenRefusal::client(7_000_218, message))
    }

    fn known(&self, client: &str) -> TokenResult<Application> {
        let identity = &self.organisation.identity;
        let found = client.parse().ok().and_then(|client| identity.application(client));
        found.ok_or_else(|| TokenRefusal::unknown_application(client, identity.tenant))
    }

    fn by_secret(&self, client: &str, secret: &str) -> TokenResult<Application> {
        let application = self.known(client)?;
        match application.knows(secret, self.organisation.surroundings.now_s()) {
            SecretCheck::Yes => Ok(application),
            SecretCheck::Expired => {
                let message = format!(
                    "The provided client secret keys for app '{client}' are expired. Visit the Azure portal to create new \
                     keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for \
                     added security: https://aka.ms/certCreds."
                );
                Err(TokenRefusal::client(7_000_222, message))
            }
            SecretCheck::No => {
                let message = format!(
                    "Invalid client secret provided. Ensure the secret being sent in the request is the client secret \
                     value, not the client secret ID, for a secret added to app '{client}'."
                );
                Err(TokenRefusal::client(7_000_215, message))
            }
        }
    }

    fn by_assertion(&self, text: &str) -> TokenResult<Application> {
        if self.needed("client_assertion_type")? != KIND {
            let message = format!("The 'client_assertion_type' has to be '{KIND}'.");
            return Err(TokenRefusal::bad_request(900_144, message));
        }
        let assertion = Assertion::parse(text)?;
        // The client id may be left to the assertion.
        let application = self.known(self.field("client_id").unwrap_or_else(|| assertion.client()))?;
        let tenant = self.organisation.identity.tenant;
        let path = format!("{tenant}/oauth2/v2.0/token");
        assertion.check(&application, tenant, &path, self.organisation.surroundings.now_s())?;
        Ok(application)
    }
}

/// The one resource of a scope that ends in `/.default`. Which one is not looked at: behind a proxy or under another
/// name for the same machine, the address that a client knows is not ours.
fn resource(scope: &str) -> TokenResult<String> {
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
    let (_, encoded) = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (client, secret) = text.split_once(':')?;
    Some((client.to_owned(), secret.to_owned()))
}
