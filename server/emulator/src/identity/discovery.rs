//! What Microsoft's identity libraries read before they ask for a token: where the endpoints of the tenant are.

use http::Method;
use serde_json::json;

use crate::answer::Answer;
use crate::fault::Fault;
use crate::organisation::Organisation;

use super::refusal::TokenRefusal;

/// Answers `/<tenant>/v2.0/.well-known/openid-configuration`. `origin` is how the request came: `https://127.0.0.1:1`.
pub(crate) fn discover(organisation: &Organisation, tenant: &str, method: &Method, origin: &str) -> Answer {
    let identity = &organisation.identity;
    if !tenant.eq_ignore_ascii_case(&identity.tenant.to_string()) {
        return TokenRefusal::unknown_tenant(tenant).to_answer(organisation);
    }
    if method != Method::GET {
        return Fault::not_allowed(method).into();
    }
    let root = format!("{origin}/{tenant}");
    let body = json!({
        "token_endpoint": format!("{root}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        // No person signs in here: no page is behind this address, which the libraries want all the same.
        "authorization_endpoint": format!("{root}/oauth2/v2.0/authorize"),
        "issuer": format!("https://login.microsoftonline.com/{tenant}/v2.0"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code"],
        "scopes_supported": ["openid"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "tenant_region_scope": null,
        "cloud_instance_name": "microsoftonline.com",
    });
    Answer::of_kind("application/json; charset=utf-8", body.to_string())
}
