//! The provider that says who people are: OpenID Connect, by a code and PKCE. What it publishes is asked for anew each time, so
//! that a new key, and a provider that is back, are good at once.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use dataverse::http_client;
use ledger::PersonRole;
use model::time::Timestamp;
use reqwest::{Client, RequestBuilder, Url};
use ring::digest::{SHA256, digest};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value as Json};

use super::{
    id_token::{self, ExpectedToken, PublishedKey, TokenFault},
    key_text::hex,
};
use crate::{random, settings::ProviderSettings};

/// One answer, whole, comes within this.
const PATIENCE: Duration = Duration::from_secs(5);
const ANSWER_MOST: usize = 1_024 * 1_024;

pub struct Provider {
    settings: ProviderSettings,
    http: Client,
    /// Where it sends people back to.
    callback: String,
}

/// A sign-in that is under way in one browser, which keeps this, sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BegunSignIn {
    pub state: String,
    nonce: String,
    verifier: String,
    /// The page that was asked for.
    pub to: String,
    ends_at: i64,
}

/// Whom it told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldPerson {
    pub name: String,
    /// None: nothing here says that they may see anything.
    pub role: Option<PersonRole>,
}

/// Why a sign-in did not come about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderFault {
    /// It does not answer, or not as providers do.
    #[error("the provider does not answer as it should: {0}")]
    Away(String),
    /// It does not take the code: it was used before, or is too old.
    #[error("the provider does not take its code any more: {0}")]
    Code(String),
    #[error(transparent)]
    Token(#[from] TokenFault),
}

/// What it publishes of itself.
#[derive(Deserialize)]
struct ProviderMetadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

#[derive(Deserialize)]
struct PublishedKeys {
    keys: Vec<PublishedKey>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: String,
    access_token: Option<String>,
}

impl BegunSignIn {
    /// How long a person has for it.
    const LASTS: i64 = 600_000_000;

    #[must_use]
    pub fn new(to: String, now: Timestamp) -> Self {
        let text = || hex(&random::secret_bytes());
        let ends_at = now.plus(Self::LASTS).micros();
        Self { state: text(), nonce: text(), verifier: text(), to, ends_at }
    }

    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.ends_at <= now.micros()
    }
}

impl Provider {
    /// `address`: under which people reach the server.
    ///
    /// # Errors
    /// When the machine's own roots cannot be used.
    pub fn of(settings: ProviderSettings, address: &str) -> Result<Self, dataverse::Error> {
        let http = http_client(settings.issuer.starts_with("https"), None)?;
        Ok(Self { http, callback: format!("{address}/sign-in/callback"), settings })
    }

    /// Whether it calls itself so.
    #[must_use]
    pub fn is(&self, issuer: &str) -> bool {
        issuer.trim_end_matches('/') == self.settings.issuer
    }

    /// Where a browser goes to sign in.
    ///
    /// # Errors
    /// When the provider does not answer.
    pub async fn begin(&self, begun: &BegunSignIn) -> Result<String, ProviderFault> {
        let metadata = self.metadata().await?;
        let mut address = Url::parse(&metadata.authorization_endpoint)
            .map_err(|_| ProviderFault::Away("its address for people is none".to_owned()))?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, begun.verifier.as_bytes()));
        address
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.callback)
            .append_pair("scope", "openid profile email")
            .append_pair("state", &begun.state)
            .append_pair("nonce", &begun.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(address.into())
    }

    /// Who came back with this code.
    ///
    /// # Errors
    /// When the provider does not answer, does not take the code, or says what is not believed.
    pub async fn finish(
        &self,
        begun: &BegunSignIn,
        code: &str,
        now: Timestamp,
    ) -> Result<ToldPerson, ProviderFault> {
        let metadata = self.metadata().await?;
        let told = self.token(&metadata, begun, code).await?;
        let keys: PublishedKeys = answer(self.http.get(&metadata.jwks_uri)).await?;
        let expected = ExpectedToken {
            issuer: &metadata.issuer,
            client_id: &self.settings.client_id,
            nonce: &begun.nonce,
            now,
        };
        let mut claims = id_token::verify(&told.id_token, &keys.keys, expected)?;
        if let (Some(address), Some(token)) = (&metadata.userinfo_endpoint, &told.access_token)
            && within(&claims, &self.settings.roles_claim).is_none()
        {
            // Some providers say what a person is there alone.
            let more: Map<String, Json> = answer(self.http.get(address).bearer_auth(token)).await?;
            if more.get("sub") == claims.get("sub") {
                for (name, value) in more {
                    claims.entry(name).or_insert(value);
                }
            }
        }
        Ok(self.person(&claims))
    }

    async fn metadata(&self) -> Result<ProviderMetadata, ProviderFault> {
        let issuer = &self.settings.issuer;
        let address = format!("{issuer}/.well-known/openid-configuration");
        let metadata: ProviderMetadata = answer(self.http.get(address)).await?;
        if self.is(&metadata.issuer) {
            return Ok(metadata);
        }
        Err(ProviderFault::Away(format!(
            "it calls itself {}, and STUDIO_OIDC_ISSUER {issuer}",
            metadata.issuer
        )))
    }

    async fn token(
        &self,
        metadata: &ProviderMetadata,
        begun: &BegunSignIn,
        code: &str,
    ) -> Result<TokenAnswer, ProviderFault> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.callback),
            ("code_verifier", &begun.verifier),
        ];
        let (client_id, methods) =
            (&self.settings.client_id, &metadata.token_endpoint_auth_methods_supported);
        let takes = |method: &str| methods.iter().any(|supported| supported == method);
        let mut request = self.http.post(&metadata.token_endpoint).timeout(PATIENCE);
        match &self.settings.client_secret {
            None => form.push(("client_id", client_id)),
            Some(secret) if takes("client_secret_post") && !takes("client_secret_basic") => {
                form.extend([("client_id", client_id.as_str()), ("client_secret", secret.expose_secret())]);
            }
            Some(secret) => {
                // Both are escaped as forms are before they become a user and a password (RFC 6749, 2.3.1).
                request = request.basic_auth(escaped(client_id), Some(escaped(secret.expose_secret())));
            }
        }
        let away = |error: reqwest::Error| ProviderFault::Away(error.without_url().to_string());
        let answer = request.form(&form).send().await.map_err(away)?;
        let status = answer.status();
        if status.is_client_error() {
            let said: Json = answer.json().await.unwrap_or_default();
            let error = said["error"].as_str().unwrap_or("no reason given").chars().take(64).collect();
            return Err(ProviderFault::Code(error));
        }
        let answer = answer.error_for_status().map_err(away)?;
        answer.json().await.map_err(away)
    }

    fn person(&self, claims: &Map<String, Json>) -> ToldPerson {
        let text = |name: &str| claims.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
        let is_verified = claims.get("email_verified").is_none_or(|verified| *verified == Json::Bool(true));
        let email = text("email").filter(|_| is_verified);
        let names = [text("sub"), text("oid"), text("preferred_username"), email];
        let is_listed =
            names.into_iter().flatten().any(|name| self.settings.admins.iter().any(|admin| admin == name));
        let told = within(claims, &self.settings.roles_claim);
        let values = match told {
            Some(Json::String(one)) => vec![one.as_str()],
            Some(Json::Array(all)) => all.iter().filter_map(Json::as_str).collect(),
            _ => Vec::new(),
        };
        let role = |value: &str| {
            let mapped = self.settings.role_map.iter().filter(|(of, _)| of == value).map(|(_, role)| *role);
            mapped.chain(PersonRole::of_word(value)).max()
        };
        let role = values.into_iter().filter_map(role).chain(is_listed.then_some(PersonRole::Admin)).max();
        let name = text("preferred_username").or_else(|| text("name")).or(email).or_else(|| text("sub"));
        ToldPerson { name: name.unwrap_or("a person").chars().take(200).collect(), role }
    }
}

