//! What an application proves itself by: a secret, or a certificate whose private key never leaves this process.

mod certificate;

use secrecy::SecretString;

pub use certificate::Certificate;

/// How the application signs in.
///
/// `Debug` prints neither a secret nor a key.
///
/// ```
/// use dataverse::Credential;
/// let credential = Credential::from("hunter2");
/// assert!(!format!("{credential:?}").contains("hunter2"));
/// ```
#[derive(Clone, Debug)]
pub enum Credential {
    /// A client secret of the app registration.
    Secret(SecretString),
    /// A certificate whose public half is registered with the application.
    Certificate(Certificate),
}

impl Credential {
    /// The last second in which it holds, where it says so itself: a certificate does.
    #[must_use]
    pub const fn ends(&self) -> Option<jiff::Timestamp> {
        match self {
            Self::Secret(_) => None,
            Self::Certificate(certificate) => Some(certificate.ends()),
        }
    }
}

impl From<SecretString> for Credential {
    fn from(secret: SecretString) -> Self {
        Self::Secret(secret)
    }
}

impl From<&str> for Credential {
    fn from(secret: &str) -> Self {
        Self::Secret(secret.into())
    }
}

impl From<Certificate> for Credential {
    fn from(certificate: Certificate) -> Self {
        Self::Certificate(certificate)
    }
}
