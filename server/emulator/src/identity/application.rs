//! Applications of the tenant: who may ask for tokens, and with what it proves to be itself.
//!
//! They belong to the directory, not to the organisation: a snapshot or a reset does not touch them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::store::sql;
use crate::surroundings::Surroundings;
use crate::value::Cell;

use super::certificate::PublicCertificate;

/// One application.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Application {
    pub(crate) client: Uuid,
    /// Its object in the directory; the token's `oid`.
    pub(crate) object: Uuid,
    pub(crate) name: String,
    pub(crate) credentials: Vec<RegisteredCredential>,
}

/// A secret or a certificate. Several hold at once, so that one can follow the other.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RegisteredCredential {
    pub(crate) id: Uuid,
    pub(crate) proof: ClientProof,
    /// In seconds since 1970; `None` for ever.
    pub(crate) expires: Option<i64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum ClientProof {
    /// What a secret's SHA-256 is, in base64, and how the secret begins, for people to tell it by.
    Secret {
        hash: String,
        hint: String,
    },
    Certificate(PublicCertificate),
}

/// Whether a secret is an application's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SecretCheck {
    Yes,
    Expired,
    No,
}

impl RegisteredCredential {
    pub(crate) fn secret(id: Uuid, secret: &str, expires: Option<i64>) -> Self {
        let hint = secret.chars().take(3).collect();
        Self { id, proof: ClientProof::Secret { hash: hash(secret), hint }, expires }
    }

    pub(super) fn is_expired(&self, now: i64) -> bool {
        self.expires.is_some_and(|expires| now >= expires)
    }
}

impl Application {
    pub(super) fn knows(&self, secret: &str, now: i64) -> SecretCheck {
        let given = hash(secret);
        let mut known = SecretCheck::No;
        for credential in &self.credentials {
            let ClientProof::Secret { hash, .. } = &credential.proof else { continue };
            if bool::from(given.as_bytes().ct_eq(hash.as_bytes())) {
                if !credential.is_expired(now) {
                    return SecretCheck::Yes;
                }
                known = SecretCheck::Expired;
            }
        }
        known
    }

    /// The certificate that a JWT's `x5t` or `x5t#S256` means.
    pub(super) fn certificate(
        &self,
        thumbprint: &str,
    ) -> Option<(&RegisteredCredential, &PublicCertificate)> {
        self.credentials.iter().find_map(|credential| match &credential.proof {
            ClientProof::Certificate(certificate) if certificate.is(thumbprint) => {
                Some((credential, certificate))
            }
            _ => None,
        })
    }

    pub(super) async fn keep(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let body = serde_json::to_string(self).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
        let cells = vec![Cell::Id(self.client), Cell::Text(body)];
        sql("INSERT OR REPLACE INTO applications VALUES (?, ?)".to_owned(), cells)
            .execute(connection)
            .await
            .map(drop)
    }
}

/// All that were registered beside the organisation's own.
pub(super) async fn load(connection: &mut SqliteConnection) -> Result<Vec<Application>, sqlx::Error> {
    let rows = sqlx::query("SELECT body FROM applications").fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let body: String = row.try_get(0)?;
            serde_json::from_str(&body).map_err(|error| sqlx::Error::Decode(Box::new(error)))
        })
        .collect()
}

pub(super) async fn forget(connection: &mut SqliteConnection, client: Uuid) -> Result<(), sqlx::Error> {
    let text = "DELETE FROM applications WHERE client = ?".to_owned();
    sql(text, vec![Cell::Id(client)]).execute(connection).await.map(drop)
}

fn hash(secret: &str) -> String {
    STANDARD.encode(Sha256::digest(secret.as_bytes()))
}

/// A secret like those that Entra makes up.
pub(super) fn new_secret(surroundings: &Surroundings) -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(surroundings.bytes::<30>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_secrets_hold_at_once() {
        let credentials = vec![
            RegisteredCredential::secret(Uuid::from_u128(1), "old", Some(100)),
            RegisteredCredential::secret(Uuid::from_u128(2), "new", None),
        ];
        let (client, object) = (Uuid::from_u128(3), Uuid::from_u128(4));
        let application = Application { client, object, name: "a".to_owned(), credentials };
        let at = |now| ["old", "new", "other"].map(|secret| application.knows(secret, now));
        assert_eq!(at(99), [SecretCheck::Yes, SecretCheck::Yes, SecretCheck::No]);
        assert_eq!(at(100), [SecretCheck::Expired, SecretCheck::Yes, SecretCheck::No]);
    }
}
