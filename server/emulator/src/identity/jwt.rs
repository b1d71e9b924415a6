//! Tokens: signed, with an end. Clients must take them for opaque, and may look inside all the same.

use std::sync::atomic::Ordering::Relaxed;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::OrganisationIdentity;
use super::application::Application;
use super::signing_key::SigningKeyError;

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JwtError {
    Unreadable,
    Expired,
    Revoked,
}

#[derive(Serialize, Deserialize)]
struct TokenClaims {
    aud: String,
    iss: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    appid: Uuid,
    oid: Uuid,
    tid: Uuid,
    uti: String,
    ver: String,
    /// The emulator's own: which round of revocations it was issued in.
    emulator_generation: u64,
}

impl OrganisationIdentity {
    /// A token for a resource that holds from `now` on for `lifetime` seconds.
    pub(super) fn issue(
        &self,
        application: &Application,
        resource: &str,
        uti: String,
        now: i64,
        lifetime: i64,
    ) -> Result<String, SigningKeyError> {
        let claims = TokenClaims {
            aud: resource.to_owned(),
            iss: format!("https://sts.windows.net/{}/", self.tenant),
            iat: now,
            nbf: now,
            exp: now + lifetime,
            appid: application.client,
            oid: application.object,
            tid: self.tenant,
            uti,
            ver: "1.0".to_owned(),
            emulator_generation: self.generation.load(Relaxed),
        };
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let claims = serde_json::to_vec(&claims).expect("claims are plain");
        let head = json!({ "typ": "JWT", "alg": "ES256", "kid": self.key.id() });
        let signed = format!("{}.{}", encode(head.to_string().as_bytes()), encode(&claims));
        let signature = encode(&self.key.sign(&signed)?);
        Ok(format!("{signed}.{signature}"))
    }

    /// Whose a token is, if it is one of ours and still holds.
    pub(crate) fn verify(&self, token: &str, now: i64) -> Result<Uuid, JwtError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(JwtError::Unreadable)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| JwtError::Unreadable)?;
        if !self.key.signed(signed, &signature) {
            return Err(JwtError::Unreadable);
        }
        let claims = signed.split('.').nth(1).ok_or(JwtError::Unreadable)?;
        let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| JwtError::Unreadable)?;
        let claims: TokenClaims = serde_json::from_slice(&claims).map_err(|_| JwtError::Unreadable)?;
        if now >= claims.exp {
            return Err(JwtError::Expired);
        }
        if claims.emulator_generation < self.generation.load(Relaxed) {
            return Err(JwtError::Revoked);
        }
        Ok(claims.appid)
    }
}
