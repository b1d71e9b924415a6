//! Asking Entra ID for a token: OAuth2's client credentials grant, with a secret or a certificate.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::{HeaderValue, StatusCode};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;

use crate::credential::Credential;
use crate::error::{CredentialFault, Error};
use crate::runtime::{Runtime, new_id};
use crate::settings::Settings;

/// A token request is small; one that takes longer is not going to be answered.
const DEADLINE: Duration = Duration::from_secs(30);
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(super) struct Endpoint {
    http: reqwest::Client,
    url: String,
    scope: String,
    client_id: String,
    credential: RwLock<Credential>,
    runtime: Arc<dyn Runtime>,
}

/// A token, and how long its issuer says it holds.
pub(super) struct Issued {
    pub(super) header: HeaderValue,
    pub(super) lifetime: Duration,
}

#[derive(Deserialize)]
struct TokenGrant {
    access_token: String,
    /// A number in v2, was a string in v1.
    expires_in: Value,
}

#[derive(Default, Deserialize)]
struct TokenRefused {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
    #[serde(default)]
    error_codes: Vec<u32>,
}

impl Endpoint {
    pub(super) fn new(settings: &Settings, http: reqwest::Client, runtime: Arc<dyn Runtime>) -> Self {
        Self {
            http,
            url: settings.token_url.clone(),
            scope: settings.scope(),
            client_id: settings.client_id.clone(),
            credential: RwLock::new(settings.credential.clone()),
            runtime,
        }
    }

    pub(super) fn rotate(&self, credential: Credential) {
        *self.credential.write().unwrap_or_else(PoisonError::into_inner) = credential;
    }

    pub(super) async fn fetch(&self) -> Result<Issued, Error> {
        let mut form = vec![
            ("grant_type", "client_credentials".to_owned()),
            ("client_id", self.client_id.clone()),
            ("scope", self.scope.clone()),
        ];
        form.extend(self.proof()?);
        let request = self.http.post(&self.url).header("accept", "application/json").form(&form);
        let exchange = async {
            let response = request.send().await?;
            let (status, headers) = (response.status(), response.headers().clone());
            Ok::<_, reqwest::Error>((status, headers, response.bytes().await?))
        };
        let (status, headers, body) = match tokio::time::timeout(DEADLINE, exchange).await {
            Err(_) => return Err(Error::TimedOut { after: DEADLINE }),
            Ok(Err(error)) => return Err(crate::error::from_transport(&error)),
            Ok(Ok(answer)) => answer,
        };
        if status.is_success() {
            return granted(&body);
        }
        Err(refused(status, &body)
            .unwrap_or_else(|| crate::error::from_response(status, &headers, &body, self.runtime.wall())))
    }
}

impl Endpoint {
    /// What the application proves itself by, as fields of the form.
    fn proof(&self) -> Result<Vec<(&'static str, String)>, Error> {
        let credential = self.credential.read().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(match credential {
            Credential::Secret(secret) => vec![("client_secret", secret.expose_secret().to_owned())],
            Credential::Certificate(certificate) => {
                let id = new_id(self.runtime.as_ref());
                let now = self.runtime.wall();
                let assertion = certificate.assertion(&self.url, &self.client_id, id, now)?;
                vec![("client_assertion_type", ASSERTION_TYPE.to_owned()), ("client_assertion", assertion)]
            }
        })
    }
}

fn granted(body: &[u8]) -> Result<Issued, Error> {
    // The body holds the token: nothing of it may go into the error.
    let malformed = || Error::Malformed("the identity provider's answer holds no token".to_owned());
    let granted: TokenGrant = serde_json::from_slice(body).map_err(|_| malformed())?;
    let seconds = match &granted.expires_in {
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    };
    let lifetime = seconds.and_then(|s| Duration::try_from_secs_f64(s).ok()).ok_or_else(malformed)?;
    let mut header =
        HeaderValue::try_from(format!("Bearer {}", granted.access_token)).map_err(|_| malformed())?;
    header.set_sensitive(true);
    Ok(Issued { header, lifetime })
}

/// A refusal for good, which asking again does not mend; `None` for everything else.
fn refused(status: StatusCode, body: &[u8]) -> Option<Error> {
    if !matches!(status.as_u16(), 400 | 401 | 403) {
        return None;
    }
    let refused: TokenRefused = serde_json::from_slice(body).unwrap_or_default();
    let aadsts = refused.error_codes.first().copied();
    let code = if refused.error.is_empty() { format!("http_{}", status.as_u16()) } else { refused.error };
    let fault = CredentialFault::of(aadsts);
    let sentence = fault.advice(&code).map_or_else(|| first_line(&refused.error_description), str::to_owned);
    Some(Error::Credentials { fault, code, aadsts, sentence })
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    if line.is_empty() { "no reason given".to_owned() } else { line.chars().take(300).collect() }
}
