//! Signing in with a certificate: a short-lived statement, signed with the private key, instead of a secret
//! [entra/identity-platform/certificate-credentials].

mod validity;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::digest;
use ring::rand::SystemRandom;
use ring::signature::{self, RsaKeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use uuid::Uuid;

use crate::error::Error;

/// How long a statement holds: long enough for clocks that differ, short enough to be worthless soon.
const HOLDS: Duration = Duration::from_secs(600);
/// How far a server's clock may be behind ours.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);

/// A certificate and its private key, read from PEM.
#[derive(Clone)]
pub struct Certificate {
    key: Arc<RsaKeyPair>,
    /// The last second in which it holds.
    ends: Timestamp,
    /// SHA-256 over the certificate, by which the directory finds it among those registered.
    thumbprint: String,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").field("thumbprint", &self.thumbprint).finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads a PEM text that holds the certificate and its RSA private key, in either order, as Azure's own tools
    /// write it.
    ///
    /// # Errors
    /// [`Error::Misuse`] says what is missing or cannot be used.
    pub fn from_pem(pem: &[u8]) -> Result<Self, Error> {
        let misuse = |what: &str| Error::Misuse(format!("the client certificate's file {what}"));
        let certificate = CertificateDer::from_pem_slice(pem)
            .map_err(|_| misuse("holds no certificate (-----BEGIN CERTIFICATE-----)"))?;
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| {
            misuse("holds no private key (-----BEGIN PRIVATE KEY-----) that is not encrypted")
        })?;
        let key = match &key {
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            _ => return Err(misuse("holds a key that is not RSA, the only kind that Entra takes")),
        };
        let key =
            key.map_err(|_| misuse("holds a private key that cannot be used; 2,048 bits of RSA can"))?;
        let ends =
            validity::end(&certificate).ok_or_else(|| misuse("holds a certificate that cannot be read"))?;
        let thumbprint = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &certificate));
        Ok(Self { key: Arc::new(key), ends, thumbprint })
    }

    /// The last second in which it holds.
    #[must_use]
    pub const fn ends(&self) -> Timestamp {
        self.ends
    }

    /// A statement for this audience that the holder of the key is this application.
    pub(crate) fn assertion(
        &self,
        audience: &str,
        client_id: &str,
        id: Uuid,
        now: SystemTime,
    ) -> Result<String, Error> {
        let seconds =
            |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint });
        let claims = json!({
            "aud": audience, "iss": client_id, "sub": client_id, "jti": id,
            "nbf": seconds(now - CLOCKS_DIFFER), "iat": seconds(now), "exp": seconds(now + HOLDS),
        });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let said = format!("{}.{}", part(&header), part(&claims));
        let mut signed = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&signature::RSA_PSS_SHA256, &SystemRandom::new(), said.as_bytes(), &mut signed)
            .map_err(|_| Error::Misuse("the client certificate's key cannot sign".to_owned()))?;
        Ok(format!("{said}.{}", URL_SAFE_NO_PAD.encode(signed)))
    }
}

#[cfg(test)]
mod tests;