/// A member, or one within others where dots part them.
fn within<'a>(claims: &'a Map<String, Json>, path: &str) -> Option<&'a Json> {
    // A provider's own name may have dots itself, as an address has.
    claims.get(path).or_else(|| {
        let (first, rest) = path.split_once('.')?;
        within(claims.get(first)?.as_object()?, rest)
    })
}

fn escaped(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, ProviderFault> {
    let away = |error: reqwest::Error| ProviderFault::Away(error.without_url().to_string());
    let mut answer =
        request.timeout(PATIENCE).send().await.map_err(away)?.error_for_status().map_err(away)?;
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(away)? {
        body.extend_from_slice(&part);
        if body.len() > ANSWER_MOST {
            return Err(ProviderFault::Away("it says more than a provider has to say".to_owned()));
        }
    }
    serde_json::from_slice(&body)
        .map_err(|_| ProviderFault::Away("it does not say what it should".to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(claims: &Json) -> (String, Option<PersonRole>) {
        let settings = ProviderSettings {
            issuer: "http://127.0.0.1:9".into(),
            client_id: "studio".into(),
            client_secret: None,
            roles_claim: "realm.roles".into(),
            role_map: vec![("Leads".into(), PersonRole::Admin), ("Team".into(), PersonRole::Reader)],
            admins: vec!["jana@example.com".into(), "0a".into()],
        };
        let provider = Provider::of(settings, "http://127.0.0.1:3000").unwrap();
        let person = provider.person(claims.as_object().unwrap());
        (person.name, person.role)
    }

    #[test]
    fn roles_come_from_a_claim_or_a_list() {
        let of = |roles: Json| told(&json!({"sub": "x", "realm": {"roles": roles}})).1;
        assert_eq!(of(json!(["other", "reader"])), Some(PersonRole::Reader));
        assert_eq!(of(json!(["Team", "Leads"])), Some(PersonRole::Admin));
        assert_eq!(of(json!("admin")), Some(PersonRole::Admin));
        for none in [json!(["other"]), json!([]), json!(7), json!({"admin": true})] {
            assert_eq!(of(none), None);
        }
        assert_eq!(told(&json!({"sub": "x", "realm.roles": "reader"})).1, Some(PersonRole::Reader));
        assert_eq!(told(&json!({"sub": "0a", "name": "Jana"})), ("Jana".into(), Some(PersonRole::Admin)));
        let mail = |verified: Json| told(&json!({"email": "jana@example.com", "email_verified": verified})).1;
        assert_eq!((mail(json!(true)), mail(json!(false))), (Some(PersonRole::Admin), None));
    }

    #[test]
    fn a_begun_sign_in_is_over_in_time() {
        let now = Timestamp::from_micros(5);
        let begun = BegunSignIn::new("/".into(), now);
        assert!(!begun.is_over(now.plus(599_999_999)) && begun.is_over(now.plus(600_000_000)));
        assert_ne!(begun.state, BegunSignIn::new("/".into(), now).state);
    }
}
