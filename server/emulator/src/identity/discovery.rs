//! What identity libraries read before they ask for a token: where the endpoints of the tenant are, and the keys that its
//! tokens are signed with.

use http::Method;
use serde_json::json;

use crate::answer::Answer;
use crate::fault::Fault;
use crate::organisation::Organisation;

use super::refusal::TokenRefusal;

/// Answers `/<tenant>/v2.0/.well-known/openid-configuration`. `origin` is how the request came: `https://127.0.0.1:1`.
pub(crate) fn discover(organisation: &Organisation, tenant: &str, method: &Method, origin: &str) -> Answer {
    if let Some(refused) = refused(organisation, tenant, method) {
        return refused;
    }
    let root = format!("{origin}/{tenant}");
    let body = json!({
        "token_endpoint": format!("{root}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        // No person signs in here: no page is behind this address, which the libraries want all the same.
        "authorization_endpoint": format!("{root}/oauth2/v2.0/authorize"),
        "jwks_uri": format!("{root}/discovery/v2.0/keys"),
        "issuer": format!("https://login.microsoftonline.com/{tenant}/v2.0"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code"],
        "scopes_supported": ["openid"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "tenant_region_scope": null,
        "cloud_instance_name": "microsoftonline.com",
    });
    Answer::of_kind("application/json; charset=utf-8", body.to_string())
}

/// Answers `/<tenant>/discovery/v2.0/keys`: a JSON Web Key Set.
pub(crate) fn keys(organisation: &Organisation, tenant: &str, method: &Method) -> Answer {
    refused(organisation, tenant, method).unwrap_or_else(|| {
        let body = json!({ "keys": [organisation.identity.key.to_jwk()] });
        Answer::of_kind("application/json; charset=utf-8", body.to_string())
    })
}

fn refused(organisation: &Organisation, tenant: &str, method: &Method) -> Option<Answer> {
    if !tenant.eq_ignore_ascii_case(&organisation.identity.tenant.to_string()) {
        return Some(TokenRefusal::unknown_tenant(tenant).to_answer(organisation));
    }
    (method != Method::GET).then(|| Fault::not_allowed(method).into())
}
