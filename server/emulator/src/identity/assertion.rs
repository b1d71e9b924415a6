//! A client's proof by certificate: a JWT about itself, signed with the certificate's key
//! \[entra/identity-platform/certificate-credentials\].

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use uuid::Uuid;

use super::application::Application;
use super::refusal::{TokenRefusal, TokenResult, time};

/// The one kind of assertion that there is.
pub(super) const KIND: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Seconds by which the clocks of client and server may differ.
const SKEW: i64 = 300;
const REVIEW: &str = "Review the documentation at \
                      https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials .";

/// An assertion that was read; nothing in it is believed yet.
pub(super) struct Assertion<'a> {
    signed: &'a str,
    signature: Vec<u8>,
    header: Header,
    claims: AssertionClaims,
}

#[derive(Deserialize)]
struct Header {
    #[serde(default)]
    alg: String,
    x5t: Option<String>,
    #[serde(rename = "x5t#S256")]
    x5t_s256: Option<String>,
}

#[derive(Deserialize)]
struct AssertionClaims {
    #[serde(default)]
    aud: String,
    #[serde(default)]
    iss: String,
    #[serde(default)]
    sub: String,
    exp: Option<Seconds>,
    nbf: Option<Seconds>,
}

/// Seconds since 1970, perhaps with a fraction: Microsoft's Python library writes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seconds(i64);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        #[expect(clippy::cast_possible_truncation, reason = "a cast from float ends at the type's bounds")]
        Ok(Self(seconds as i64))
    }
}

impl<'a> Assertion<'a> {
    pub(super) fn parse(text: &'a str) -> TokenResult<Self> {
        let malformed = || TokenRefusal::client(50_027, "JWT token is invalid or malformed.");
        let (signed, signature) = text.rsplit_once('.').ok_or_else(malformed)?;
        let (header, claims) = signed.split_once('.').ok_or_else(malformed)?;
        Ok(Self {
            signature: URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed())?,
            header: part(header).ok_or_else(malformed)?,
            claims: part(claims).ok_or_else(malformed)?,
            signed,
        })
    }

    /// Whose proof it is said to be.
    pub(super) fn client(&self) -> &str {
        &self.claims.sub
    }

    /// Whether it proves that its sender is this application. `path` is the token endpoint's.
    pub(super) fn check(
        &self,
        application: &Application,
        tenant: Uuid,
        path: &str,
        now: i64,
    ) -> TokenResult<()> {
        let client = application.client.to_string();
        let is = |text: &str| text.eq_ignore_ascii_case(&client);
        if !is(&self.claims.iss) || !is(&self.claims.sub) {
            let message = format!(
                "Client assertion application identifier doesn't match 'client_id' parameter. {REVIEW}"
            );
            return Err(TokenRefusal::client(700_021, message));
        }
        if !self.is_for(tenant, path) {
            let message = format!("Client assertion audience claim does not match Realm issuer. {REVIEW}");
            return Err(TokenRefusal::client(700_023, message));
        }
        self.signature(application, now)?;
        self.validity(now)
    }

    /// The audience is the token endpoint, or Entra's name for the tenant's issuer. The origin is not looked at: behind
    /// a proxy or under another name for this machine it is another.
    fn is_for(&self, tenant: Uuid, path: &str) -> bool {
        let (_, rest) = self.claims.aud.split_once("://").unwrap_or_default();
        let (_, found) = rest.split_once('/').unwrap_or_default();
        let found = found.trim_end_matches('/').to_ascii_lowercase();
        found == path.trim_matches('/').to_ascii_lowercase() || found == format!("{tenant}/v2.0")
    }

    fn signature(&self, application: &Application, now: i64) -> TokenResult<()> {
        let thumbprint = self.header.x5t_s256.as_deref().or(self.header.x5t.as_deref());
        let Some(thumbprint) = thumbprint else {
            let message = "Invalid JWT token. No certificate SHA-1 thumbprint, certificate SHA-256 thumbprint, nor keyId \
                           specified in token header.";
            return Err(TokenRefusal::client(5_002_723, message));
        };
        let refused = |what: &str, reason: &str| {
            let message = format!(
                "{what} [Reason - {reason}, Thumbprint of key used by client: '{thumbprint}', Please visit the Azure \
                 Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id '{}'. {REVIEW}]",
                application.client
            );
            TokenRefusal::client(700_027, message)
        };
        let Some((credential, certificate)) = application.certificate(thumbprint) else {
            let what = "The certificate with identifier used to sign the client assertion is not registered on \
                        application.";
            return Err(refused(what, "The key was not found."));
        };
        let what = "Client assertion contains an invalid signature.";
        if credential.is_expired(now) {
            return Err(refused(what, "The key used is expired."));
        }
        if !certificate.signed(&self.header.alg, self.signed.as_bytes(), &self.signature) {
            return Err(refused(what, "The signature does not match, or is neither RS256 nor PS256."));
        }
        Ok(())
    }

    fn validity(&self, now: i64) -> TokenResult<()> {
        let (from, until) = (self.claims.nbf.map(|Seconds(at)| at), self.claims.exp.map(|Seconds(at)| at));
        if until.is_some_and(|until| now < until.saturating_add(SKEW))
            && from.is_none_or(|from| from.saturating_sub(SKEW) <= now)
        {
            return Ok(());
        }
        let valid_from = from.map_or_else(|| "(none)".to_owned(), time);
        let until = until.map_or_else(|| "(none)".to_owned(), time);
        let message = format!(
            "Client assertion is not within its valid time range. Current time: {}, assertion valid from {valid_from}, \
             expiry time of assertion {until}. {REVIEW}",
            time(now)
        );
        Err(TokenRefusal::client(700_024, message))
    }
}

fn part<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in any::<String>(), header in "\\PC*", claims in "\\PC*") {
            let _ = Assertion::parse(&text);
            let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
            let _ = Assertion::parse(&format!("{}.{}.", encode(&header), encode(&claims)));
        }
    }
}
