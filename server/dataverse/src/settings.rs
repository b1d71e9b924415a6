//! What a client has to be told: the organisation, the credentials, and how patient to be.

use std::time::Duration;

use crate::credential::Credential;

/// How to reach one organisation as one application.
///
/// `Debug` prints everything but the secret.
///
/// ```
/// use dataverse::Settings;
/// let token_url = "https://login.microsoftonline.com/contoso/oauth2/v2.0/token";
/// let settings = Settings::new("https://contoso.crm.dynamics.com", token_url, "app", "hunter2");
/// assert_eq!(settings.tries, 5);
/// ```
#[derive(Clone, Debug)]
pub struct Settings {
    /// The organisation's address, such as `https://contoso.crm.dynamics.com`; a `/` at its end does no harm.
    pub organisation: String,
    /// The whole address of the token endpoint, `https://login.microsoftonline.com/<tenant>/oauth2/v2.0/token`.
    pub token_url: String,
    /// The application's id in the directory.
    pub client_id: String,
    /// What the application proves itself by.
    pub credential: Credential,
    /// Certificates (PEM) to trust beside the machine's own, for an emulator with its own authority.
    pub extra_roots: Option<Vec<u8>>,
    /// How long one attempt at reading or writing rows may take.
    pub deadline: Duration,
    /// How long one attempt at changing metadata may take: the server waits 30 s for its own lock.
    pub metadata_deadline: Duration,
    /// How many times a call is sent in all before its error is handed over.
    pub tries: u32,
    /// The longest that one call may spend on waiting between tries. A longer `Retry-After` is handed over as
    /// [`Error::Throttled`](crate::Error::Throttled), since a caller can do better than sit on it.
    pub patience: Duration,
}

impl Settings {
    /// Settings with the usual deadlines and patience.
    pub fn new(
        organisation: impl Into<String>,
        token_url: impl Into<String>,
        client_id: impl Into<String>,
        credential: impl Into<Credential>,
    ) -> Self {
        Self {
            organisation: organisation.into(),
            token_url: token_url.into(),
            client_id: client_id.into(),
            credential: credential.into(),
            extra_roots: None,
            deadline: Duration::from_secs(60),
            metadata_deadline: Duration::from_secs(180),
            tries: 5,
            patience: Duration::from_secs(30),
        }
    }

    /// The scope that a token is asked for: one resource, without a `/` at its end \[ENTRA\].
    pub(crate) fn scope(&self) -> String {
        format!("{}/.default", self.organisation.trim_end_matches('/'))
    }

    /// Everything that the Web API answers to begins with this; it ends with a `/`.
    pub(crate) fn base(&self) -> String {
        format!("{}/api/data/v9.2/", self.organisation.trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_prints_the_secret() {
        let settings = Settings::new("https://o.example/", "https://t.example/token", "app", "hunter2");
        assert!(!format!("{settings:?}").contains("hunter2"));
        assert_eq!(settings.scope(), "https://o.example/.default");
        assert_eq!(settings.base(), "https://o.example/api/data/v9.2/");
    }
}
